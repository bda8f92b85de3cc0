"""What a reader yields, whatever the format: rows, the catalogue's entries, and what cannot be read. Pure.

Invariants: a row never touches a database; everything about it that is not usable is a Rejection with line, field and
reason; the row as it was read goes with it into the file of rejected rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as made
from datetime import datetime
from pathlib import Path
from typing import Any

from kb_service.articles.inputs import ArticleText

MAX_ROW_BYTES = 64 * 1024 * 1024


class RowError(Exception):
    """A row that cannot be imported: the field and why."""

    def __init__(self, field_name: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field_name, reason


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that comes with an article."""

    name: str
    media_type: str
    content: bytes = made(repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """What an article brings beside its text: where it comes from, dates, votes, old addresses, files."""

    source: str | None = None
    publish: bool = True
    votes_up: int = 0
    votes_down: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    redirects: tuple[str, ...] = ()
    attachments: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One article as its source holds it.

    ``topics`` are names from the root (("Networking", "VPN"),). ``address``: how its neighbours link to it
    ("vpn/sleep.md"). ``notes`` are remarks for the report (missing images). ``raw`` is what was read.
    """

    line: int
    external_id: str
    text: ArticleText
    standing: Standing = Standing()
    topics: tuple[tuple[str, ...], ...] = ()
    address: str = ""
    notes: tuple[str, ...] = ()
    anchors: Mapping[str, str] = made(default_factory=dict, repr=False)
    """Places that old links name → the ids of the headings there."""
    raw: Mapping[str, Any] = made(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class CatalogRow:
    """Products, operating systems and topics that a source names (the shape of catalog.yaml)."""

    line: int
    catalog: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was left out."""

    line: int
    field: str
    reason: str
    row: Any = made(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """One line of the file of rejected rows."""
        return {"line": self.line, "field": self.field, "reason": self.reason, "row": self.row}


Read = ImportRow | CatalogRow | Rejection


@dataclass(frozen=True, slots=True)
class Defaults:
    """What rows get that do not say it themselves."""

    audience: tuple[str, ...] = ("public",)


PUBLIC = Defaults()


@dataclass(frozen=True)
class Source:
    """Where rows come from. ``rows`` may be read several times; ``files`` tell whether anything has changed."""

    path: Path
    defaults: Defaults = Defaults()

    def rows(self) -> Iterable[Read]:
        """Every row in order."""
        raise NotImplementedError

    def outline(self) -> Iterable[Read]:
        """The same rows as far as links between them need it (ids and addresses); cheaper where texts are converted."""
        return self.rows()

    def files(self) -> list[Path]:
        """The files that rows are read from."""
        return [self.path] if self.path.is_file() else sorted(p for p in self.path.rglob("*") if p.is_file())
