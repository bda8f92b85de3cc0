"""What the endpoints of bookmarks take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kb_service.text import Block, Line

SetName = Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Note = Annotated[Block, StringConstraints(strip_whitespace=True, max_length=2000)]
Name = Annotated[Line, StringConstraints(strip_whitespace=True, max_length=200)]
Team = Annotated[str, Field(max_length=63, description="A group, or “agents” for every agent; empty: nobody.")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SetIn(_In):
    """A new set. ``product`` and ``version``: what it is for. ``team``: whom it is given to."""

    name: SetName
    kind: Literal["personal", "team", "starter"] = "personal"
    team: Team = ""
    product: Name | None = None
    version: Name | None = None


class SetPatch(_In):
    """What to change; what is not given stays. An empty product or version takes it away."""

    name: SetName | None = None
    team: Team | None = None
    product: Name | None = None
    version: Name | None = None


class BookmarkIn(_In):
    """An article to keep, at the end unless ``place`` (from 0) says where."""

    article: Annotated[str, Field(max_length=40, description="The id or KB number.")]
    note: Note = ""
    place: Annotated[int | None, Field(ge=0, le=1000)] = None


class BookmarkPatch(_In):
    """What to change. ``looked``: the article was looked at as it is now; the warning “changed” goes."""

    note: Note | None = None
    place: Annotated[int | None, Field(ge=0, le=1000)] = None
    looked: bool = False


class StarterIn(_In):
    """The context for which a set is offered."""

    product: Name | None = None
    os: Name | None = None
    name: SetName = "Starter set"


class BookmarkOut(BaseModel):
    """One article of a set."""

    article: int
    number: str
    title: str
    url: str
    short_answer: str
    note: str
    place: int
    revision: int
    warnings: list[str]
    """changed, archived or no_longer_applies."""


class SetSummary(BaseModel):
    """A set in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    kind: str
    owner_name: str
    team: str
    product: str | None
    product_version: str | None
    version: int
    updated_at: datetime
    is_mine: bool
    is_subscribed: bool
    may_change: bool
    articles: int
    """How many of them the reader may read."""
    warnings: int


class SetOut(SetSummary):
    """A set with its articles, in order."""

    items: list[BookmarkOut]


class SetList(BaseModel):
    """Sets: one's own, the subscribed, the team's, the starter sets, others that are shared."""

    items: list[SetSummary]


class StarterOffer(BaseModel):
    """What colleagues use most in a context."""

    articles: list[OfferedArticle]


class OfferedArticle(BaseModel):
    """One article of the offer. ``uses``: in how many cases."""

    article: int
    number: str
    title: str
    url: str
    uses: int
