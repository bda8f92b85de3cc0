"""Proposed applicability on the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb_service.text import Line


class GroupIn(BaseModel):
    """Which group is decided on."""

    model_config = ConfigDict(extra="forbid")

    product: Annotated[Line, Field(min_length=1, max_length=200)]
    evidence: Annotated[Line, Field(min_length=1, max_length=200)]


class SampleOut(BaseModel):
    """One article of a group; the least sure come first."""

    article: int
    number: str
    title: str


class GroupOut(BaseModel):
    """Articles for which the same product is proposed on the same evidence (title, section, label, text)."""

    product: str
    name: str
    evidence: str
    count: int
    samples: list[SampleOut]


class ProposalsOut(BaseModel):
    """Open proposals, the largest group first."""

    groups: list[GroupOut]


class DecidedOut(BaseModel):
    """What a decision did. ``left``: how many of the group are still open; ``pending``: the index has yet to follow."""

    decided: int
    left: int
    pending: bool


class ProposedOut(BaseModel):
    """What a run looked at and proposed."""

    articles: int
    proposals: int
