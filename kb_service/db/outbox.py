"""The change feed: one row for each change that the index must follow.

A row is inserted in the transaction of the change itself, always (never "on conflict do nothing":
between two transactions that would lose an update). Rows of one article are coalesced when claimed.
A row disappears only when every live generation of the index holds the change.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Index, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kb_service.db.base import Base, utcnow

MAX_ATTEMPTS = 5


class OutboxRow(Base):
    """One change waiting for the index: article ``article_id`` reached ``index_version``."""

    __tablename__ = "outbox"
    # An id used twice would let a slow worker acknowledge a change that it never saw.
    __table_args__ = (Index("ix_outbox_ready", "dead_at", "claimed_until", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(index=True)
    index_version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    dead_at: Mapped[datetime | None]


def enqueue(session: Session, article_id: int, index_version: int) -> None:
    """Insert one change in the caller's transaction."""
    session.add(OutboxRow(article_id=article_id, index_version=index_version))


def claim(session: Session, limit: int, lease_seconds: float = 60.0) -> list[OutboxRow]:
    """Claim up to ``limit`` rows, oldest first; other workers skip them until the lease ends."""
    now = utcnow()
    ready = (
        select(OutboxRow)
        .where(OutboxRow.dead_at.is_(None), (OutboxRow.claimed_until.is_(None)) | (OutboxRow.claimed_until < now))
        .order_by(OutboxRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.scalars(ready))
    for row in rows:
        row.claimed_until = now + timedelta(seconds=lease_seconds)
        row.attempts += 1
    session.flush()
    return rows


def acknowledge(session: Session, row_ids: list[int]) -> None:
    """Remove rows whose change every live generation holds."""
    session.execute(delete(OutboxRow).where(OutboxRow.id.in_(row_ids)))


def release(session: Session, row_ids: list[int], error: str) -> None:
    """Give rows back after a failure; after ``MAX_ATTEMPTS`` they become dead letters."""
    now = utcnow()
    session.execute(
        update(OutboxRow).where(OutboxRow.id.in_(row_ids)).values(claimed_until=None, last_error=error[:2000])
    )
    session.execute(
        update(OutboxRow).where(OutboxRow.id.in_(row_ids), OutboxRow.attempts >= MAX_ATTEMPTS).values(dead_at=now)
    )


def bury(session: Session, row_ids: list[int], error: str) -> None:
    """Make rows dead letters at once: their document cannot be indexed as it is."""
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.id.in_(row_ids))
        .values(dead_at=utcnow(), claimed_until=None, last_error=error[:2000])
    )


def replay_dead(session: Session) -> int:
    """Put every dead letter back into the feed; returns how many."""
    result = session.execute(
        update(OutboxRow).where(OutboxRow.dead_at.is_not(None)).values(dead_at=None, attempts=0, claimed_until=None)
    )
    return int(getattr(result, "rowcount", 0))


def pending(session: Session) -> tuple[int, datetime | None]:
    """How many live rows wait, and since when the oldest does."""
    count, oldest = session.execute(
        select(func.count(), func.min(OutboxRow.created_at)).where(OutboxRow.dead_at.is_(None))
    ).one()
    return int(count), oldest


def is_waiting(session: Session, article_id: int, index_version: int) -> bool:
    """Whether a change up to ``index_version`` of the article still waits."""
    found = session.scalar(
        select(OutboxRow.id)
        .where(OutboxRow.article_id == article_id, OutboxRow.index_version <= index_version)
        .limit(1)
    )
    return found is not None
