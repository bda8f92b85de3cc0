"""The one path of a question, for every channel: search, answer, suggest, events."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from indexers.embedding.port import Encoder
from indexers.engine import Engine, Snapshot
from kb_service import metrics
from kb_service.catalog.context import Context
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from kb_service.search import browsing, cursor, spelling
from kb_service.search.answering import MAX_CHOICES, Answer, AnswerThresholds, decide, packets
from kb_service.search.channel_texts import channel_texts
from kb_service.search.curation import CurationCache
from kb_service.search.enriching import Enricher, presentation_of
from kb_service.search.fusion import Weights
from kb_service.search.guarding import EngineGuard
from kb_service.search.masking import mask
from kb_service.search.memo import Memo
from kb_service.search.models import QueryEvent, QueryLogRow
from kb_service.search.outage import DatabaseGuard, IndexOnly
from kb_service.search.pipeline import Found, Pipeline
from kb_service.search.presenting import present
from kb_service.search.query_log import QueryLog
from kb_service.search.request import SearchRequest, SearchResponse, TypeAhead
from kb_service.search.retrieval import Retriever
from kb_service.search.standby import Standby
from kb_service.search.suggesting import suggest
from kb_service.search.understanding import read_text
from kb_service.settings import Settings


class SearchService:
    """Answers questions over one engine, checked by one database. Thread-safe."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        encoder: Encoder,
        catalog: Catalog,
        settings: Settings,
        secret: bytes = b"",
    ) -> None:
        self.database, self.engine, self.catalog, self.settings = database, engine, catalog, settings
        self.retriever = Retriever(encoder, settings.retrieval_depth, settings.encoder_timeout_seconds)
        self.pipeline = Pipeline(database, catalog, self.retriever, Weights())
        self.curation = CurationCache(database)
        self.log = QueryLog(database)
        self._memo = Memo(self.pipeline.read_facts)
        self._enricher = Enricher(self.pipeline, catalog)
        self._guard = EngineGuard(engine)
        self._standby = Standby(database, catalog)
        self._outage = DatabaseGuard()
        self._index_only = IndexOnly(engine, self.retriever, self.pipeline, catalog)
        self._secret = secret or settings.secret_key.get_secret_value().encode() or secrets.token_bytes(32)

    def search(self, request: SearchRequest) -> SearchResponse:
        """Answer one question. Raises InvalidInput, TooLarge, UnknownCatalogEntry."""
        started = time.perf_counter()
        text = read_text(request.query)
        response = self._outage.run(
            lambda: self._guard.run(
                lambda snapshot: self._search(request, text, snapshot),
                lambda reason: self._standby.search(request, text, reason, (self._secret, _binding(request, text))),
            ),
            lambda as_of: self._index_only.search(request, text, as_of),
        )
        response.query_id = new_query_id()
        response.took_ms = (time.perf_counter() - started) * 1000
        self.record(request, text, response)
        return response

    def _search(self, request: SearchRequest, text: str, snapshot: Snapshot) -> SearchResponse:
        if request.cursor:
            return self._next_page(request, text, snapshot)
        if not text:
            return browsing.browse(request, snapshot, self.pipeline, self.catalog)
        return self._first_page(request, text, snapshot)

    def _first_page(self, request: SearchRequest, text: str, snapshot: Snapshot) -> SearchResponse:
        curation = self.curation.current()
        key = (
            None
            if request.options.chips
            else (
                snapshot.id,
                text,
                request.memo_key(),
                curation.stamp,
                self.catalog.indexes,
                self.pipeline.stamp(request),
            )
        )
        if key is not None and (again := self._memo.recall(key)) is not None:
            return again
        found = self.pipeline.run(request, text, snapshot, curation)
        corrected = None
        if not found.results and request.options.correct_spelling:
            corrected = spelling.correct(text, snapshot, request.actor.audiences)
            if corrected:
                found = self.pipeline.run(request, corrected, snapshot, curation)
        presentation = presentation_of(found, self.catalog, request.options.why)
        page = found.results[: request.limit]
        assembling = time.perf_counter()
        hits = present(page, found.facts, presentation)
        found.timings_ms["present"] = (time.perf_counter() - assembling) * 1000
        response = SearchResponse(
            query_id="",
            query=corrected or text,
            total=len(found.results),
            total_relation="gte" if found.candidates.is_full else "eq",
            hits=hits,
            facets={},
            context=[],
            no_answer=bool(found.refusal) or not found.results,
            no_answer_reason=found.refusal or (None if found.results else "nothing_found"),
            corrected_from=text if corrected else None,
            clarify=None,
            widened=None,
            degraded=found.degraded,
            next_cursor=self._cursor(request, corrected or text, found),
            took_ms=0.0,
            timings_ms=found.timings_ms,
        )
        self._enricher.enrich(response, request, found, curation)
        if key is not None and corrected is None:
            asked = [c.article_id for c in found.candidates.fused] + list(found.frame.pinned)
            self._memo.keep(key, asked, found.checked, response)
        return response

    def _cursor(self, request: SearchRequest, text: str, found: Found) -> str | None:
        rest = found.results[request.limit :]
        if not rest:
            return None
        ranked = [(r.candidate.fused.article_id, r.candidate.fused.passage) for r in rest]
        return cursor.make(self._secret, _binding(request, text), ranked)

    def _next_page(self, request: SearchRequest, text: str, snapshot: Snapshot) -> SearchResponse:
        if not text:
            return browsing.continue_browsing(request, snapshot, self.pipeline, self.catalog)
        remaining = cursor.read(self._secret, _binding(request, text), request.cursor or "")
        page, rest = remaining[: request.limit], remaining[request.limit :]
        hits = browsing.present_pairs(page, text, request, snapshot, self.pipeline, self.catalog)
        next_cursor = cursor.make(self._secret, _binding(request, text), rest) if rest else None
        return browsing.plain_response(text, hits, len(remaining), "gte", next_cursor)

    def answer(self, request: SearchRequest) -> Answer:
        """Decide for a channel that answers by itself. Raises as ``search``."""
        started = time.perf_counter()
        text = read_text(request.query)
        answer = self._outage.run(
            lambda: self._guard.run(
                lambda snapshot: self._answer(request, text, snapshot),
                lambda reason: self._standby.answer(request, text, reason),
            ),
            lambda as_of: self._index_only.answer(request, text, as_of),
        )
        answer.query_id = new_query_id()
        if request.options.log:
            logged = {"answer": "hits", "choices": "hits", "none": "no_answer"}[answer.outcome]
            took = (time.perf_counter() - started) * 1000
            shown = [packet.article for packet in answer.packets]
            self._put_log(request, text, answer.query_id, len(shown), logged, shown, answer.degraded, took)
        return answer

    def _answer(self, request: SearchRequest, text: str, snapshot: Snapshot) -> Answer:
        curation = self.curation.current()
        found = self.pipeline.run(request, text, snapshot, curation)
        clarify = self._enricher.clarify(found)
        outcome = decide(
            found, clarify, curation.calibration, AnswerThresholds(certainty=self.settings.answer_certainty)
        )
        hits = present(
            found.results[:MAX_CHOICES], found.facts, presentation_of(found, self.catalog, request.options.why)
        )
        chosen = hits[: 1 if outcome == "answer" else MAX_CHOICES] if outcome != "none" else []
        base = self.settings.base_url.rstrip("/")
        texts = channel_texts(self.database, self.catalog, [hit.article for hit in chosen], request.stated, base)
        return Answer(
            "", outcome, packets(outcome, chosen, texts), clarify if outcome == "choices" else None,
            found.refusal if outcome == "none" else None, found.degraded,
        )  # fmt: skip

    def suggest(self, text: str, request: SearchRequest) -> TypeAhead:
        """Type-ahead: titles that complete what was typed, checked like hits."""
        started = time.perf_counter()
        typed = read_text(text)
        found = self._outage.run(
            lambda: self._guard.run(
                lambda snapshot: suggest(typed, request, snapshot, self.pipeline),
                lambda _reason: self._standby.suggest(request, typed),
            ),
            lambda _as_of: self._index_only.suggest(request, typed),
        )
        answer = TypeAhead(new_query_id(), text, found)
        if request.options.log:
            self._put_log(request, text, answer.query_id, len(found), "hits" if found else "empty",
                          [s.article for s in found], [], (time.perf_counter() - started) * 1000)  # fmt: skip
        return answer

    def record(self, request: SearchRequest, text: str, response: SearchResponse) -> None:
        """Queue the question for the log."""
        metrics.observe_stages(response.timings_ms)
        if not request.options.log:
            return
        outcome = "empty" if not response.hits else "no_answer" if response.no_answer else "hits"
        ids = [hit.article for hit in response.hits]
        self._put_log(
            request, text, response.query_id, response.total, outcome, ids, response.degraded, response.took_ms
        )

    def _put_log(
        self, request: SearchRequest, text: str, query_id: str, total: int, outcome: str,
        article_ids: Sequence[int], degraded: Sequence[str], took_ms: float,
    ) -> None:  # fmt: skip
        metrics.observe_search(request.options.kind, outcome, took_ms / 1000, degraded)
        stated, inferred = _axes(request.stated), _axes(request.inferred)
        self.log.put(QueryLogRow, {
            "query_id": query_id, "created_at": utcnow(), "channel": request.channel, "kind": request.options.kind,
            "role": request.actor.role.value if request.actor.role else "anonymous", "session_id": request.session_id,
            "text": mask(text), "context": {"stated": stated, "inferred": inferred}, "total": total, "outcome": outcome,
            "article_ids": list(article_ids), "degraded": list(degraded), "took_ms": round(took_ms, 2),
        })  # fmt: skip

    def record_event(self, event: dict[str, Any]) -> None:
        """Queue what a person did with an answer (columns of QueryEvent)."""
        self.log.put(QueryEvent, {**event, "created_at": utcnow()})

    def session_queries(self, session_id: str, limit: int = 8) -> list[str]:
        """What was asked before in this session, newest first, each once."""
        with self.database.reading() as session:
            rows = session.scalars(
                select(QueryLogRow.text)
                .where(QueryLogRow.session_id == session_id, QueryLogRow.kind == "search", QueryLogRow.text != "")
                .order_by(QueryLogRow.created_at.desc())
                .limit(limit * 4)
            )
            return list(dict.fromkeys(rows))[:limit]

    def close(self) -> None:
        """Write what is queued and stop the pools."""
        self.log.close()
        self.retriever.close()
        if self.pipeline.reranking is not None:
            self.pipeline.reranking.close()


def new_query_id() -> str:
    """A random id, 22 characters."""
    return secrets.token_urlsafe(16)


def _axes(context: Context) -> dict[str, str]:
    pairs = (("product", context.product), ("version", context.version), ("os", context.os))
    return {name: value for name, value in pairs if value}


@lru_cache(maxsize=1024)
def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()[:24]


def _binding(request: SearchRequest, text: str) -> str:
    audiences = ",".join(sorted(request.actor.audiences))
    return _digest(
        f"{text}|{request.stated}|{audiences}|{request.language}|{sorted(request.types)}|{sorted(request.topics)}"
    )
