"""What the endpoints of cases take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from kb_service.cases.lifecycle import Status
from kb_service.customers.schemas import Identity, ShortLine
from kb_service.search.schemas import Channel
from kb_service.text import Block, Line

Priority = Literal["low", "normal", "high", "urgent"]
Subject = Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Words = Annotated[Block, StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000)]
ExternalId = Annotated[Line, StringConstraints(min_length=1, max_length=400)]
Tags = Annotated[list[Annotated[Line, StringConstraints(min_length=1, max_length=60)]], Field(max_length=30)]
Fields = Annotated[dict[str, str | int | float | bool | None], Field(max_length=20)]
FrameText = Annotated[Block, StringConstraints(strip_whitespace=True, max_length=4000)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CaseIn(_In):
    """A new case. (channel, external_id) recognises one that comes again; it then gets the first case."""

    subject: Subject
    description: Annotated[Block, StringConstraints(strip_whitespace=True, max_length=100_000)] = ""
    customer_id: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    customer: Identity | None = None
    channel: Channel = "api"
    external_id: ExternalId | None = None
    queue: Slug | None = None
    priority: Priority = "normal"
    product: ShortLine | None = None
    version: ShortLine | None = None
    os: ShortLine | None = None
    category: ShortLine = ""
    tags: Tags = []
    fields: Fields = {}


class CasePatch(_In):
    """What to change of a case; what is not given stays. An empty product, version or os takes it away."""

    subject: Subject | None = None
    description: Annotated[Block, StringConstraints(max_length=100_000)] | None = None
    queue: Slug | None = None
    assignee_id: Annotated[int | None, Field(ge=0, le=2**31 - 1, description="0: nobody.")] = None
    priority: Priority | None = None
    product: ShortLine | None = None
    version: ShortLine | None = None
    os: ShortLine | None = None
    category: ShortLine | None = None
    tags: Tags | None = None
    fields: Fields | None = None


class MoveIn(_In):
    """The status wanted, and why."""

    status: Status
    reason: ShortLine = ""


class InteractionIn(_In):
    """A message from the customer, a message told to them (by phone, say), or a note for colleagues."""

    kind: Literal["message", "note"] = "message"
    direction: Literal["in", "out", "internal"] = "in"
    channel: Channel = "api"
    external_id: ExternalId | None = None
    text: Words


class MergeIn(_In):
    """The case that this one becomes part of."""

    into: Annotated[str, Field(max_length=20)]


class ArticleUseIn(_In):
    """An article linked to a case."""

    article: Annotated[str, Field(max_length=40)]
    query_id: Annotated[str | None, Field(max_length=40)] = None
    rank: Annotated[int | None, Field(ge=1, le=1000)] = None


class FramePart(_In):
    """What stands around a reply. Placeholders look like ``{first_name|there}``: what follows the bar is the fallback."""

    greeting: FrameText | None = None
    closing: FrameText | None = None
    signature: FrameText | None = None
    quote: bool | None = Field(default=None, description="Repeat the customer's own question as the first line.")


class FrameIn(FramePart):
    """The frame of a queue's replies; ``channels``: what differs there."""

    channels: Annotated[dict[Channel, FramePart], Field(max_length=10)] = {}


class QueueIn(_In):
    """A queue. ``groups``: who works here; empty: every agent."""

    slug: Slug
    name: ShortLine
    groups: Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=50)] = []
    response_hours: Annotated[int, Field(ge=1, le=1000)] = 8
    time_zone: Annotated[str, Field(max_length=60)] = "UTC"
    country: Annotated[str, Field(max_length=3)] = ""
    frame: FrameIn = FrameIn()


class QueuePatch(_In):
    """What to change of a queue; what is not given stays."""

    name: ShortLine | None = None
    groups: Annotated[list[Annotated[str, Field(max_length=63)]] | None, Field(max_length=50)] = None
    response_hours: Annotated[int | None, Field(ge=1, le=1000)] = None
    time_zone: Annotated[str | None, Field(max_length=60)] = None
    country: Annotated[str | None, Field(max_length=3)] = None
    frame: FrameIn | None = None


class QueueOut(BaseModel):
    """A queue."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    slug: str
    name: str
    groups: list[str]
    response_hours: int
    time_zone: str
    country: str
    frame: dict[str, Any]


class FileOut(BaseModel):
    """A file that came with a message. ``is_active``: opening it can run something."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    media_type: str
    size: int
    is_active: bool


class InteractionOut(BaseModel):
    """One step of the thread."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    direction: str
    channel: str
    author_name: str
    text: str
    quoted: str
    created_at: datetime
    shown_at: AwareDatetime | None = None
    mail_state: str | None = None
    files: list[FileOut] = []
    is_formatted: bool = Field(default=False, description="It can be read as it was formatted, too.")


class ArticleUseOut(BaseModel):
    """An article used in a case: exact revision, and the search that found it."""

    model_config = ConfigDict(from_attributes=True)

    article_id: int
    revision: int
    use: str
    interaction_id: int | None = None
    query_id: str | None
    rank: int | None
    created_at: datetime


class StoryStep(BaseModel):
    """One step of the session that came along."""

    kind: str
    text: str
    article_id: int | None
    dwell_seconds: int | None
    happened_at: datetime


class CaseSummary(BaseModel):
    """A case in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    number: str
    subject: str
    status: str
    reason: str
    priority: str
    customer_id: int | None
    queue_id: int
    assignee_id: int | None
    channel: str
    product: str | None
    product_version: str | None
    os: str | None
    category: str
    tags: list[str]
    due_at: AwareDatetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class CaseOut(CaseSummary):
    """A case with its thread. Customers see messages only; articles and the session are for agents."""

    description: str
    fields: dict[str, Any]
    preferred: dict[str, Any]
    merged_into: str | None
    follows: str | None
    interactions: list[InteractionOut]
    articles: list[ArticleUseOut]
    session: list[StoryStep]


class CaseList(BaseModel):
    """Cases, the newest first; ``next_before`` goes on."""

    items: list[CaseSummary]
    next_before: int | None
