"""Both retrievers in parallel, within deadlines; what fails is named and the rest answers.

The words' retriever runs in the caller's thread, encoding and the meaning's retriever in a pool. After three failures
in a row the encoder is left alone for ten seconds, then one question in ten seconds tries it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field

from indexers.embedding.port import Encoder, EncoderUnavailable
from indexers.engine import EngineUnavailable, Filter, Retrieved, Snapshot
from kb_service.search.breaker import Breaker
from kb_service.search.understanding import Understood
from kb_service.telemetry import Event, log

ENCODER_SLOW = "encoder_slow"
ENCODER_FAILED = "encoder_failed"
ENCODER_CHANGED = "encoder_changed"
VECTORS_FAILED = "vectors_failed"


Meant = tuple[Retrieved, Mapping[int, float]]


@dataclass(slots=True)
class Legs:
    """What both retrievers brought, the reasons for what is missing, and the time of each stage in ms."""

    lexical: Retrieved
    semantic: Retrieved | None
    degraded: list[str] = field(default_factory=list)
    timings_ms: dict[str, float] = field(default_factory=dict)
    support: Mapping[int, float] = field(default_factory=dict)
    """Of a description: the mean cosine of whole articles."""


class Retriever:
    """Runs one analysed question against one snapshot."""

    def __init__(self, encoder: Encoder, depth: int, timeout_seconds: float, workers: int = 8) -> None:
        self.encoder = encoder
        self._depth = depth
        self._timeout = timeout_seconds
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="retrieve")
        self._breaker = Breaker()

    def retrieve(self, understood: Understood, snapshot: Snapshot, filter: Filter) -> Legs:
        """Both lists; the semantic one is None when the encoder is out, and ``degraded`` says why."""
        started = time.perf_counter()
        timings: dict[str, float] = {}
        refusal = self._refusal(snapshot)
        future = None if refusal else self._pool.submit(self._semantic, understood, snapshot, filter, timings)
        lexical = snapshot.retrieve_lexical(understood.lexical, filter, self._depth)
        timings["lexical"] = (time.perf_counter() - started) * 1000
        if future is None:
            return Legs(lexical, None, [refusal] if refusal else [], timings)
        found, reason = self._await(future)
        semantic, support = found or (None, {})
        return Legs(lexical, semantic, [reason] if reason else [], timings, support)

    def close(self) -> None:
        """Stop the pool."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _refusal(self, snapshot: Snapshot) -> str | None:
        if snapshot.recipe_digest != self.encoder.recipe.digest():
            return ENCODER_CHANGED
        return None if self._breaker.allows() else ENCODER_FAILED

    def _semantic(self, understood: Understood, snapshot: Snapshot, filter: Filter, timings: dict[str, float]) -> Meant:
        started = time.perf_counter()
        vector = self.encoder.encode_queries([understood.text])[0]
        encoded = time.perf_counter()
        found = snapshot.retrieve_semantic(vector, filter, self._depth)
        ids = [candidate.article_id for candidate in found.candidates] if understood.is_long else []
        support = snapshot.mean_cosines(vector, filter, ids) if ids else {}
        timings["encode"] = (encoded - started) * 1000
        timings["semantic"] = (time.perf_counter() - encoded) * 1000
        return found, support

    def _await(self, future: Future[Meant]) -> tuple[Meant | None, str | None]:
        try:
            found = future.result(self._timeout)
        except (FutureTimeout, EncoderUnavailable) as exc:
            reason = ENCODER_SLOW if isinstance(exc, FutureTimeout) else ENCODER_FAILED
            self._breaker.failed()
            log(Event.SEARCH_DEGRADED, reason=reason)
            return None, reason
        except EngineUnavailable:  # the words were found; of the encoder this says nothing
            log(Event.SEARCH_DEGRADED, reason=VECTORS_FAILED)
            return None, VECTORS_FAILED
        except Exception:  # noqa: BLE001 - whatever breaks in a model, the words still answer
            self._breaker.failed()
            log(Event.SEARCH_DEGRADED, reason=ENCODER_FAILED)
            return None, ENCODER_FAILED
        self._breaker.succeeded()
        return found, None
