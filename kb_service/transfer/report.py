"""What an import did, and the file of rows that it left out."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from kb_service.articles.inputs import Outcome
from kb_service.transfer.rows import Rejection

MAX_KEPT = 1000


@dataclass
class ImportReport:
    """Counts, additions to the catalogue, and what was left out (the first thousand here, all of them in the file)."""

    source: str
    total: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    rejections: list[Rejection] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    resumed_at: int = 0
    """The last line that an interrupted run had finished; 0: from the beginning."""
    seconds: float = 0.0
    rejected_file: Path | None = None

    @property
    def created(self) -> int:
        """New articles."""
        return self.outcomes[Outcome.CREATED]

    @property
    def updated(self) -> int:
        """Articles whose source had changed."""
        return self.outcomes[Outcome.UPDATED]

    @property
    def unchanged(self) -> int:
        """Articles as they were."""
        return self.outcomes[Outcome.UNCHANGED]

    @property
    def rejected(self) -> int:
        """Rows left out."""
        return self.outcomes["rejected"]

    @property
    def finished(self) -> int:
        """Rows dealt with so far."""
        return self.outcomes.total()

    def to_state(self) -> dict[str, Any]:
        """What an interrupted run hands to the next one."""
        return {"outcomes": dict(self.outcomes), "added": self.added, "notes": dict(self.notes)}

    def take_state(self, state: dict[str, Any], line: int) -> None:
        """Go on from an interrupted run."""
        self.outcomes, self.notes = Counter(state["outcomes"]), Counter(state["notes"])
        self.added, self.resumed_at = list(state["added"]), line


class RejectedFile:
    """JSON Lines of {line, field, reason, row}; made when there is something to write. ``folder`` None: nowhere.

    An interrupted run's lines up to ``resumed_at`` stay, later ones are written anew.
    """

    def __init__(self, folder: Path | None, source: str, resumed_at: int = 0) -> None:
        self.path = folder / f"{_file_name(source)}-rejected.jsonl" if folder else None
        self._kept = _lines_up_to(self.path, resumed_at) if self.path else []
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        if self.path and self.path.exists() and not self._kept:
            self.path.unlink()
        return self

    def write(self, rejections: list[Rejection]) -> None:
        """Append, and hand the lines to the operating system."""
        if not self.path or not rejections:
            return
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace")
            self._file.writelines(self._kept)
        for rejection in rejections:
            self._file.write(json.dumps(rejection.to_dict(), ensure_ascii=False, default=str) + "\n")
        self._file.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()


def _file_name(source: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in source) or "import"


def _lines_up_to(path: Path, line: int) -> list[str]:
    if not line or not path.exists():
        return []
    found: list[str] = []
    for text in path.read_text("utf-8", "replace").splitlines(keepends=True):
        try:
            if text.endswith("\n") and json.loads(text)["line"] <= line:
                found.append(text)
        except (ValueError, KeyError, TypeError):
            continue
    return found
