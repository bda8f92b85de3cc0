"""The query log, off the request's path: a bounded queue and one writer; drops are counted and logged.

One row per question on every path, type-ahead and suggestions too; text masked and cut before it is queued.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from kb_service import metrics
from kb_service.db.base import Base, utcnow
from kb_service.db.failures import UNREACHABLE
from kb_service.db.session import Database
from kb_service.search.models import QueryEvent, QueryLogRow
from kb_service.telemetry import Event, log

_FLUSH_SECONDS = 0.5
_MAX_BATCH = 500
_PATIENCE_SECONDS = 1.0


class QueryLog:
    """Queues rows and writes them in batches from a thread of its own."""

    def __init__(self, database: Database, capacity: int = 10_000) -> None:
        self._database = database
        self._queue: queue.Queue[tuple[type[Base], dict[str, Any]]] = queue.Queue(capacity)
        self._stop = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()
        self.dropped = 0

    def put(self, model: type[Base], row: dict[str, Any]) -> None:
        """Queue one row; when the queue is full it is dropped and counted."""
        try:
            self._queue.put_nowait((model, row))
        except queue.Full:
            self.dropped += 1
            return
        if self._thread is None:
            self._start()

    def flush(self, timeout_seconds: float = 5.0) -> None:
        """Wait until everything queued so far is written."""
        deadline = threading.Event()
        for _ in range(int(timeout_seconds / 0.02)):
            if self._queue.empty() and self._idle.is_set():
                return
            deadline.wait(0.02)

    def close(self) -> None:
        """Write what is queued and stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="query-log", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not (self._stop.is_set() and self._queue.empty()):
            self._stop.wait(_FLUSH_SECONDS)
            self._idle.clear()
            batch = self._drain()
            if batch:
                self._write(batch)
            self._idle.set()

    def _drain(self) -> list[tuple[type[Base], dict[str, Any]]]:
        batch: list[tuple[type[Base], dict[str, Any]]] = []
        while len(batch) < _MAX_BATCH:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write(self, batch: Sequence[tuple[type[Base], dict[str, Any]]]) -> None:
        try:
            self._database.write(lambda session: _insert(session, batch))
        except SQLAlchemyError as exc:
            if isinstance(exc, UNREACHABLE) and not self._stop.is_set():
                batch = self._give_back(batch)
            self.dropped += len(batch)
            metrics.LOG_DROPPED.inc(len(batch))
            log(Event.QUERY_LOG_DROPPED, "warning", rows=len(batch), error=type(exc).__name__)

    def _give_back(self, batch: Sequence[tuple[type[Base], dict[str, Any]]]) -> list[tuple[type[Base], dict[str, Any]]]:
        """Keep rows for when the database is back, as many as the queue holds; returns those that it does not."""
        self._stop.wait(_PATIENCE_SECONDS)
        for place, item in enumerate(batch):
            try:
                self._queue.put_nowait(item)
            except queue.Full:
                return list(batch[place:])
        return []


def _insert(session: Session, batch: Sequence[tuple[type[Base], dict[str, Any]]]) -> None:
    for model in (QueryLogRow, QueryEvent):
        rows = [row for kind, row in batch if kind is model]
        if rows:
            session.execute(insert(model), rows)


def forget_old(database: Database, days: int) -> str:
    """Delete rows older than ``days``; returns a line for the job's record."""
    before = utcnow() - timedelta(days=days)
    with database.writing() as session:
        queries = session.execute(delete(QueryLogRow).where(QueryLogRow.created_at < before))
        events = session.execute(delete(QueryEvent).where(QueryEvent.created_at < before))
    return f"forgot {getattr(queries, 'rowcount', 0)} queries and {getattr(events, 'rowcount', 0)} events"
