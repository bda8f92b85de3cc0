"""The answer while the index is out: by the database, and named so in ``degraded``.

No ranking by meaning, no facets, no clarifying question; an unattended answer is never more than a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from indexers.analysis import find_identifiers
from kb_service.articles.addresses import article_url
from kb_service.catalog.context import Match, SignatureSet
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.failures import is_out_of_time
from kb_service.db.session import Database
from kb_service.db.time_limit import time_limit
from kb_service.search import cursor, database_search
from kb_service.search.answering import MAX_CHOICES, Answer, packets
from kb_service.search.browsing import plain_response
from kb_service.search.channel_texts import channel_texts
from kb_service.search.database_search import LIMIT_SECONDS, MAX_FOUND, Condition, Place, Row, find
from kb_service.search.guarding import INDEX_EMPTY
from kb_service.search.highlighting import cut, highlights
from kb_service.search.presenting import analyse_word
from kb_service.search.request import AXES, Chip, Hit, SearchRequest, SearchResponse, Snippet, TypeAheadItem
from kb_service.telemetry import Event, log

DATABASE_SLOW = "database_slow"
_BROWSED = "browse-"
T = TypeVar("T")


class Standby:
    """Answers like the search service does, over one database alone. Thread-safe."""

    def __init__(self, database: Database, catalog: Catalog, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._database, self._catalog, self._limit = database, catalog, limit_seconds
        self._signatures = database_search.Signatures()

    def search(self, request: SearchRequest, text: str, reason: str, seal: tuple[bytes, str]) -> SearchResponse:
        """One page. ``seal`` (secret, binding) makes the cursors that the engine's lists have: either continues both."""
        degraded = [reason]
        ids, total = self._listed(request, text, seal, degraded)
        page, rest = ids[: request.limit], ids[request.limit :]
        hits = self.hits(page, text, request)
        more = cursor.make(*seal, [(article_id, None) for article_id in rest]) if rest else None
        response = plain_response(text, hits, total, "gte" if total == MAX_FOUND else "eq", more)
        response.degraded = [] if reason == INDEX_EMPTY and not hits else degraded
        response.context = self._chips(request)
        response.no_answer = bool(text) and not hits
        response.no_answer_reason = "nothing_found" if response.no_answer else None
        return response

    def answer(self, request: SearchRequest, text: str, reason: str) -> Answer:
        """Choices at most: nothing here is sure enough to be said unattended."""
        degraded = [reason]
        hits = self.hits(self._found(request, text, degraded)[:MAX_CHOICES], text, request)
        texts = channel_texts(self._database, self._catalog, [hit.article for hit in hits], request.stated)
        outcome = "choices" if hits else "none"
        return Answer("", outcome, packets(outcome, hits, texts), None, None if hits else "nothing_found", degraded)

    def suggest(self, request: SearchRequest, typed: str) -> list[TypeAheadItem]:
        """Titles by the beginning of a word."""

        def work(session: Session, conditions: Sequence[Condition]) -> list[TypeAheadItem]:
            places = database_search.complete(session, typed[-120:], conditions)
            rows = database_search.read(session, [p.article_id for p in places[: request.limit]], conditions)
            return [TypeAheadItem(a.id, a.number, a.title, article_url(a.number, a.title), []) for a, _revision in rows]

        return self._within(request, [], work, [])

    def hits(self, ids: Sequence[int], text: str, request: SearchRequest) -> list[Hit]:
        """The articles as hits, those that the reader may see in this context."""
        with self._database.reading() as session:
            signatures = self._signatures.current(session, self._catalog.named_versions())
            keys = _keys(request, signatures)
            rows = database_search.read(session, ids, database_search.allowed(request, keys))
        texts = channel_texts(self._database, self._catalog, [row.article.id for row in rows], request.stated)
        mark = _marker(text)
        return [self._hit(row, mark(texts.get(row.article.id, {}).get("text", "")), signatures, keys) for row in rows]

    def _listed(
        self, request: SearchRequest, text: str, seal: tuple[bytes, str], degraded: list[str]
    ) -> tuple[list[int], int]:
        if request.cursor and not request.cursor.startswith(_BROWSED):
            ids = [article_id for article_id, _ in cursor.read(*seal, request.cursor)]
            return ids, len(ids)
        if text:
            found = self._found(request, text, degraded)
            return found, len(found)
        place = (request.cursor or "").removeprefix(_BROWSED)
        offset = int(place) if place.isascii() and place.isdigit() and len(place) <= 8 else 0
        nothing: tuple[list[int], int] = ([], 0)
        ids, total = self._within(request, degraded, database_search.browse, nothing)
        return ids[offset:], total

    def _found(self, request: SearchRequest, text: str, degraded: list[str]) -> list[int]:
        terms = database_search.terms_of(text[:2000])
        nothing: list[Place] = []
        places = self._within(request, degraded, lambda session, allowed: find(session, terms, allowed), nothing)
        return [place.article_id for place in places]

    def _within(
        self,
        request: SearchRequest,
        degraded: list[str],
        work: Callable[[Session, Sequence[Condition]], T],
        otherwise: T,
    ) -> T:
        """``work`` within the limit of time; when that runs out ``otherwise``, and ``degraded`` says so."""
        try:
            with self._database.reading() as session:
                signatures = self._signatures.current(session, self._catalog.named_versions())
                conditions = database_search.allowed(request, _keys(request, signatures))
                with time_limit(session.connection(), self._limit):
                    return work(session, conditions)
        except DBAPIError as error:
            if not is_out_of_time(error):
                raise
        degraded.append(DATABASE_SLOW)
        log(Event.SEARCH_DEGRADED, "warning", reason=DATABASE_SLOW)
        return otherwise

    def _hit(self, row: Row, snippet: Snippet, signatures: SignatureSet, keys: Mapping[str, Match] | None) -> Hit:
        article = row.article
        match = (keys or {}).get(article.applicability_key, Match.GENERAL)
        return Hit(
            article.id, article.number, row.revision, article.title, article_url(article.number, article.title), 0.0,
            match.value, article.short_answer, snippet, article.type, list(article.topics),
            self._catalog.describe(signatures[article.applicability_key]), article.updated_at.date().isoformat(),
        )  # fmt: skip

    def _chips(self, request: SearchRequest) -> list[Chip]:
        named: dict[str, Callable[[str], str]] = {
            "product": self._catalog.product_name,
            "version": str,
            "os": self._catalog.os_name,
        }
        given = [(axis, getattr(request.stated, axis)) for axis in AXES]
        return [Chip(axis, value, named[axis](value), "stated") for axis, value in given if value]


def _keys(request: SearchRequest, signatures: SignatureSet) -> Mapping[str, Match] | None:
    return None if request.stated.is_empty else signatures.covering(request.stated)


def _marker(question: str) -> Callable[[str], Snippet]:
    """What makes a snippet of an article's text: the part with the question's words, marked."""
    terms = frozenset(database_search.terms_of(question))
    identifiers = frozenset(identifier.lower() for identifier in find_identifiers(question))

    def mark(text: str) -> Snippet:
        shown, ranges = cut(text, highlights(text, terms, analyse_word, identifiers))
        return Snippet("", "", shown, ranges)

    return mark
