"""The answer while the database is out: from the index alone, for the public alone, and as of when it was last compared.

Nothing can be checked now. So whoever asks gets what the index holds for everybody, whatever his rights; no list goes on
by a cursor, whose articles may have been withdrawn from the public since; an unattended answer is a choice at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from indexers.engine import BrowseItem, Engine, Filter, Snapshot
from kb_service.articles.addresses import article_url
from kb_service.auth.actors import ANONYMOUS, PUBLIC
from kb_service.catalog.context import Match
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.db.failures import UNREACHABLE, is_collision, is_out_of_time
from kb_service.errors import Unavailable
from kb_service.search.answering import MAX_CHOICES, Answer, packets
from kb_service.search.breaker import Breaker
from kb_service.search.browsing import plain_response
from kb_service.search.checking import ArticleFacts, AuthorizedCandidate
from kb_service.search.fusion import Fused, Weights, fuse_above_floor
from kb_service.search.pipeline import Pipeline, make_filter
from kb_service.search.presenting import Presentation, present
from kb_service.search.ranking import Ranked
from kb_service.search.request import Hit, SearchRequest, SearchResponse, TypeAheadItem
from kb_service.search.retrieval import Retriever
from kb_service.search.understanding import Understood, understand
from kb_service.telemetry import Event, log

DATABASE_DOWN = "database_down"
PROBE_SECONDS = 2.0
RETRY_SECONDS = 5
T = TypeVar("T")


def is_down(error: BaseException) -> bool:
    """Whether the database cannot be used at all: not another change in the way, nor a full pool, nor a slow statement."""
    if is_collision(error) or is_out_of_time(error) or isinstance(error, PoolTimeout):
        return False
    return isinstance(error, UNREACHABLE) or type(error) is DatabaseError  # a damaged file is the latter


class DatabaseGuard:
    """Runs a question that the database checks. After three failures in a row one question in two seconds tries it."""

    def __init__(self, breaker: Breaker | None = None) -> None:
        self._breaker = breaker or Breaker(failures=3, seconds=PROBE_SECONDS)
        self.reached_at = utcnow()

    def run(self, work: Callable[[], T], instead: Callable[[datetime], T]) -> T:
        """``work``; ``instead``, with the time when the database answered last, while it is out."""
        if not self._breaker.allows():
            return instead(self.reached_at)
        try:
            answer = work()
        except Exception as error:
            if not is_down(error):
                self._breaker.succeeded()
                raise
            self._breaker.failed()
            log(Event.SEARCH_DEGRADED, "error", reason=DATABASE_DOWN, error=type(error).__name__)
            return instead(self.reached_at)
        self._breaker.succeeded()
        self.reached_at = utcnow()
        return answer


class IndexOnly:
    """Answers like the search service does, over the index alone. Thread-safe."""

    def __init__(self, engine: Engine, retriever: Retriever, pipeline: Pipeline, catalog: Catalog) -> None:
        self._engine, self._retriever, self._pipeline, self._catalog = engine, retriever, pipeline, catalog

    def search(self, request: SearchRequest, text: str, as_of: datetime) -> SearchResponse:
        """One page, the first."""
        if request.cursor:
            raise Unavailable("The list cannot go on just now; ask again shortly.", retry_after_seconds=RETRY_SECONDS)
        degraded = [DATABASE_DOWN]
        hits, total = self._hits(request, text, request.limit, degraded)
        response = plain_response(text, hits, total, "eq", None)
        response.degraded, response.index_as_of = degraded, as_of.isoformat(timespec="seconds")
        response.no_answer = bool(text) and not hits
        response.no_answer_reason = "nothing_found" if response.no_answer else None
        return response

    def answer(self, request: SearchRequest, text: str, as_of: datetime) -> Answer:
        """Choices at most, with the passage that was found as their text."""
        degraded = [DATABASE_DOWN]
        hits, _ = self._hits(request, text, MAX_CHOICES, degraded)
        outcome = "choices" if hits else "none"
        texts = {hit.article: {"text": hit.snippet.text} for hit in hits}
        return Answer("", outcome, packets(outcome, hits, texts), None, None if hits else "nothing_found", degraded)

    def suggest(self, request: SearchRequest, typed: str) -> list[TypeAheadItem]:
        """Titles that anybody may see."""
        snapshot, filter, _ = self._ready(request)
        found = snapshot.suggest(" ".join(typed.split())[-120:], filter, request.limit)
        stored = snapshot.stored([(s.article_id, None) for s in found])
        return [
            TypeAheadItem(s.article_id, number, s.title, article_url(number, s.title), list(s.matched))
            for s in found
            if s.article_id in stored and (number := stored[s.article_id].number)
        ]

    def _ready(self, request: SearchRequest) -> tuple[Snapshot, Filter, Mapping[str, Match]]:
        snapshot = self._engine.snapshot()
        if snapshot.passage_count() == 0:
            raise Unavailable("Neither database nor index can answer now.", retry_after_seconds=RETRY_SECONDS)
        stated = self._pipeline.stated_matches(self._pipeline.signatures(snapshot), request.stated)
        return snapshot, make_filter(replace(request, actor=ANONYMOUS), stated), stated or {}

    def _hits(self, request: SearchRequest, text: str, limit: int, degraded: list[str]) -> tuple[list[Hit], int]:
        snapshot, filter, stated = self._ready(request)
        understood = understand(text, snapshot, {}) if text else None
        if understood is None:
            items, total = snapshot.browse(filter, limit)
            found = [_browsed(item) for item in items]
        else:
            found = self._found(understood, snapshot, filter, degraded)
            total = len(found)
        return self._present(found[:limit], understood, snapshot, stated), total

    def _found(self, understood: Understood, snapshot: Snapshot, filter: Filter, degraded: list[str]) -> list[Fused]:
        legs = self._retriever.retrieve(understood, snapshot, filter)
        degraded += legs.degraded
        semantic = legs.semantic.candidates if legs.semantic else ()
        families: dict[int, Fused] = {}
        for candidate in fuse_above_floor(legs.lexical.candidates, semantic, Weights()):
            families.setdefault(candidate.family_id, candidate)
        return list(families.values())

    def _present(
        self, found: Sequence[Fused], understood: Understood | None, snapshot: Snapshot, stated: Mapping[str, Match]
    ) -> list[Hit]:
        stored = snapshot.stored([(c.article_id, c.passage) for c in found])
        facts = {
            c.article_id: _fact(c, stored[c.article_id].number)
            for c in found
            if c.article_id in stored and stored[c.article_id].revision == c.revision
        }
        ranked = [
            Ranked(AuthorizedCandidate(c, facts[c.article_id]), c.score, stated.get(c.key, Match.GENERAL), ())
            for c in found
            if c.article_id in facts
        ]
        terms = frozenset(understood.terms) if understood else frozenset[str]()
        identifiers = frozenset(i.lower() for i in understood.identifiers) if understood else frozenset[str]()
        signatures = self._pipeline.signatures(snapshot)
        return present(ranked, facts, Presentation(snapshot, self._catalog, signatures, terms, identifiers, False))


def _browsed(item: BrowseItem) -> Fused:
    return Fused(
        item.article_id, item.family_id, item.revision, 0, item.key, None, item.key, 0.0, None, None, None, None, False
    )


def _fact(candidate: Fused, number: str) -> ArticleFacts:
    """What the index knows; type, topics, votes and dates are the database's."""
    return ArticleFacts(
        candidate.article_id, candidate.revision, frozenset({PUBLIC}), number, candidate.family_id, "", (), 0, 0, "",
        candidate.key, "",
    )  # fmt: skip
