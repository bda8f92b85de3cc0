"""Requests for a new generation, or for the one before, and their progress: rows that any process may write and follow.

Invariants: whoever asks only writes the row; the writer of the index builds; a request survives the death of both.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from kb_service.db.base import utcnow
from kb_service.db.jobs import JobRow, locked_job
from kb_service.db.session import Database

REINDEX = "index.reindex"
ROLLBACK = "index.rollback"
OPEN_STATES = frozenset({"requested", "building"})


@dataclass(frozen=True)
class Progress:
    """How far a rebuild is. ``state``: idle, requested, building, done or failed; ``request`` counts requests."""

    state: str = "idle"
    request: int = 0
    generation: str = ""
    done: int = 0
    total: int = 0
    passages: int = 0
    passages_per_second: float = 0.0
    seconds_left: float | None = None
    error: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the writer still has to do something."""
        return self.state in OPEN_STATES


def read_progress(database: Database, job: str = REINDEX) -> Progress:
    """The newest request's progress."""
    with database.reading() as session:
        row = session.get(JobRow, job)
    return _parse(row.last_result) if row is not None and row.last_result else Progress()


def request_reindex(database: Database) -> Progress:
    """Ask for a new generation, or join the request that is open."""
    return _request(database, REINDEX)


def request_rollback(database: Database) -> Progress:
    """Ask for the generation that served before, or join the request that is open."""
    return _request(database, ROLLBACK)


def _request(database: Database, job: str) -> Progress:
    with database.writing() as session:
        row = locked_job(session, job)
        former = _parse(row.last_result) if row.last_result else Progress()
        if former.is_open:
            return former
        asked = Progress("requested", former.request + 1)
        row.last_result, row.last_error = json.dumps(asdict(asked)), None
    return asked


def write_progress(database: Database, progress: Progress, job: str = REINDEX) -> None:
    """Record progress, unless a newer request has been made."""
    with database.writing() as session:
        row = locked_job(session, job)
        former = _parse(row.last_result) if row.last_result else Progress()
        kept = replace(progress, request=max(progress.request, former.request))
        row.last_result = json.dumps(asdict(kept))
        row.last_error = progress.error or None
        if progress.state == "building" and former.state != "building":
            row.last_started_at, row.last_finished_at = utcnow(), None
        if not progress.is_open:
            row.last_finished_at = utcnow()


def _parse(text: str) -> Progress:
    values: dict[str, Any] = json.loads(text)
    return Progress(**values)
