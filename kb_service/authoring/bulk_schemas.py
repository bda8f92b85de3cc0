"""Bulk changes on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from kb_service.articles.schemas import AppliesTo, Audience, Name
from kb_service.authoring.bulk import Done, Look
from kb_service.authoring.bulk_rules import MOST, BulkEdit
from kb_service.authoring.models import BulkChange
from kb_service.text import Line

Keyword = Annotated[Line, Field(min_length=1, max_length=100)]
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]


class BulkEditIn(BaseModel):
    """What to change; what is not given stays. ``archive`` puts them away. Confidence is never changed in bulk."""

    model_config = ConfigDict(extra="forbid")

    audience: Annotated[list[Audience], Field(min_length=1, max_length=50)] | None = None
    owner: Name | None = None
    applies_to: Annotated[list[AppliesTo], Field(max_length=100)] | None = None
    add_keywords: list[Keyword] = Field(default_factory=list, max_length=50)
    remove_keywords: list[Keyword] = Field(default_factory=list, max_length=50)
    archive: bool = False

    def edit(self) -> BulkEdit:
        """As a value."""
        applies = None
        if self.applies_to is not None:
            applies = tuple(entry.model_dump(exclude_none=True) for entry in self.applies_to)
        audience = tuple(self.audience) if self.audience is not None else None
        words = (tuple(self.add_keywords), tuple(self.remove_keywords))
        return BulkEdit(audience, self.owner, applies, *words, self.archive)


class SelectionIn(BaseModel):
    """Which articles: those of a filter of the workbench, all of whose parts must hold, or ``ids``."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[Id], Field(max_length=2000)] | None = None
    words: Annotated[Line, Field(max_length=200)] = ""
    status: Annotated[Line, Field(max_length=20)] = ""
    product: Name = ""
    owner: Name = ""
    confidence: Annotated[Line, Field(max_length=40)] = ""
    type: Annotated[Line, Field(max_length=40)] = ""
    audience: Annotated[Line, Field(max_length=40)] = ""


class BulkPreviewIn(BaseModel):
    """What would change."""

    model_config = ConfigDict(extra="forbid")

    select: SelectionIn
    change: BulkEditIn


class ChosenIn(BaseModel):
    """An article as it was looked at."""

    model_config = ConfigDict(extra="forbid")

    article: Id
    version: Id


class BulkIn(BaseModel):
    """Change these, if they are still as they were."""

    model_config = ConfigDict(extra="forbid")

    articles: list[ChosenIn] = Field(min_length=1, max_length=MOST)
    change: BulkEditIn


class LookOut(BaseModel):
    """One article: its fields before and after, or why it would stay as it is."""

    article: int
    number: str
    title: str
    version: int
    before: dict[str, Any]
    after: dict[str, Any]
    refused: str

    @classmethod
    def of(cls, look: Look) -> Self:
        """A look."""
        a = look.article
        return cls(
            article=a.id, number=a.number, title=a.title, version=a.version, before=look.planned.before,
            after=look.planned.after, refused=look.refused,
        )  # fmt: skip


class BulkPreviewOut(BaseModel):
    """At most 200; ``left`` more would change in another go, ``same`` are so already."""

    items: list[LookOut]
    left: int
    same: int


class BulkOut(BaseModel):
    """A change that was made. ``refused``: by article, why it stayed. ``pending``: the index has yet to follow."""

    id: int
    change: dict[str, Any]
    changed: list[int]
    refused: dict[int, str] = {}
    created_at: datetime
    undone_at: datetime | None
    pending: bool = False

    @classmethod
    def of(cls, row: BulkChange) -> Self:
        """A kept change."""
        changed = sorted(int(id) for id in row.before)
        return cls(id=row.id, change=row.change, changed=changed, created_at=row.created_at, undone_at=row.undone_at)

    @classmethod
    def of_done(cls, done: Done) -> Self:
        """A change that was just made or taken back."""
        changed = sorted(change.article.id for change in done.changes)
        return cls.of(done.row).model_copy(update={"changed": changed, "refused": done.refused})
