"""What is kept only for a while: ended sessions, answers for Idempotency-Keys, the query log, vectors of old texts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from indexers.embedding.cache import VECTORS_FILE, VectorCache
from indexers.embedding.port import Encoder
from kb_service.articles.models import IdempotencyRecord
from kb_service.auth import repository
from kb_service.authoring.gaps_models import GapSighting
from kb_service.db.base import utcnow
from kb_service.db.jobs import Job
from kb_service.db.session import Database
from kb_service.search.models import QueryEvent, QueryLogRow
from kb_service.search.query_log import forget_old
from kb_service.sign_in.links import forget_links

if TYPE_CHECKING:
    from kb_service.assembly import Parts

IDEMPOTENCY_HOURS = 48
VISIT_DAYS = 30
VISITOR = "session:"
EVERY_SECONDS = 3600.0
DAY_SECONDS = 24 * 3600.0


def retention_jobs(parts: Parts) -> list[Job]:
    """The periodic jobs that forget."""
    database, days, megabytes = parts.database, parts.settings.query_log_days, parts.settings.vector_cache_mb
    return [
        Job("retention.sessions", EVERY_SECONDS, lambda: forget_sessions(database)),
        Job("retention.idempotency", EVERY_SECONDS, lambda: forget_answers(database)),
        Job("retention.sign_in_links", EVERY_SECONDS, lambda: forget_links(database)),
        Job("retention.query_log", EVERY_SECONDS, lambda: forget_old(database, days)),
        Job("retention.visits", EVERY_SECONDS, lambda: forget_visits(database)),
        Job(
            "retention.vectors", DAY_SECONDS, lambda: forget_vectors(parts.settings.data_dir, parts.encoder, megabytes)
        ),
    ]


def forget_sessions(database: Database) -> str:
    """Delete browser sessions that have ended."""
    with database.writing() as session:
        return f"forgot {repository.delete_expired_sessions(session, utcnow())} sessions"


def forget_visits(database: Database) -> str:
    """Questions of more than thirty days are nobody's any more: what one visitor did is told no longer.

    What came along with a case was copied to it and stays there. Gaps still count how many asked, by numbers of their own.
    """
    before = utcnow() - timedelta(days=VISIT_DAYS)
    with database.writing() as session:
        for model in (QueryLogRow, QueryEvent):
            old = update(model).where(model.created_at < before, model.session_id.is_not(None))
            result = session.execute(old.values(session_id=None).execution_options(synchronize_session=False))
        asked = select(GapSighting.asker, func.min(GapSighting.id)).where(
            GapSighting.seen_at < before, GapSighting.asker.startswith(VISITOR)
        )
        askers = session.execute(asked.group_by(GapSighting.asker)).all()
        for asker, first in askers:
            mine = update(GapSighting).where(GapSighting.asker == asker, GapSighting.seen_at < before)
            session.execute(mine.values(asker=f"visitor:{first}"))
    return f"forgot {getattr(result, 'rowcount', 0)} steps and {len(askers)} visitors"


def forget_answers(database: Database) -> str:
    """Delete stored answers older than two days."""
    before = utcnow() - timedelta(hours=IDEMPOTENCY_HOURS)
    with database.writing() as session:
        result = session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at < before))
    return f"forgot {getattr(result, 'rowcount', 0)} answers"


def forget_vectors(data_dir: Path, encoder: Encoder, megabytes: int) -> str:
    """Delete the oldest cached vectors, those of other recipes first, when their file has grown beyond a size."""
    cache = VectorCache(data_dir / VECTORS_FILE, encoder.recipe)
    try:
        return f"forgot {cache.prune(megabytes * 1_000_000)} vectors"
    finally:
        cache.close()
