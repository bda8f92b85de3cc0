"""The stages of a search over one snapshot: filter, retrieve (cached), check, rank.

A cache entry holds *candidates* only, keyed by snapshot, audiences, context and text; the check runs on every request.
Degraded results are not cached.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from indexers.analysis import analyze_query, fold
from indexers.engine import Filter, Snapshot
from kb_service import metrics
from kb_service.catalog.context import Applicability, Context, Match, SignatureSet
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.session import Database
from kb_service.search import checking, evidence
from kb_service.search.checking import ArticleFacts
from kb_service.search.curation import Curation
from kb_service.search.fusion import Fused, Weights, fuse_above_floor
from kb_service.search.lifting import lift
from kb_service.search.promoting import promoted
from kb_service.search.ranking import Frame, Ranked, keep_one_per_family, score
from kb_service.search.request import SearchRequest
from kb_service.search.reranking import Reranking, texts_of
from kb_service.search.retrieval import Retriever
from kb_service.search.signals import SignalSource
from kb_service.search.understanding import Understood, understand

_CACHE_ENTRIES = 2048
_LEADERS = 8
EMPTY = Context()


@dataclass(frozen=True, slots=True)
class Candidates:
    """The fused candidates of one question: unchecked."""

    understood: Understood
    fused: tuple[Fused, ...]
    evidence: evidence.Evidence
    is_full: bool
    degraded: tuple[str, ...]
    timings_ms: Mapping[str, float]

    @property
    def is_look_alike(self) -> bool:
        """The question is nothing but identifiers that stand nowhere: whatever was found only looks like them."""
        asked = self.understood
        words = set(analyze_query(" ".join(asked.identifiers)))
        return (
            bool(self.evidence.unknown_identifiers)
            and not self.evidence.known_identifiers
            and words >= set(asked.terms)
        )


@dataclass(slots=True)
class Found:
    """The result list of one question, checked and ranked, with what later stages need."""

    snapshot: Snapshot
    frame: Frame
    candidates: Candidates
    results: list[Ranked]
    leaders: list[Ranked]
    """The first candidates before families: what a clarifying question separates."""
    facts: dict[int, ArticleFacts]
    """Of those articles that the reader may see."""
    checked: dict[int, ArticleFacts]
    """Everything that the check read."""
    dropped: int
    refusal: str | None
    timings_ms: dict[str, float] = field(default_factory=dict)
    reranker_out: str | None = None
    """Why the reranker had no say, where there is one."""

    @property
    def degraded(self) -> list[str]:
        """What was missing, by name."""
        return [*self.candidates.degraded, *([self.reranker_out] if self.reranker_out else [])]


@lru_cache(maxsize=50_000)
def _parsed(canonical: str) -> Applicability:
    return Applicability.from_canonical(canonical)


class Pipeline:
    """Runs requests through the stages. Thread-safe."""

    def __init__(self, database: Database, catalog: Catalog, retriever: Retriever, weights: Weights) -> None:
        self._database = database
        self._catalog = catalog
        self._retriever = retriever
        self._weights = weights
        self.sources: list[SignalSource] = []
        self.reranking: Reranking | None = None
        self._cache: OrderedDict[tuple[object, ...], Candidates] = OrderedDict()
        self._signatures: OrderedDict[tuple[object, ...], SignatureSet] = OrderedDict()
        self._lock = threading.Lock()

    def run(self, request: SearchRequest, text: str, snapshot: Snapshot, curation: Curation) -> Found:
        """Filter, retrieve, check and rank one question."""
        started = time.perf_counter()
        signatures = self.signatures(snapshot)
        stated = self.stated_matches(signatures, request.stated)
        filter = make_filter(request, stated)
        candidates = self._candidates(request, text, snapshot, curation, filter)
        retrieved = time.perf_counter()
        pinned = curation.pinned(text, request.stated)
        facts = self.read_facts([c.article_id for c in candidates.fused] + list(pinned))
        passed, dropped = checking.authorise(candidates.fused, facts, request.actor.audiences)
        passed += promoted(pinned, passed, facts, filter, signatures)
        metrics.STALE_HITS.inc(dropped)
        checked = time.perf_counter()
        inferred = self._inferred(request, text)
        frame = Frame(
            request.stated, inferred, stated or {}, signatures.covering(inferred) if not inferred.is_empty else {},
            signatures, pinned, frozenset(fold(i) for i in candidates.understood.identifiers), request.options.signals,
        )  # fmt: skip
        scored = score(passed, frame, {})
        results = keep_one_per_family(scored, frame)
        if candidates.is_look_alike:
            results = [result for result in results if result.pinned]
        results, reranker_out = self._reranked(results, request, candidates.understood, snapshot)
        results = self._lifted(results, request)
        visible = {i: f for i, f in facts.items() if not f.audience.isdisjoint(request.actor.audiences)}
        timings = dict(candidates.timings_ms)
        timings["check"] = (checked - retrieved) * 1000
        timings["rank"] = (time.perf_counter() - checked) * 1000
        timings["retrieve"] = (retrieved - started) * 1000
        is_pinned = bool(results and results[0].pinned)  # a person said what the answer is
        refusal = None if is_pinned else evidence.refusal(candidates.evidence, curation.calibration)
        return Found(
            snapshot, frame, candidates, results, scored[:_LEADERS], visible, facts, dropped, refusal, timings, reranker_out
        )  # fmt: skip

    def stamp(self, request: SearchRequest) -> Hashable:
        """What rooms above say to this actor, as a value to compare; None: nothing."""
        said = tuple(source.stamp(request.actor) for source in self.sources)
        return said if any(stamp is not None for stamp in said) else None

    def _reranked(
        self, results: list[Ranked], request: SearchRequest, understood: Understood, snapshot: Snapshot
    ) -> tuple[list[Ranked], str | None]:
        if self.reranking is None or not request.options.signals:
            return results, None
        return self.reranking.rerank(understood.text, results, texts_of(snapshot))

    def _lifted(self, results: list[Ranked], request: SearchRequest) -> list[Ranked]:
        if request.options.kind == "answer" or not request.options.signals:
            return results  # a channel answers everybody alike
        ids = [result.candidate.fused.article_id for result in results]
        for source in self.sources:
            results = lift(results, source.signals(ids, request.actor))
        return results

    def read_facts(self, article_ids: list[int]) -> dict[int, ArticleFacts]:
        """The one set query of the check."""
        with self._database.engine.connect() as connection:
            return checking.read_facts(connection, article_ids)

    def signatures(self, snapshot: Snapshot) -> SignatureSet:
        """The parsed applicabilities of a snapshot; the last few snapshots are kept."""
        named = self._catalog.named_versions()
        key = (snapshot.id, named)
        found = self._signatures.get(key)
        if found is None:
            parsed = {k: _parsed(canonical) for k, canonical in snapshot.applicabilities().items()}
            found = SignatureSet(parsed, named)
            with self._lock:
                self._signatures[key] = found
                while len(self._signatures) > 4:
                    self._signatures.popitem(last=False)
        return found

    def stated_matches(self, signatures: SignatureSet, stated: Context) -> Mapping[str, Match] | None:
        """Covering keys of the stated context; None when nothing was stated."""
        return None if stated.is_empty else signatures.covering(stated)

    def _inferred(self, request: SearchRequest, text: str) -> Context:
        """Inferred axes: given ones, else what the text itself mentions; never beside a stated one."""
        mentioned = self._catalog.current().find_in_text(text[:2000]) if text else EMPTY
        given = request.inferred
        product = None if request.stated.product else (given.product or mentioned.product)
        version = None if request.stated.version else (given.version or mentioned.version)
        os = None if request.stated.os else (given.os or mentioned.os)
        if version and not (product or request.stated.product):
            version = None
        if version and not product:
            product = request.stated.product
        return Context(product, version, os)

    def _candidates(
        self, request: SearchRequest, text: str, snapshot: Snapshot, curation: Curation, filter: Filter
    ) -> Candidates:
        key = (snapshot.id, request.actor.audiences, request.stated, filter.language, filter.types, filter.topics, text,
               curation.stamp)  # fmt: skip
        found = self._cache.get(key)
        if found is not None:
            with self._lock:
                if key in self._cache:
                    self._cache.move_to_end(key)
            return replace(found, timings_ms={})
        found = self._retrieve(text, snapshot, curation.expansions(request.stated), filter, curation.weights)
        if not found.degraded:
            self._remember(key, found)
        return found

    def _remember(self, key: tuple[object, ...], found: Candidates) -> None:
        with self._lock:
            self._cache[key] = found
            while len(self._cache) > _CACHE_ENTRIES:
                self._cache.popitem(last=False)

    def _retrieve(
        self,
        text: str,
        snapshot: Snapshot,
        synonyms: Mapping[str, tuple[str, ...]],
        filter: Filter,
        fitted: Weights | None,
    ) -> Candidates:
        started = time.perf_counter()
        understood = understand(text, snapshot, synonyms)
        analysed = time.perf_counter()
        legs = self._retriever.retrieve(understood, snapshot, filter)
        merged = time.perf_counter()
        semantic = legs.semantic.candidates if legs.semantic else ()
        fused = fuse_above_floor(legs.lexical.candidates, semantic, fitted or self._weights, legs.support)
        known = any(c.has_identifier for c in legs.lexical.candidates)
        timings = dict(legs.timings_ms)
        timings["understand"] = (analysed - started) * 1000
        timings["fuse"] = (time.perf_counter() - merged) * 1000
        return Candidates(
            understood,
            tuple(fused),
            evidence.gather(legs.lexical, legs.semantic, known),
            legs.lexical.is_full or bool(legs.semantic and legs.semantic.is_full),
            tuple(legs.degraded),
            timings,
        )


def make_filter(request: SearchRequest, stated: Mapping[str, Match] | None) -> Filter:
    """One value that both retrievers obey."""
    return Filter(
        audiences=request.actor.audiences,
        keys=None if stated is None else frozenset(stated),
        language=request.language,
        types=request.types or None,
        topics=request.topics or None,
    )
