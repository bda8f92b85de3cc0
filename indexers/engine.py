"""The port of the retrieval engine, implemented by every adapter and held by one conformance suite.

Writers: ``upsert`` and ``withdraw`` carry the article's ``index_version`` and are idempotent; an older
version never overwrites a newer one, nor a tombstone. ``commit`` makes everything before it durable and,
within a second, visible to readers of every process.

Readers: ``snapshot()`` is cheap and immutable: every call on one snapshot sees one state. Filters are applied
*before* ranking and are the same for both retrievers. Scores are raw (BM25; cosine), larger is better.

Errors: EngineUnavailable (the engine cannot serve or write now), PoisonDocument (this one document can
never be indexed; the rest of the batch was).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from indexers.document import IndexedArticle

Vector = npt.NDArray[np.float32]


class EngineUnavailable(Exception):
    """The engine cannot be reached or cannot do this now; the message says what to do."""


class PoisonDocument(Exception):
    """These articles can never be indexed as they are; all others of the batch were."""

    def __init__(self, errors: Mapping[int, str]) -> None:
        super().__init__("; ".join(f"article {article}: {error}" for article, error in errors.items()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Filter:
    """What may be retrieved: passages and titles whose key is in ``keys`` and whose audience meets ``audiences``.

    ``keys`` None: every key. ``language`` None: every language.
    """

    audiences: frozenset[str]
    keys: frozenset[str] | None = None
    language: str | None = None
    types: frozenset[str] | None = None
    topics: frozenset[str] | None = None
    """Topic paths; an article matches when one of its topics is one of these or lies beneath one."""


@dataclass(frozen=True, slots=True)
class WeightedTerm:
    """One analysed query term. ``is_identifier``: matched as a whole, case-insensitively, never stemmed or corrected."""

    text: str
    weight: float = 1.0
    is_identifier: bool = False
    is_decisive: bool = True
    """An identifier: articles that contain it stand above all that do not. Else it is a term like another."""


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """An analysed question: at most 64 weighted terms; no query syntax exists.

    ``phrases`` are word sequences that are worth more when they stand together.
    """

    terms: tuple[WeightedTerm, ...]
    phrases: tuple[tuple[str, ...], ...] = ()
    title_weight: float = 2.0
    """What a word in the title is worth against one in the text; by measurement, per kind of question."""


class Candidate(NamedTuple):
    """An unchecked answer of a retriever: an article and its best passage (None: only the title matched)."""

    article_id: int
    family_id: int
    revision: int
    index_version: int
    key: str
    """The article's own key."""
    passage: int | None
    passage_key: str
    score: float
    has_identifier: bool = False


@dataclass(frozen=True, slots=True)
class LexicalEvidence:
    """What the lexical leg knows of the query as a whole, for the no-answer decision.

    ``matched_share``: idf-weighted share of the query's terms found in the first candidate, 0 to 1.
    ``unknown_identifiers``: identifiers of the query that stand nowhere within the filter.
    """

    matched_share: float = 0.0
    unknown_identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A retriever's list, best first. ``is_full``: more would have come at a greater depth."""

    candidates: tuple[Candidate, ...]
    is_full: bool = False
    evidence: LexicalEvidence = field(default_factory=LexicalEvidence)


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """The text of a candidate's passage as indexed, with what a result list shows of its article."""

    article_id: int
    revision: int
    number: str
    title: str
    short_answer: str
    passage: int
    anchor: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class BrowseItem:
    """One article when no question was asked."""

    article_id: int
    family_id: int
    revision: int
    key: str
    updated_at: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A title that completes what was typed. ``matched`` are character ranges of the title to highlight."""

    article_id: int
    family_id: int
    revision: int
    key: str
    title: str
    score: float
    matched: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What the index holds, for people."""

    engine: str
    generation: str
    recipe: Mapping[str, object]
    articles: int
    passages: int
    tombstones: int
    bytes_on_disk: int
    live_generations: tuple[str, ...]


