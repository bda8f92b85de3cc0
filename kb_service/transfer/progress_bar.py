"""Import, export and indexing on a terminal: a bar with rate and time left; plain lines where there is none."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

LINE_SECONDS = 5.0


class Bars:
    """A progress callback as a context manager, one bar for each stage."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._is_terminal = console.is_terminal
        self._bar = RichProgress(
            TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(), console=console, disable=not self._is_terminal,
        )  # fmt: skip
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        self._said = 0.0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage is."""
        seconds = time.monotonic() - self._started.setdefault(stage, time.monotonic())
        rate = f"{done / seconds:.0f}/s" if seconds > 0.5 else ""
        if self._is_terminal:
            self._draw(stage, done, total, rate)
        elif done == total or time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            left = f", {seconds / done * (total - done):.0f} s left" if done and total > done and seconds > 1 else ""
            sys.stderr.write(f"{stage}: {done} of {total or '?'} {rate}{left}\n")
            sys.stderr.flush()

    def _draw(self, stage: str, done: int, total: int, rate: str) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage.capitalize(), total=total or None, rate="")
        self._bar.update(self._tasks[stage], completed=done, total=total or None, rate=rate)
