"""Gaps on the wire."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class DraftIn(BaseModel):
    """Nothing is sent: the gap says it all."""


class OfferedOut(BaseModel):
    """An article that was offered, and to how many."""

    article: int
    number: str
    title: str
    url: str
    times: int


class QuestionOut(BaseModel):
    """What somebody asked, personal data masked. ``reason``: empty, below_floor, no_click, reformulated, case or taken."""

    text: str
    reason: str
    seen_at: datetime


class GapOut(BaseModel):
    """A need that is not met. ``demand``: distinct sessions or customers; ``weight``: demand × strength, the order."""

    id: int
    label: str
    state: str
    product: str
    version: str
    context: str
    demand: int
    strength: float
    weight: float
    reasons: dict[str, int]
    draft: str | None
    """The number of the draft that was made for it."""
    times_reopened: int
    first_at: datetime
    last_at: datetime
    questions: list[QuestionOut]
    offered: list[OfferedOut]


class GapList(BaseModel):
    """A page of gaps, most wanted first."""

    items: list[GapOut]
    next_cursor: str | None
