"""A second look at the best twenty by a model that reads question and passage together; off unless KB_RERANKER names one.

Invariants: the list holds the same results before and after, and the same scores in the same order; a pinned answer stays
above, then what names the code that was asked for; late or broken, the order stays as it was and ``degraded`` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout

from indexers.embedding.reranking import Reranker
from indexers.engine import Snapshot
from kb_service.search.breaker import Breaker
from kb_service.search.ranking import Ranked
from kb_service.search.signals import Signal
from kb_service.telemetry import Event, log

TOP = 20
RERANKER_SLOW = "reranker_slow"
RERANKER_FAILED = "reranker_failed"

ReadTexts = Callable[[Sequence[Ranked]], Sequence[str]]


class Reranking:
    """Runs a reranker within a deadline. After three failures in a row it is left alone for ten seconds. Thread-safe."""

    def __init__(self, reranker: Reranker, timeout_seconds: float) -> None:
        self._reranker, self._timeout = reranker, timeout_seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="rerank")
        self._breaker = Breaker()

    def rerank(self, question: str, results: list[Ranked], read: ReadTexts) -> tuple[list[Ranked], str | None]:
        """The results with the best twenty in the reranker's order; or as they were, and why."""
        top = results[:TOP]
        if len(top) < 2:
            return results, None
        if not self._breaker.allows():
            return results, RERANKER_FAILED
        future = self._pool.submit(lambda: self._reranker.score(question, read(top)))
        try:
            scores = future.result(self._timeout)
        except Exception as error:  # noqa: BLE001 - whatever breaks in a model, the list is there without it
            future.cancel()
            self._breaker.failed()
            reason = RERANKER_SLOW if isinstance(error, FutureTimeout) else RERANKER_FAILED
            log(Event.SEARCH_DEGRADED, reason=reason)
            return results, reason
        self._breaker.succeeded()
        return [*reorder(top, scores), *results[TOP:]], None

    def close(self) -> None:
        """Stop the pool."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def reorder(top: Sequence[Ranked], scores: Sequence[float]) -> list[Ranked]:
    """The same results and the same scores, in the reranker's order (pure); equal ones stay as they stood."""

    def place(at: int) -> tuple[bool, bool, float]:
        return not top[at].pinned, not top[at].candidate.fused.has_identifier, -scores[at]

    order = sorted(range(len(top)), key=place)
    kept = sorted((result.score for result in top), reverse=True)
    return [
        top[at]._replace(score=score, signals=(*top[at].signals, _said(at, to)))
        for to, (at, score) in enumerate(zip(order, kept, strict=True))
    ]


def _said(before: int, after: int) -> Signal:
    moved = "stays" if before == after else f"was {before + 1}"
    return Signal("reranked", 0.0, f"read together with the question: {after + 1} ({moved})")


def texts_of(snapshot: Snapshot) -> ReadTexts:
    """Title, heading and passage of each result, as the index holds them."""

    def read(results: Sequence[Ranked]) -> list[str]:
        stored = snapshot.stored([(r.candidate.fused.article_id, r.candidate.fused.passage) for r in results])
        found = (stored.get(r.candidate.fused.article_id) for r in results)
        return ["\n".join(filter(None, (p.title, p.heading, p.text))) if p else "" for p in found]

    return read
