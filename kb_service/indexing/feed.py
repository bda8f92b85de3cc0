"""The feed of one process: drains changes into the index while this process holds the writer lock, and waits for it
otherwise.

Invariants: whatever fails is logged and tried again, the threads end only by ``stop``; only the lock's holder writes
to the index; a lock whose holder died is taken over within two seconds; nothing here decides what readers may see.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import update

from indexers.embedding.port import Encoder
from indexers.engine import Engine
from indexers.reconcile import prune, reconcile
from indexers.vectors import index_recipe
from indexers.worker import Worker
from kb_service.db.base import utcnow
from kb_service.db.jobs import Job, JobRow, run_due
from kb_service.db.session import Database
from kb_service.indexing.commits import CommitWatch
from kb_service.indexing.generations import HasWriterLock, may_write_now, try_acquire_writer
from kb_service.indexing.rebuild import Rebuild
from kb_service.indexing.requests import request_reindex
from kb_service.indexing.source import FairChanges
from kb_service.indexing.status import RECONCILE
from kb_service.indexing.waiting import is_settled
from kb_service.metrics import SYNCED
from kb_service.telemetry import Event, log

if TYPE_CHECKING:
    from kb_service.assembly import Parts

RECONCILE_SECONDS = 600.0
PRUNE_SECONDS = 3600.0
POLL_SECONDS = 0.2
JOBS_SECONDS = 2.0
WITHDRAW_SECONDS = 2.0
WATCH_SECONDS = 0.02


class IndexFeed:
    """Background threads that keep the index true. ``jobs``: other periodic work of the service (retention, …)."""

    def __init__(self, database: Database, engine: Engine, encoder: Encoder, jobs: Sequence[Job] = ()) -> None:
        self._database = database
        self._engine = engine
        self.changes = FairChanges(database)
        recipe = index_recipe(encoder)
        self.worker = Worker(self.changes, engine, encoder, recipe=recipe)
        self.rebuild = Rebuild(database, engine, self.changes, self.worker, recipe)
        self.rebuild.on_rollback = lambda: self._make_due(RECONCILE)
        self.is_writer = False
        self._jobs = [
            Job(RECONCILE, RECONCILE_SECONDS, self._reconcile),
            Job("index.prune_tombstones", PRUNE_SECONDS, self._prune),
            *jobs,
        ]
        self._runner = f"{socket.gethostname()}:{os.getpid()}"
        self._watch = CommitWatch(database, self.notify)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._drained = threading.Condition()
        self._threads: list[threading.Thread] = []

    @classmethod
    def of(cls, parts: Parts, jobs: Sequence[Job] = ()) -> IndexFeed:
        """The feed of a process's parts."""
        return cls(parts.database, parts.engine, parts.encoder, jobs)

    def start(self) -> None:
        """Start draining and periodic jobs in the background."""
        if self._threads:
            return
        self._stopping.clear()
        self._watch.start()
        for name, work, pause in (("kb-feed", self.step, POLL_SECONDS), ("kb-jobs", self._run_jobs, JOBS_SECONDS)):
            thread = threading.Thread(
                target=self._repeat, args=(work, pause, name == "kb-feed"), name=name, daemon=True
            )
            self._threads.append(thread)
            thread.start()
        log(Event.WORKER_STARTED, runner=self._runner)

    def stop(self, timeout_seconds: float = 30.0) -> None:
        """Finish the batch in hand and end the threads."""
        if not self._threads:
            return
        self._stopping.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout_seconds)
        self._threads.clear()
        self._watch.stop()
        log(Event.WORKER_STOPPED, runner=self._runner)

    def notify(self, article_ids: Sequence[int] = ()) -> None:
        """Something was committed; the named articles go first."""
        self.changes.hurry(article_ids)
        self._wake.set()

    def step(self) -> bool:
        """One round: lock, drain, build. Whether there may be more to do at once."""
        if not self._keep_lock() and not self._take_over():
            return False
        poisoned, was_waiting = self.worker.poisoned, self.worker.backoff.is_waiting
        drained = self.worker.drain_once()
        SYNCED.labels("indexed").inc(drained)
        SYNCED.labels("poisoned").inc(self.worker.poisoned - poisoned)
        SYNCED.labels("postponed").inc(self.worker.backoff.is_waiting and not was_waiting)
        if drained:
            log(Event.BATCH_INDEXED, "debug", articles=drained)
            with self._drained:
                self._drained.notify_all()
        if self.worker.backoff.is_waiting:
            return False
        return self.rebuild.step() or bool(drained)

    def wait_until_indexed(self, article_id: int, index_version: int, timeout_seconds: float = 10.0) -> bool:
        """Whether the change is in every live generation within the time; whichever process writes it."""
        deadline = time.monotonic() + timeout_seconds
        self.notify([article_id])
        while True:
            settled = is_settled(self._database, article_id)
            if settled is not None:
                return settled
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self._drained:
                self._drained.wait(min(WATCH_SECONDS, left))

    def withdraw_now(self, article_id: int, index_version: int) -> bool:
        """Apply a withdrawal or narrowing, already committed to the database, before it is acknowledged to a caller.

        False: not yet in every live generation; answer 202 "pending" (the check against the database protects readers).
        """
        if not self.is_writer and not may_write_now(self._engine):
            return self.wait_until_indexed(article_id, index_version, WITHDRAW_SECONDS)
        try:
            applied = self.worker.apply_now(article_id, index_version)
        except Exception as error:  # noqa: BLE001 - it is committed: whatever fails here, the feed brings it, later
            log(Event.PART_UNAVAILABLE, "warning", part="engine", cause=type(error).__name__)
            return False
        log(Event.ARTICLE_WITHDRAWN, article_id=article_id, index_version=index_version)
        return applied

    def _repeat(self, work: Callable[[], bool], pause: float, wakes: bool) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                more, failures = work(), 0
            except Exception as error:  # noqa: BLE001 - the feed outlives every failure
                failures += 1
                SYNCED.labels("failed").inc()
                more = False
                log(Event.WORKER_FAILED, "error", cause=repr(error)[:500], failures=failures)
            if not more:
                self._pause(min(pause * 2 ** min(failures, 5), 5.0) if failures else pause, wakes and not failures)

    def _pause(self, seconds: float, wakes: bool) -> None:
        if not wakes:
            self._stopping.wait(seconds)
            return
        self._wake.wait(seconds)
        self._wake.clear()

    def _keep_lock(self) -> bool:
        """Whether this process is still the writer: a lease must be renewed and may be lost, a file's lock is kept."""
        if self.is_writer and not try_acquire_writer(self._engine):
            self.is_writer = False
        return self.is_writer

    def _take_over(self) -> bool:
        if not try_acquire_writer(self._engine):
            return False
        if isinstance(self._engine, HasWriterLock):
            self.changes.take_over()  # elsewhere other workers live, and their leases with them
        self.rebuild.take_over()
        self._make_due(RECONCILE)
        self.is_writer = True
        return True

    def _run_jobs(self) -> bool:
        if self._keep_lock():
            for name in run_due(self._database, self._jobs, self._runner):
                log(Event.JOB_RAN, "debug", job=name)
        return False

    def _reconcile(self) -> str:
        found = reconcile(self.changes, self._engine, self.changes.repair)
        if not found.is_clean:
            log(Event.INDEX_REPAIRED, "warning", missing=found.missing, lingering=found.lingering, ahead=found.ahead)
            self._wake.set()
        if found.ahead and not self.rebuild.is_building:
            request_reindex(self._database)
        return str(found)

    def _prune(self) -> str:
        with self.worker.write_lock:
            return f"tombstones pruned: {prune(self._engine)}"

    def _make_due(self, job: str) -> None:
        with self._database.writing() as session:
            session.execute(update(JobRow).where(JobRow.name == job).values(next_run_at=utcnow(), leased_until=None))
