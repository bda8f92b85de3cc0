"""Articles on the wire. Requests are strict (unknown fields are refused); responses only ever gain fields."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kb_service.articles.inputs import (
    CONFIDENCES,
    GOVERNANCES,
    MAX_BODY_BYTES,
    MAX_SHORT_ANSWER,
    MAX_TITLE,
    REASONS,
    SIGNIFICANCES,
    TYPES,
    ArticleText,
)
from kb_service.text import Block, Line

Name = Annotated[Line, Field(max_length=200)]
Range = Annotated[Line, Field(max_length=500)]
LongText = Annotated[Block, Field(max_length=MAX_BODY_BYTES)]
Audience = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
Title = Annotated[Line, Field(min_length=1, max_length=MAX_TITLE)]
ShortAnswer = Annotated[Block, Field(max_length=MAX_SHORT_ANSWER)]


class AppliesTo(BaseModel):
    """One entry of what an article is for. Without versions: every version; without os: every system."""

    model_config = ConfigDict(extra="forbid")

    product: Name | None = None
    versions: Range | Annotated[list[Range], Field(max_length=200)] | None = None
    os: Name | Annotated[list[Name], Field(max_length=200)] | None = None


class ArticleFields(BaseModel):
    """What an author may set."""

    model_config = ConfigDict(extra="forbid")

    short_answer: ShortAnswer = ""
    issue: LongText = ""
    environment: LongText = ""
    cause: LongText = ""
    resolution: LongText = ""
    body: LongText = ""
    keywords: list[Annotated[Line, Field(max_length=100)]] = Field(default_factory=list, max_length=50)
    applies_to: list[AppliesTo] = Field(default_factory=list, max_length=100)
    topics: list[Name] = Field(default_factory=list, max_length=20)
    audience: list[Audience] = Field(default=["agent"], min_length=1, max_length=50)
    type: Literal[TYPES] = "problem"  # type: ignore[valid-type]
    language: Annotated[str, Field(pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$", max_length=35)] = "en"
    family: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,80}$")] | None = None
    owner: Name = ""
    confidence: Literal[CONFIDENCES] = "validated"  # type: ignore[valid-type]
    governance: Literal[GOVERNANCES] = "experience"  # type: ignore[valid-type]
    significance: Literal[SIGNIFICANCES] = "major"  # type: ignore[valid-type]

    def given(self) -> dict[str, Any]:
        """The fields that were sent, as `inputs.ArticleText` takes them."""
        values = self.model_dump(exclude_unset=True)
        return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


class ArticleCreate(ArticleFields):
    """A new article."""

    title: Title

    def text(self) -> ArticleText:
        """As a value."""
        return ArticleText(**self.given())


class ArticlePatch(ArticleFields):
    """Changes: only what is sent changes."""

    title: Title = ""


class FeedbackIn(BaseModel):
    """Did it help?"""

    model_config = ConfigDict(extra="forbid")

    is_helpful: bool
    revision: int | None = Field(default=None, ge=1, le=2**31 - 1)
    reason: Literal[REASONS] | None = None  # type: ignore[valid-type]
    words: Annotated[Block, Field(max_length=4000)] | None = None
    query_id: Annotated[Line, Field(max_length=100)] | None = None
    session_id: Annotated[Line, Field(max_length=100)] | None = None


class FeedbackOut(BaseModel):
    """The kept vote."""

    id: int


class SectionOut(BaseModel):
    """A section as HTML. ``applies`` False: fold it in this context."""

    field: str
    level: int
    heading: str
    anchor: str
    html: str
    applies: bool
    label: str


class VariantOut(BaseModel):
    """Another member of the family."""

    id: int
    number: str
    title: str
    applies_to: list[str]


class ArticleSummary(BaseModel):
    """An article in a list."""

    id: int
    number: str
    version: int
    status: str
    title: str
    short_answer: str
    type: str
    language: str
    audience: list[str]
    topics: list[str]
    applies_to: list[str]
    """For people."""
    updated_at: datetime
    published_at: datetime | None
    votes_up: int
    votes_down: int


class SourceOut(BaseModel):
    """The text as written, for those who may edit it."""

    issue: str
    environment: str
    cause: str
    resolution: str
    body: str
    family: str | None
    owner: str
    confidence: str
    governance: str
    significance: str
    possible: list[str]
    newest_revision: int


class ArticleOut(ArticleSummary):
    """An article in a context."""

    revision: int
    keywords: list[str]
    applies: bool
    """Whether it applies to the given context."""
    applicability: list[dict[str, Any]]
    sections: list[SectionOut]
    variants: list[VariantOut]
    source: SourceOut | None
    pending: bool = False
    """True: stored, and the index has yet to follow."""


class ArticleList(BaseModel):
    """A page of articles, last changed first."""

    items: list[ArticleSummary]
    total: int
    next_cursor: str | None


class RevisionSummary(BaseModel):
    """A revision in a list."""

    number: int
    state: str
    title: str
    significance: str
    author: str
    created_at: datetime
    published_at: datetime | None


class RevisionOut(RevisionSummary):
    """A revision as written."""

    short_answer: str
    language: str
    issue: str
    environment: str
    cause: str
    resolution: str
    body: str
    keywords: list[str]
    applicability: list[dict[str, Any]]
    based_on: int | None
