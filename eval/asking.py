"""Asks every question through the real path, SearchService.search in this process, and scores what comes back.

Invariants: the query log is off; the context goes as stated (or as inferred, or not at all) and is resolved as a caller's
is; a question whose context is refused counts as one without results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from eval.datasets import Dataset, Document, Query
from eval.knowledge import KnowledgeBase
from eval.scoring import Judged
from kb_service.catalog.applies_to import read_applies_to
from kb_service.catalog.context import Applicability, Context, covers
from kb_service.errors import KbError
from kb_service.search.request import SearchOptions, SearchRequest, SearchResponse

DEPTH = 100
NOTHING_GIVEN = Context()
OPTIONS = SearchOptions(facets=False, widen=False, log=False)


class ContextMode(StrEnum):
    """How the question's context reaches the search."""

    STATED = "stated"
    INFERRED = "inferred"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Answered:
    """What one question got: document ids best first with their scores, and the time that the call took."""

    query: Query
    ranking: tuple[str, ...]
    scores: tuple[float, ...]
    took_ms: float
    response: SearchResponse | None = None
    error: str | None = None


@dataclass
class Asker:
    """Asks one knowledge base. ``mode``: what happens with each question's context."""

    base: KnowledgeBase
    mode: ContextMode = ContextMode.STATED
    options: SearchOptions = field(default=OPTIONS)

    def ask(self, query: Query, limit: int = DEPTH) -> Answered:
        """One question, with the context as the mode says."""
        try:
            request = self.request(query, limit)
        except KbError as error:
            return Answered(query, (), (), 0.0, None, error.detail)
        return self.send(query, request)

    def send(self, query: Query, request: SearchRequest) -> Answered:
        """A request as it is."""
        started = time.perf_counter()
        response = self.base.parts.search.search(request)
        took_ms = (time.perf_counter() - started) * 1000
        external = self.base.external_ids
        hits = [(external[hit.article], hit.score) for hit in response.hits if hit.article in external]
        return Answered(query, tuple(i for i, _ in hits), tuple(s for _, s in hits), took_ms, response)

    def request(self, query: Query, limit: int = DEPTH) -> SearchRequest:
        """The question as the search takes it. Raises InvalidInput, UnknownCatalogEntry."""
        context = NOTHING_GIVEN if self.mode is ContextMode.NONE else self.context(query)
        stated = context if self.mode is ContextMode.STATED else NOTHING_GIVEN
        inferred = context if self.mode is ContextMode.INFERRED else NOTHING_GIVEN
        return SearchRequest(query.text, stated, inferred, channel="eval", limit=limit, options=self.options)

    def context(self, query: Query) -> Context:
        """The question's context through the catalogue. Raises InvalidInput, UnknownCatalogEntry."""
        given = query.context
        return self.base.parts.catalog.resolve_context(given.get("product"), given.get("version"), given.get("os"))


class Judge:
    """Knows which documents are for a question's context: by their own metadata, and by the filter's set of keys."""

    def __init__(self, asker: Asker, documents: Mapping[str, Document]) -> None:
        self._asker = asker
        self._base = asker.base
        self._documents = documents
        self._applicabilities: dict[str, Applicability] = {}

    def judge(self, answered: Answered, grades: Mapping[str, int]) -> Judged:
        """One judged question, ready to be scored."""
        try:
            context = self._asker.context(answered.query)
        except KbError:
            return Judged(answered.query, grades, answered.ranking, lambda _: True, lambda _: False)
        kept = self._kept(context)
        return Judged(answered.query, grades, answered.ranking, lambda d: self.covers(d, context), kept)

    def covers(self, document: str, context: Context) -> bool:
        """The pure predicate on the document's own applies_to."""
        return covers(self.applicability(document), context, self._base.parts.catalog.named_versions()) is not None

    def applicability(self, document: str) -> Applicability:
        """The document's applies_to as the corpus states it."""
        found = self._applicabilities.get(document)
        if found is None:
            found = read_applies_to(self._documents[document].applies_to, self._base.parts.catalog)
            self._applicabilities[document] = found
        return found

    def _kept(self, context: Context) -> Callable[[str], bool]:
        if self._asker.mode is not ContextMode.STATED or context.is_empty:
            return lambda _: True
        pipeline, snapshot = self._base.parts.search.pipeline, self._base.parts.engine.snapshot()
        keys = pipeline.signatures(snapshot).covering(context)
        return lambda document: self._base.keys.get(document) in keys


def ask_all(asker: Asker, queries: Sequence[Query], step: Callable[[], None], limit: int = DEPTH) -> list[Answered]:
    """Every question once, in order; ``step`` is called after each."""
    answered = []
    for query in queries:
        answered.append(asker.ask(query, limit))
        step()
    return answered


def judge_all(judge: Judge, dataset: Dataset, answered: Iterable[Answered]) -> list[Judged]:
    """The judged ones among the answered questions."""
    return [judge.judge(one, dataset.qrels[one.query.id]) for one in answered if dataset.qrels.get(one.query.id)]
