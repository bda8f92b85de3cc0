"""Badges, reuse, suggestions, schedules and freshness on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kb_service.articles.models import Article
from kb_service.authoring.freshness import Due
from kb_service.authoring.models import Proposal
from kb_service.authoring.schemas import DraftFields, Reference
from kb_service.text import Block, Line


def _aware(moment: datetime) -> datetime:
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not 2000 <= moment.year <= 2200:
        raise ValueError("a year between 2000 and 2200")
    return moment


Moment = Annotated[datetime, AfterValidator(_aware)]


class BadgeOut(BaseModel):
    """KCS confidence (or archived), governance and audience, and how often and when it was last found right."""

    confidence: str
    governance: str
    audience: list[str]
    uses: int
    last_used_at: datetime | None
    last_used_by: str


class ReuseIn(BaseModel):
    """That it was linked or sent."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["link", "send"] = "link"
    case: Annotated[Line, Field(max_length=40)] | None = None


class SuggestionIn(BaseModel):
    """A change of an article, or (without ``article``) a new one. Only its text; who reads it is for authors to say."""

    model_config = ConfigDict(extra="forbid")

    article: Reference | None = None
    fields: DraftFields
    note: Annotated[Block, Field(max_length=2000)] = ""


class SuggestionOut(BaseModel):
    """A suggestion and what became of it."""

    id: int
    article: int | None
    title: str
    base_revision: int
    fields: dict[str, Any]
    note: str
    author: str
    state: str
    created_at: datetime

    @classmethod
    def of(cls, row: Proposal, article: Article | None) -> Self:
        """A row with its article's title."""
        return cls(
            id=row.id, article=row.article_id, title=article.title if article else str(row.fields.get("title", "")),
            base_revision=row.base_revision, fields=row.fields, note=row.note, author=row.author, state=row.state,
            created_at=row.created_at,
        )  # fmt: skip


class ScheduleIn(BaseModel):
    """A move and its time (UTC when no zone is given)."""

    model_config = ConfigDict(extra="forbid")

    move: Literal["publish", "archive"]
    due_at: Moment


class ScheduleOut(BaseModel):
    """A move that waits."""

    move: str
    due_at: datetime
    revision_number: int
    actor: str


class ReviewIn(BaseModel):
    """When a compliance-based article is to be looked at again."""

    model_config = ConfigDict(extra="forbid")

    due_at: Moment


class ReleaseIn(BaseModel):
    """For which release."""

    model_config = ConfigDict(extra="forbid")

    product: Annotated[Line, Field(min_length=1, max_length=200)]
    release: Annotated[Line, Field(min_length=1, max_length=100)]


class DueOut(BaseModel):
    """An article to look at again."""

    article: int
    number: str
    title: str
    version: int
    since: datetime | None
    uses: int

    @classmethod
    def of(cls, due: Due) -> Self:
        """A found one."""
        a = due.article
        return cls(article=a.id, number=a.number, title=a.title, version=a.version, since=due.since, uses=due.uses)
