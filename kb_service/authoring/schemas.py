"""The authors' work on the wire. Requests are strict; responses only ever gain fields."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from kb_service.articles.inputs import MAX_TITLE
from kb_service.articles.schemas import ArticleFields, Audience, Name, SectionOut
from kb_service.authoring.models import AutosavedDraft
from kb_service.text import Line

Reference = Annotated[Line, Field(max_length=20)]


class DraftFields(ArticleFields):
    """What may be half written: everything may be empty, nothing needs to be known yet."""

    title: Annotated[Line, Field(max_length=MAX_TITLE)] = ""
    audience: list[Audience] = Field(default=["agent"], max_length=50)


class DraftIn(BaseModel):
    """What is being written. ``article``: about which; none: something new. ``base_version``: of the article as read."""

    model_config = ConfigDict(extra="forbid")

    article: Reference | None = None
    base_version: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    fields: DraftFields


class DraftChange(BaseModel):
    """What stands in the editor now."""

    model_config = ConfigDict(extra="forbid")

    fields: DraftFields


class DraftOut(BaseModel):
    """A draft of one's own."""

    id: int
    version: int
    article: int | None
    title: str
    fields: dict[str, Any]
    base_version: int
    base_revision: int
    updated_at: datetime

    @classmethod
    def of(cls, row: AutosavedDraft) -> Self:
        """A row as its owner sees it."""
        return cls(
            id=row.id, version=row.version, article=row.article_id, title=row.title, fields=row.fields,
            base_version=row.base_version, base_revision=row.base_revision, updated_at=row.updated_at,
        )  # fmt: skip


class PreviewIn(BaseModel):
    """A text to be shown as its readers will see it, in a context."""

    model_config = ConfigDict(extra="forbid")

    fields: DraftFields
    product: Name | None = None
    version: Name | None = None
    os: Name | None = None


class PreviewOut(BaseModel):
    """The readers' own rendering of a text that is not saved."""

    title: str
    short_answer: str
    applies: bool
    applies_to: list[str]
    sections: list[SectionOut]
