"""A rebuild on a terminal: articles, passages a second, time left."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as RichProgress

from kb_service.indexing.requests import Progress


class ReindexBar:
    """A progress bar as a context manager; shows nothing when disabled or not on a terminal."""

    def __init__(self, is_enabled: bool) -> None:
        self._bar = RichProgress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}"),
            TextColumn("{task.fields[left]}"), disable=not is_enabled,
        )  # fmt: skip
        self._task = self._bar.add_task("Waiting for the writer", total=None, speed="", left="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, progress: Progress) -> None:
        """Draw the newest state."""
        left = "" if progress.seconds_left is None else f"{progress.seconds_left:.0f} s left"
        self._bar.update(
            self._task,
            description=f"Generation {progress.generation}" if progress.generation else "Waiting for the writer",
            total=progress.total or None,
            completed=progress.done,
            speed=f"{progress.passages_per_second:.0f} passages/s {progress.error[:80]}".strip(),
            left=left,
        )
