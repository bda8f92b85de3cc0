"""The question as one frozen value, the same from every channel, and the answer's shape.

Each given axis of the context is *stated* (said or chosen in this conversation: it filters) or *inferred*
(owned, remembered, found in the text: it only prefers).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from kb_service.auth.actors import ANONYMOUS, Actor
from kb_service.catalog.context import Context

Axis = Literal["product", "version", "os"]
NO_CONTEXT = Context()
AXES: tuple[Axis, ...] = ("product", "version", "os")


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What the caller wants beside the hits. ``chips``: count what each stated axis hides.

    ``signals``: False ranks by words and meaning alone.
    """

    why: bool = False
    facets: bool = True
    chips: bool = False
    correct_spelling: bool = True
    widen: bool = True
    log: bool = True
    signals: bool = True
    kind: str = "search"


DEFAULT_OPTIONS = SearchOptions()


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One question. ``stated`` filters, ``inferred`` prefers; both hold catalogue slugs and paths."""

    query: str
    stated: Context = NO_CONTEXT
    inferred: Context = NO_CONTEXT
    actor: Actor = ANONYMOUS
    channel: str = "api"
    session_id: str | None = None
    language: str | None = None
    types: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    limit: int = 10
    cursor: str | None = None
    options: SearchOptions = DEFAULT_OPTIONS

    def memo_key(self) -> tuple[object, ...]:
        """Everything that decides the answer beside the text; channel and session do not."""
        return (
            self.stated, self.inferred, self.actor.audiences, self.language, self.types, self.topics, self.limit, self.options,
        )  # fmt: skip


@dataclass(slots=True)
class Snippet:
    """The passage that answers: plain ``text`` with ``highlights`` as [start, end) character ranges of it."""

    heading: str
    anchor: str
    text: str
    highlights: list[tuple[int, int]]


@dataclass(slots=True)
class Variant:
    """Another member of the hit's family that the reader may read."""

    article: int
    number: str
    title: str
    url: str
    applies_to: list[str]


@dataclass(slots=True)
class Hit:
    """One checked answer. ``score`` is the fused score, comparable within this response only."""

    article: int
    number: str
    revision: int
    title: str
    url: str
    score: float
    match: str
    """exact or general (see docs/search.md)."""
    short_answer: str
    snippet: Snippet
    type: str
    topics: list[str]
    applies_to: list[str]
    """For people: "Harbour Gateway 11 and later · Windows 11"."""
    updated_at: str
    variants: list[Variant] = field(default_factory=list)
    pinned: bool = False
    why: list[dict[str, Any]] | None = None
    in_sets: list[str] = field(default_factory=list)
    """For staff: the bookmark sets that it stands in ("in Mia’s set for Gateway")."""


@dataclass(slots=True)
class FacetValue:
    """One value of a facet and how many of exactly the listed results carry it."""

    value: str
    label: str
    count: int


@dataclass(slots=True)
class Chip:
    """An axis of the context in force. ``hides``: how many more results without it (None: not counted)."""

    axis: str
    value: str
    label: str
    source: str
    """stated or inferred."""
    hides: int | None = None


@dataclass(slots=True)
class Clarify:
    """The one question whose answer separates the leading results."""

    axis: str
    question: str
    values: list[FacetValue]
    product: str | None = None
    """Where versions are asked for: the product that they belong to."""


@dataclass(slots=True)
class Widened:
    """What a wider context finds, kept apart: ``dropped`` names the axes left out."""

    dropped: list[str]
    label: str
    hits: list[Hit]


@dataclass(slots=True)
class SearchResponse:
    """The answer to one question, as every channel gets it."""

    query_id: str
    query: str
    total: int
    total_relation: str
    """eq, or gte where a retriever's list was full."""
    hits: list[Hit]
    facets: dict[str, list[FacetValue]]
    context: list[Chip]
    no_answer: bool
    no_answer_reason: str | None
    corrected_from: str | None
    """The query as typed, when spelling was corrected; ``query`` is what was searched."""
    clarify: Clarify | None
    widened: Widened | None
    degraded: list[str]
    next_cursor: str | None
    took_ms: float
    timings_ms: dict[str, float] = field(default_factory=dict)
    index_as_of: str | None = None
    """While the database is out: when the index was last known to say the same (ISO 8601, UTC)."""


@dataclass(slots=True)
class TypeAheadItem:
    """One completion: an article's title with the matched character ranges."""

    article: int
    number: str
    title: str
    url: str
    highlights: list[tuple[int, int]]


@dataclass(slots=True)
class TypeAhead:
    """The answer to what was typed so far."""

    query_id: str
    query: str
    suggestions: list[TypeAheadItem]
