"""What people and programs read of a measurement: tables, JSON, TREC runs, progress bars."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from eval.asking import Answered
from eval.scoring import COUNTS, MEASURES

RUN_TAG = "kb-service"
AT_LEAST, AT_MOST = "≥", "≤"
Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class GoalRow:
    """A figure with what it should be: ``bound`` is ≥ or ≤, empty where there is no goal."""

    name: str
    value: float
    definition: str
    bound: str = ""
    goal: float = 0.0

    @property
    def is_met(self) -> bool:
        """True where there is no goal."""
        return not self.bound or (self.value >= self.goal if self.bound == AT_LEAST else self.value <= self.goal)

    @property
    def goal_text(self) -> str:
        """As in ``≥ 0.72``, with "(missed)" where it is."""
        return f"{self.bound} {self.goal:g}{'' if self.is_met else ' (missed)'}" if self.bound else ""

    def to_dict(self) -> dict[str, Any]:
        """For reports."""
        return {"figure": self.name, "value": self.value, "goal": self.goal_text, "definition": self.definition}


@contextmanager
def bars() -> Iterator[Progress]:
    """Progress bars on standard error, so that standard output stays clean."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        yield progress


def stepper(progress: Progress, what: str, total: int) -> Step:
    """A new bar; each call moves it by one."""
    task = progress.add_task(what, total=total)
    return lambda: progress.advance(task)


def stages(progress: Progress) -> Callable[[str, int, int], None]:
    """A bar for each named stage, moved to where it is."""
    tasks: dict[str, Any] = {}

    def report(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = progress.add_task(what, total=total or None)
        progress.update(tasks[what], completed=done, total=total or None)

    return report


def console() -> Console:
    """Standard output; wide where it is no terminal, so that tables are not cut."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def scores_table(title: str, groups: Mapping[str, Mapping[str, float]]) -> Table:
    """One row a group: measures with four digits, counts as whole numbers."""
    table = Table(title=title, title_justify="left")
    table.add_column("type")
    for name in ("queries", *MEASURES, *COUNTS):
        table.add_column(name, justify="right")
    for group, figures in groups.items():
        cells = [f"{figures[name]:.4f}" for name in MEASURES]
        table.add_row(group, str(int(figures["queries"])), *cells, *(str(int(figures[name])) for name in COUNTS))
    return table


def ratios_table(title: str, groups: Mapping[str, Mapping[str, float]]) -> Table:
    """One row a group: ours divided by the yardstick's."""
    table = Table(title=title, title_justify="left")
    table.add_column("type")
    for name in MEASURES:
        table.add_column(name, justify="right")
    for group, figures in groups.items():
        table.add_row(group, *(f"{figures[name]:.3f}" for name in MEASURES))
    return table


def intervals_table(groups: Mapping[str, Mapping[str, Sequence[float]]]) -> Table:
    """One row a group: the 95 % bootstrap interval of each measure."""
    table = Table(title="95 % intervals (bootstrap over questions)", title_justify="left")
    table.add_column("type")
    for name in MEASURES:
        table.add_column(name, justify="right")
    for group, figures in groups.items():
        table.add_row(group, *(f"{figures[name][0]:.3f} to {figures[name][1]:.3f}" for name in MEASURES))
    return table


def paired_table(groups: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Table:
    """One row a group and measure: ours minus the yardstick's, its interval, and whether that may be claimed."""
    table = Table(title="ours − yardstick, question by question (randomisation test)", title_justify="left")
    for name in ("type", "measure", "difference", "95 %", "p", "verdict"):
        table.add_column(name, justify="left" if name in ("type", "measure", "verdict") else "right")
    for group, figures in groups.items():
        for measure, one in figures.items():
            between = f"{one['low']:+.4f} to {one['high']:+.4f}"
            table.add_row(group, measure, f"{one['difference']:+.4f}", between, f"{one['p']:.4f}", one["verdict"])
    return table


def goals_table(title: str, rows: Sequence[GoalRow]) -> Table:
    """Name, value, goal (missed ones say so) and definition, one row each."""
    table = Table(title=title, title_justify="left")
    for name in ("figure", "value", "goal", "definition"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(row.name, f"{row.value:.4f}".rstrip("0").rstrip("."), row.goal_text, row.definition)
    return table


def figures_table(title: str, rows: Sequence[tuple[str, str, str]]) -> Table:
    """Name, value and definition, one row each."""
    table = Table(title=title, title_justify="left")
    for name in ("figure", "value", "definition"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def write_json(path: Path | None, report: Mapping[str, Any]) -> None:
    """The report as JSON with the day it was measured; None: nowhere."""
    if path is not None:
        report = {**report, "measured_on": datetime.now(UTC).date().isoformat()}
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_run(path: Path | None, answered: Iterable[Answered]) -> None:
    """TREC lines ``query Q0 document rank score tag``; scores are made to fall strictly, so that every reader sees our order."""
    if path is None:
        return
    with path.open("w", encoding="utf-8") as stream:
        for one in answered:
            stream.writelines(run_lines(one))


def run_lines(one: Answered) -> Iterator[str]:
    """One query's lines. Readers break ties by name: a tie would change what we returned."""
    previous = float("inf")
    for rank, (document, score) in enumerate(zip(one.ranking, one.scores, strict=True), 1):
        previous = min(round(score, 6), round(previous - 1e-6, 6))
        yield f"{one.query.id} Q0 {document} {rank} {previous:.6f} {RUN_TAG}\n"
