"""Who answers: the engine, or, when it cannot, whoever stands by."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from indexers.engine import Engine, Snapshot
from kb_service.errors import KbError
from kb_service.search.breaker import Breaker
from kb_service.telemetry import Event, log

ENGINE_DOWN = "engine_down"
INDEX_EMPTY = "index_empty"
PROBE_SECONDS = 2.0
T = TypeVar("T")


class EngineGuard:
    """Runs a question over the engine. After three failures in a row one question in two seconds tries it."""

    def __init__(self, engine: Engine, breaker: Breaker | None = None) -> None:
        self._engine = engine
        self._breaker = breaker or Breaker(failures=3, seconds=PROBE_SECONDS)

    def run(self, work: Callable[[Snapshot], T], instead: Callable[[str], T]) -> T:
        """``work`` over the newest snapshot; ``instead``, with the reason, when the engine fails or holds nothing."""
        if not self._breaker.allows():
            return instead(ENGINE_DOWN)
        try:
            snapshot = self._engine.snapshot()
            is_empty = snapshot.passage_count() == 0
            answer = None if is_empty else work(snapshot)
        except (KbError, SQLAlchemyError):
            self._breaker.succeeded()  # the question or the database is at fault, not the engine
            raise
        except Exception as error:  # noqa: BLE001 - whatever breaks in an engine, the database still answers
            self._breaker.failed()
            log(Event.SEARCH_DEGRADED, "error", reason=ENGINE_DOWN, error=type(error).__name__)
            return instead(ENGINE_DOWN)
        self._breaker.succeeded()
        return instead(INDEX_EMPTY) if answer is None else answer
