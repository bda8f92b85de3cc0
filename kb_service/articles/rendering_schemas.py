"""Forms per channel on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb_service.articles.channel_forms import Channel
from kb_service.text import Block, Line


class OverrideIn(BaseModel):
    """A text that a channel sends instead of the derived form."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[Block, Field(min_length=1, max_length=20_000)]
    subject: Annotated[Line, Field(max_length=300)] = ""


class OverrideOut(BaseModel):
    """An override, for writers. ``in_force`` False: set aside until somebody confirms it on the present revision."""

    text: str
    subject: str
    revision: int
    in_force: bool
    author: str
    updated_at: datetime


class FormOut(BaseModel):
    """What a channel sends. ``leaves_out``: the article says more. ``missing_warnings``: an override does not say them."""

    channel: Channel
    text: str
    subject: str
    link: str | None
    leaves_out: bool
    warnings: list[str]
    missing_warnings: list[str]
    segments: int
    encoding: str
    origin: str
    override: OverrideOut | None


class RenderingsOut(BaseModel):
    """Every form of one revision in one context."""

    article: int
    number: str
    revision: int
    applies: bool
    forms: list[FormOut]