class Snapshot(ABC):
    """One immutable state of one generation, as retrievers see it."""

    id: str
    """Changes whenever anything that can change a result changes; caches are keyed by it."""
    recipe_digest: str

    @abstractmethod
    def applicabilities(self) -> Mapping[str, str]:
        """Every applicability key in use, with its canonical text."""

    @abstractmethod
    def retrieve_lexical(self, query: LexicalQuery, filter: Filter, depth: int) -> Retrieved:
        """The best ``depth`` articles by words: title and keywords + best covered passage."""

    @abstractmethod
    def retrieve_semantic(self, vector: Vector, filter: Filter, depth: int) -> Retrieved:
        """The best ``depth`` articles by the cosine of their best covered passage; ``vector`` has shape (d,)."""

    def mean_cosines(self, vector: Vector, filter: Filter, article_ids: Sequence[int]) -> Mapping[int, float]:
        """The mean cosine of each article's covered passages: how much the whole of it is about the question.

        Empty from an engine that cannot say it cheaply; ranking then does without.
        """
        return {}

    @abstractmethod
    def stored(self, wanted: Sequence[tuple[int, int | None]]) -> dict[int, StoredPassage]:
        """Stored text for (article, passage) pairs; passage None: the first passage with the article's own key."""

    @abstractmethod
    def suggest(self, text: str, filter: Filter, limit: int) -> list[Suggestion]:
        """Titles that complete ``text`` as typed, with typo tolerance, best first."""

    @abstractmethod
    def browse(self, filter: Filter, limit: int, offset: int = 0) -> tuple[list[BrowseItem], int]:
        """Newest first, and the exact number of articles."""

    @abstractmethod
    def vocabulary(self, audiences: frozenset[str]) -> Mapping[str, int]:
        """Lower-case words of titles and keywords that these audiences may see, with document counts."""

    @abstractmethod
    def term_statistics(self, terms: Sequence[str]) -> dict[str, int]:
        """Document frequency of analysed terms in passages, for choosing a long query's terms."""

    @abstractmethod
    def passage_count(self) -> int:
        """How many live passages this state holds."""


class Engine(ABC):
    """A retrieval engine: generations of one index, one of which serves."""

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """The newest committed state of the serving generation."""

    @abstractmethod
    def generations(self) -> tuple[str, ...]:
        """Generations that must receive every change: the serving one first, then one being built."""

    @abstractmethod
    def indexed_versions(self, generation: str) -> Mapping[int, int]:
        """article_id → index_version held (tombstones included, as negative versions), for planning and reconcile."""

    def held_versions(self, generation: str, article_ids: Sequence[int]) -> Mapping[int, int]:
        """``indexed_versions`` of these articles alone, as cheaply as the engine can."""
        held = self.indexed_versions(generation)
        return {article: held[article] for article in article_ids if article in held}

    def previous_generation(self) -> str | None:
        """The one that served before and can be activated again; None when there is none."""
        return None

    @abstractmethod
    def upsert(self, generation: str, articles: Sequence[tuple[IndexedArticle, Vector]]) -> None:
        """Write whole documents; vectors have shape (passages, d). Older versions are ignored."""

    @abstractmethod
    def withdraw(self, generation: str, articles: Sequence[tuple[int, int]]) -> None:
        """Tombstone (article_id, index_version) pairs; an older write cannot bring them back."""

    @abstractmethod
    def commit(self, generation: str) -> None:
        """Make all writes durable (fsync) and visible."""

    @abstractmethod
    def begin_generation(self, recipe: Mapping[str, object]) -> str:
        """Start an empty generation beside the serving one; it receives changes from now on."""

    @abstractmethod
    def activate(self, generation: str) -> None:
        """Swap serving to ``generation`` atomically; the former one stays for a rollback."""

    @abstractmethod
    def discard(self, generation: str) -> None:
        """Remove a generation that does not serve."""

    @abstractmethod
    def prune_tombstones(self, generation: str, older_than_seconds: float) -> int:
        """Forget old tombstones; returns how many."""

    @abstractmethod
    def status(self) -> IndexStatus:
        """Counts and sizes of the serving generation."""

    @abstractmethod
    def close(self) -> None:
        """Release files, locks and threads."""
