"""What the endpoints of pins and synonym sets take and give."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from kb_service.text import Line

Phrase = Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Word = Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Name = Annotated[Line, StringConstraints(strip_whitespace=True, max_length=200)]
Day = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 2, tzinfo=UTC), le=datetime(2199, 12, 30, tzinfo=UTC))]
Reference = Annotated[str, Field(min_length=1, max_length=40, description="The id or KB number.")]
State = Literal["in_force", "planned", "over"]


class CuratedIn(BaseModel):
    """The context and the dates within which it holds; what is not given is open.

    ``accept_worse``: save although judged questions get worse.
    """

    model_config = ConfigDict(extra="forbid")

    product: Name | None = None
    versions: Name | None = Field(default=None, description="A range of the product's versions, as in applies_to.")
    os: Name | None = None
    starts_at: Day | None = None
    ends_at: Day | None = None
    accept_worse: bool = False


class PinIn(CuratedIn):
    """An article that stands first for a phrase."""

    phrase: Phrase
    article: Reference


class SynonymsIn(CuratedIn):
    """Words, or short phrases, that mean the same here."""

    terms: list[Word] = Field(min_length=2, max_length=20)


class CuratedOut(BaseModel):
    """What pins and synonym sets have in common."""

    id: int
    product: str | None
    versions: str | None
    os: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    state: State
    created_at: datetime
    created_by: str
    version: int


class PinOut(CuratedOut):
    """A pin as its keepers see it. ``is_published``: readers can see the article now."""

    phrase: str
    article: int
    number: str
    title: str
    is_published: bool


class SynonymsOut(CuratedOut):
    """A synonym set."""

    terms: list[str]


class PinList(BaseModel):
    """Pins, newest first."""

    items: list[PinOut]


class SynonymsList(BaseModel):
    """Synonym sets, newest first."""

    items: list[SynonymsOut]


class ChangeOut(BaseModel):
    """One past question that would be answered otherwise. Places count from 1; none: not among the first ten."""

    question: str
    context: str
    verdict: Literal["better", "worse", "changed"]
    before: int | None
    after: int | None


class EffectOut(BaseModel):
    """What a change does to the questions of the last 90 days, asked again just now.

    ``considered``: different questions looked at; ``judged``: those of them whose right article is known, because somebody
    opened, copied or praised it; better and worse are said of these alone.
    """

    considered: int
    judged: int
    better: int
    worse: int
    changed: int
    changes: list[ChangeOut]
