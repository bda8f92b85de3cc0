"""What the endpoints of the desk take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from kb_service.cases.lifecycle import Status
from kb_service.cases.schemas import CaseSummary, InteractionOut, Words
from kb_service.text import Line

ShortName = Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Tag = Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Number = Annotated[str, Field(max_length=20)]
UserId = Annotated[int, Field(ge=0, le=2**31 - 1, description="0: nobody.")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Wanted(_In):
    """What the cases of a saved view have in common; what is not given: anything."""

    status: Status | None = None
    queue: Annotated[str | None, Field(max_length=60)] = None
    assignee_id: UserId | None = None
    tag: Tag | None = None
    priority: Literal["low", "normal", "high", "urgent"] | None = None
    product: Annotated[str | None, Field(max_length=200)] = None
    words: Annotated[str | None, Field(max_length=200)] = None


class ViewIn(_In):
    """A view to keep."""

    name: ShortName
    wanted: Wanted


class ViewOut(BaseModel):
    """A view and how many open cases it shows now. ``key``: what to ask for; ``id``: of a saved one."""

    key: str
    id: int | None = None
    name: str = ""
    count: int


class MentionOut(BaseModel):
    """A call into a case that was not looked at yet."""

    id: int
    case: str
    subject: str
    by_name: str
    created_at: datetime


class ColleagueOut(BaseModel):
    """Somebody who works on cases."""

    id: int
    name: str
    is_away: bool


class DeskOut(BaseModel):
    """The desk at a glance."""

    me: str
    my_id: int | None
    """One's number as an assignee; None for a key."""
    name: str
    is_away: bool
    views: list[ViewOut]
    mentions: list[MentionOut]
    colleagues: list[ColleagueOut]


class DeskCase(CaseSummary):
    """A case in a view."""

    customer_name: str
    customer_address: str
    assignee_name: str
    last_from: str
    """in: the customer spoke last; out: we did; empty: nobody."""
    snoozed_until: AwareDatetime | None
    is_ours: bool
    """It waits for us."""


class DeskCases(BaseModel):
    """A view's cases, the most urgent first."""

    items: list[DeskCase]


class BesideCase(BaseModel):
    """What the desk shows beside a case."""

    customer_name: str
    customer_address: str
    assignee_name: str
    earlier: list[CaseSummary]
    """Other cases of this customer, the newest first."""
    not_this: list[int]
    here: list[str]
    """Names of colleagues who reply now."""
    snoozed_until: AwareDatetime | None


class BulkIn(_In):
    """One change for many cases."""

    cases: Annotated[list[Number], Field(min_length=1, max_length=100)]
    assignee_id: UserId | None = None
    status: Status | None = None
    add_tags: Annotated[list[Tag], Field(max_length=10)] = []
    remove_tags: Annotated[list[Tag], Field(max_length=10)] = []


class Refused(BaseModel):
    """A case that was not changed, and why."""

    case: str
    detail: str


class BulkOut(BaseModel):
    """What was done."""

    done: list[str]
    refused: list[Refused]


class MeIn(_In):
    """Present or away."""

    is_away: bool


class PresenceIn(_In):
    """What one does with a case just now."""

    doing: Literal["looking", "replying", "nothing"]


class SnoozeIn(_In):
    """Until when a case is put off; null: it comes back now."""

    until: AwareDatetime | None


class NoteIn(_In):
    """A note for colleagues. ``call``: users to be told."""

    text: Words
    call: Annotated[list[Annotated[int, Field(ge=1, le=2**31 - 1)]], Field(max_length=20)] = []


class NoteOut(BaseModel):
    """The note, and who was told."""

    interaction: InteractionOut
    called: list[str]


class NotThisIn(_In):
    """An article that does not answer this case. ``is_it``: it does after all."""

    article: Annotated[int, Field(ge=1, le=2**31 - 1)]
    query_id: Annotated[str | None, Field(max_length=40)] = None
    is_it: bool = False


class FoundCase(BaseModel):
    """A case that was looked for."""

    number: str
    subject: str
    status: str
    customer_name: str


class FoundCustomer(BaseModel):
    """A customer who was looked for."""

    id: int
    name: str
    address: str
    organisation: str | None


class FoundArticle(BaseModel):
    """An article that was looked for."""

    article: int
    number: str
    title: str
    url: str


class FoundOut(BaseModel):
    """One search over all three."""

    cases: list[FoundCase]
    customers: list[FoundCustomer]
    articles: list[FoundArticle]


class CaptureAsked(_In):
    """What an agent has written so far; what is empty comes from the case. ``case`` empty: there is none yet."""

    case: Number = ""
    title: Annotated[str, Field(max_length=300)] = ""
    issue: Annotated[str, Field(max_length=20_000)] = ""
    resolution: Annotated[str, Field(max_length=20_000)] = ""


class MaskedOut(BaseModel):
    """Personal data that was replaced. ``kind``: address, phone, card, number or name."""

    kind: str
    text: str


class CaptureDraft(BaseModel):
    """New knowledge as it would be kept, personal data masked, for a look."""

    title: str
    issue: str
    notes: str
    resolution: str
    searches: list[str]
    product: str | None
    version: str | None
    os: str | None
    masked: list[MaskedOut]


class CaptureIn(_In):
    """Knowledge to keep, as it was looked at; personal data that is still in it is masked."""

    case: Number = ""
    title: Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
    issue: Annotated[str, Field(max_length=20_000)] = ""
    notes: Annotated[str, Field(max_length=20_000)] = ""
    resolution: Annotated[str, Field(max_length=20_000)] = ""
    searches: Annotated[list[Annotated[Line, Field(max_length=500)]], Field(max_length=20)] = []


class CaptureOut(BaseModel):
    """What was kept."""

    article: int
    number: str
    masked: list[MaskedOut]
