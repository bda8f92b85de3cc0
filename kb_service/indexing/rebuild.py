"""Builds a new generation beside the serving one, slice by slice, and swaps when nothing is missing.

Invariants: the new generation receives every change from its first moment on (the worker writes to all live ones), so
a build only has to bring what is outdated in it; it is compared with the database once more directly before the swap;
an interrupted build goes on where it stopped when its recipe still fits, and is discarded otherwise. Going back to the
generation before takes one swap; what has changed since is repaired at once by the feed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from indexers.engine import Engine
from indexers.planning import outdated
from indexers.worker import ChangeSource, Worker
from kb_service.db.session import Database
from kb_service.indexing.generations import discard_leftovers, recipe_of
from kb_service.indexing.requests import ROLLBACK, Progress, read_progress, write_progress
from kb_service.telemetry import Event, log

SLICE_ARTICLES = 32
REPORT_SECONDS = 0.5
POLL_SECONDS = 0.5


class Rebuild:
    """The writer's builder. Call ``step`` between drains, in the one thread that writes."""

    def __init__(
        self, database: Database, engine: Engine, changes: ChangeSource, worker: Worker, recipe: dict[str, object]
    ) -> None:
        self.on_rollback: Callable[[], None] = lambda: None
        """Called after a rollback: what changed since is not in that generation."""
        self._database = database
        self._engine = engine
        self._changes = changes
        self._worker = worker
        self._recipe = recipe
        self._generation: str | None = None
        self._todo: deque[tuple[int, int]] = deque()
        self._poison: set[int] = set()
        self._progress = Progress()
        self._started = self._reported = self._polled = self._asked_back = 0.0

    @property
    def is_building(self) -> bool:
        """Whether a generation is being built."""
        return self._generation is not None

    def take_over(self) -> None:
        """After this process became the writer: go on with an interrupted build, and start one if the recipe
        changed.
        """
        with self._worker.write_lock:
            self._generation = discard_leftovers(self._engine, self._recipe)
            is_outdated = recipe_of(self._engine, self._engine.generations()[0]) != self._recipe
        if self._generation is not None or is_outdated:
            self._begin(read_progress(self._database).request)

    def step(self) -> bool:
        """One slice of work; False when there is nothing to build."""
        self._answer_rollback()
        if self._generation is None and not self._accept():
            return False
        try:
            return self._advance()
        except Exception as error:
            self._report("building", error=f"{type(error).__name__}: {error}", at_once=True)
            raise

    def _accept(self) -> bool:
        """Start what was requested; looks at most twice a second."""
        if time.monotonic() - self._polled < POLL_SECONDS:
            return False
        self._polled = time.monotonic()
        asked = read_progress(self._database)
        if asked.is_open:
            self._begin(asked.request)
        return asked.is_open

    def _answer_rollback(self) -> None:
        """Go back when asked to; looks at most twice a second."""
        if time.monotonic() - self._asked_back < POLL_SECONDS:
            return
        self._asked_back = time.monotonic()
        asked = read_progress(self._database, ROLLBACK)
        if asked.is_open:
            error = self._refuse_rollback()
            generation = "" if error else self._roll_back()
            state = "failed" if error else "done"
            answer = replace(asked, state=state, generation=generation, error=error)
            write_progress(self._database, answer, ROLLBACK)

    def _refuse_rollback(self) -> str:
        if self._generation is not None:
            return f"Generation {self._generation} is being built. Wait until it serves, then go back."
        return "" if self._engine.previous_generation() else "There is no generation to go back to."

    def _roll_back(self) -> str:
        with self._worker.write_lock:
            previous = self._engine.previous_generation()
            assert previous is not None
            self._engine.activate(previous)
        log(Event.GENERATION_ACTIVATED, generation=previous, is_rollback=True)
        self.on_rollback()
        return previous

    def _begin(self, request: int) -> None:
        if self._generation is None:
            with self._worker.write_lock:
                self._generation = self._engine.begin_generation(self._recipe)
        self._todo.clear()
        self._poison.clear()
        self._started = time.monotonic()
        self._progress = Progress("building", request, self._generation)
        self._report("building", at_once=True)
        log(Event.GENERATION_STARTED, generation=self._generation)

    def _advance(self) -> bool:
        assert self._generation is not None
        if not self._todo and not self._look(self._generation):
            self._swap(self._generation)
            return True
        part = dict(self._todo.popleft() for _ in range(min(SLICE_ARTICLES, len(self._todo))))
        filled = self._worker.fill(self._generation, part)
        self._todo.extendleft((article_id, part[article_id]) for article_id in filled.later)
        self._poison |= filled.poison
        done, passages = self._progress.done + filled.articles, self._progress.passages + filled.passages
        self._progress = replace(self._progress, done=done, passages=passages)
        self._report("building")
        return True

    def _look(self, generation: str) -> bool:
        """Whether the generation lacks anything that the database wants; fills the list of what to do."""
        wanted = dict(self._changes.wanted_versions())
        held = dict(self._engine.indexed_versions(generation))
        lacking = [a for a in outdated(wanted, held) if a not in self._poison]
        self._todo.extend((a, wanted.get(a) or -held[a]) for a in lacking)
        done = sum(1 for version in held.values() if version > 0)
        self._progress = replace(self._progress, done=done, total=max(done + len(lacking), self._progress.total))
        return bool(lacking)

    def _swap(self, generation: str) -> None:
        with self._worker.write_lock:
            self._engine.commit(generation)
            self._engine.activate(generation)
        self._generation = None
        self._report("done", at_once=True)
        log(Event.GENERATION_ACTIVATED, generation=generation)

    def _report(self, state: str, error: str = "", at_once: bool = False) -> None:
        now = time.monotonic()
        if not at_once and now - self._reported < REPORT_SECONDS:
            return
        self._reported = now
        speed = self._progress.passages / max(now - self._started, 1e-3)
        done, total = self._progress.done, self._progress.total
        left = (now - self._started) / done * (total - done) if done and total else None
        if state == "done":
            self._progress, left = replace(self._progress, done=total), 0.0
        self._progress = replace(
            self._progress, state=state, passages_per_second=round(speed, 1), seconds_left=left, error=error
        )
        write_progress(self._database, self._progress)
