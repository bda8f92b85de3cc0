"""The index's state for people: what waits, what failed, what serves, how far a rebuild is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from indexers.engine import Engine, EngineUnavailable, IndexStatus
from kb_service.db import outbox
from kb_service.db.base import utcnow
from kb_service.db.jobs import JobRow
from kb_service.db.outbox import OutboxRow
from kb_service.db.session import Database
from kb_service.indexing.requests import Progress, read_progress

RECONCILE = "index.reconcile"
MAX_DEAD = 50


@dataclass(frozen=True)
class DeadLetter:
    """A change that cannot be indexed as it is, and why."""

    article_id: int
    index_version: int
    attempts: int
    error: str
    dead_at: str


@dataclass(frozen=True)
class FeedStatus:
    """``oldest_seconds``: how long the oldest waiting change has waited; ``index`` None: the engine cannot be
    reached.
    """

    pending: int
    oldest_seconds: float
    dead: int
    dead_letters: tuple[DeadLetter, ...]
    index: IndexStatus | None
    engine_error: str
    reconciled_at: str | None
    reconcile_result: str | None
    reindex: Progress
    previous: str | None = None
    """The generation that a rollback would bring back."""

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return asdict(self)


def feed_status(database: Database, engine: Engine) -> FeedStatus:
    """The state now, from the database and the engine."""
    with database.reading() as session:
        count, oldest = outbox.pending(session)
        dead = list(session.scalars(select(OutboxRow).where(OutboxRow.dead_at.is_not(None)).order_by(OutboxRow.id)))
        job = session.get(JobRow, RECONCILE)
    index, error = _index(engine)
    finished = job.last_finished_at if job is not None else None
    return FeedStatus(
        pending=count,
        oldest_seconds=round((utcnow() - oldest).total_seconds(), 3) if oldest else 0.0,
        dead=len(dead),
        dead_letters=tuple(_letter(row) for row in dead[:MAX_DEAD]),
        index=index,
        engine_error=error,
        reconciled_at=finished.isoformat() if finished else None,
        reconcile_result=(job.last_error or job.last_result) if job is not None else None,
        reindex=read_progress(database),
        previous=_previous(engine) if index is not None else None,
    )


def _index(engine: Engine) -> tuple[IndexStatus | None, str]:
    try:
        return engine.status(), ""
    except (EngineUnavailable, OSError) as error:
        return None, str(error)


def _previous(engine: Engine) -> str | None:
    try:
        return engine.previous_generation()
    except (EngineUnavailable, OSError):
        return None


def _letter(row: OutboxRow) -> DeadLetter:
    dead_at = row.dead_at.isoformat() if row.dead_at else ""
    return DeadLetter(row.article_id, row.index_version, row.attempts, row.last_error or "", dead_at)
