"""Checks on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kb_service.articles.schemas import ArticleCreate
from kb_service.authoring.duplicates_deciding import DECISIONS
from kb_service.text import Line


class CheckIn(ArticleCreate):
    """A text that is being written. ``article``: the number of the one that it is a change of, which it does not duplicate."""

    article: Line | None = Field(default=None, max_length=20)


class FindingOut(BaseModel):
    """Something to look at before publishing: personal_data, empty_part, contradiction, or a link_… that leads wrong."""

    kind: str
    message: str
    field: str
    line: int
    """From 1; 0: the whole field."""
    detail: dict[str, Any]


class DuplicateOut(BaseModel):
    """A published article that says the same for a common context, and why that is thought."""

    article: int
    number: str
    title: str
    url: str
    likeness: float
    """The probability that one makes the other superfluous."""
    meaning: float
    words: float
    contained: float
    title_words: float
    shared: list[str]
    common: list[str]
    """The context that both are for; empty: every one."""


class ChecksOut(BaseModel):
    """Everything found; ``is_clear``: nothing stands in the way."""

    is_clear: bool
    findings: list[FindingOut]
    duplicates: list[DuplicateOut]


class DecisionIn(BaseModel):
    """What becomes of two alike articles: keep both, link as variants, or merge this one into the other."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal[DECISIONS]  # type: ignore[valid-type]


class MemberOut(BaseModel):
    """One article of a pair."""

    article: int
    number: str
    title: str
    url: str


class PairOut(BaseModel):
    """Two alike articles, why, and what was decided."""

    id: int
    likeness: float
    state: str
    articles: list[MemberOut]
    why: dict[str, Any]
    found_at: datetime
    decided_by: str
    decided_at: datetime | None


class PairList(BaseModel):
    """A page of pairs, most alike first."""

    items: list[PairOut]
    next_cursor: str | None


class LinkFindingOut(BaseModel):
    """A flawed link of a published article."""

    article: int
    number: str
    title: str
    kind: str
    target: str
    message: str
    found_at: datetime


class LinkFindingList(BaseModel):
    """A page of flawed links."""

    items: list[LinkFindingOut]
    next_cursor: str | None
