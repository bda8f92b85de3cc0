"""Tasks, reviews, notifications and comparisons on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from kb_service.articles.inputs import REASONS
from kb_service.articles.models import Article
from kb_service.authoring.models import AuthorTask, Notification, TaskReport
from kb_service.text import Block


class FlagIn(BaseModel):
    """What is wrong with an article."""

    model_config = ConfigDict(extra="forbid")

    reason: Literal[REASONS] = "incorrect"  # type: ignore[valid-type]
    words: Annotated[Block, Field(max_length=4000)] = ""


class NoteIn(BaseModel):
    """A note that goes along."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[Block, Field(max_length=2000)] = ""


class ReportOut(BaseModel):
    """What one person said."""

    kind: str
    reporter: str
    reason: str | None
    words: str | None
    created_at: datetime


class TaskOut(BaseModel):
    """Something to do about an article."""

    id: int
    kind: str
    article: int
    number: str
    title: str
    revision: int
    owner: str
    due_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    outcome: str | None
    reports: list[ReportOut]

    @classmethod
    def of(cls, task: AuthorTask, article: Article, reports: list[TaskReport]) -> Self:
        """A row with what was said."""
        said = [ReportOut.model_validate(row, from_attributes=True) for row in reports]
        return cls(
            id=task.id, kind=task.kind, article=article.id, number=article.number, title=article.title,
            revision=task.revision_number, owner=task.owner, due_at=task.due_at, opened_at=task.opened_at,
            closed_at=task.closed_at, outcome=task.outcome, reports=said,
        )  # fmt: skip


class NotificationOut(BaseModel):
    """One line for the caller."""

    id: int
    kind: str
    article: int | None
    title: str
    detail: dict[str, Any]
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, row: Notification, article: Article | None) -> Self:
        """A row with its article's title."""
        return cls(
            id=row.id, kind=row.kind, article=row.article_id, title=article.title if article else "", detail=row.detail,
            created_at=row.created_at, read_at=row.read_at,
        )  # fmt: skip


class ReadIn(BaseModel):
    """Everything up to ``last`` has been read."""

    model_config = ConfigDict(extra="forbid")

    last: Annotated[int, Field(ge=0, le=2**31 - 1)]


class PieceOut(BaseModel):
    """A run of text that stayed (same), came (added) or went (removed)."""

    kind: str
    text: str


class LineOut(BaseModel):
    """One line: same, added, removed or changed."""

    kind: str
    pieces: list[PieceOut]


class FieldDiffOut(BaseModel):
    """What changed in one field, as written."""

    field: str
    lines: list[LineOut]


class ComparisonOut(BaseModel):
    """Two revisions compared, as written and as readers see them."""

    old: int
    new: int
    fields: list[FieldDiffOut]
    rendered: list[LineOut]
