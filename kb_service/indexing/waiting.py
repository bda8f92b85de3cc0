"""Whether a change has reached the index, told by the feed alone: true in every process, whoever writes."""

from __future__ import annotations

from sqlalchemy import select

from kb_service.db.outbox import OutboxRow
from kb_service.db.session import Database


def is_settled(database: Database, article_id: int) -> bool | None:
    """True: every live generation holds the article's state; False: it is a dead letter; None: a change waits.

    Later changes count, too: rows of one article are claimed together, and a withdrawal's row carries a higher number
    than its tombstone (see articles/recording.py).
    """
    rows = select(OutboxRow.dead_at).where(OutboxRow.article_id == article_id)
    with database.reading() as session:
        dead = [dead_at is not None for dead_at in session.scalars(rows)]
    if not dead:
        return True
    return False if all(dead) else None
