"""Notices when this process commits a change that the index must follow.

Invariants: only commits count, not flushes; only sessions of the watched database; an import's many changes wake the
feed without claiming to be urgent.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.orm import Session

from kb_service.db.outbox import OutboxRow
from kb_service.db.session import Database

URGENT_ROWS = 3
_KEY = "kb_outbox_articles"


class CommitWatch:
    """Calls ``on_commit(article_ids)`` after each commit with outbox rows; empty ids for a large transaction."""

    def __init__(self, database: Database, on_commit: Callable[[list[int]], None]) -> None:
        self._engine = database.engine
        self._on_commit = on_commit

    def start(self) -> None:
        """Begin to watch."""
        event.listen(Session, "after_flush", self._after_flush)
        event.listen(Session, "after_commit", self._after_commit)
        event.listen(Session, "after_rollback", self._after_rollback)

    def stop(self) -> None:
        """Watch no more."""
        event.remove(Session, "after_flush", self._after_flush)
        event.remove(Session, "after_commit", self._after_commit)
        event.remove(Session, "after_rollback", self._after_rollback)

    def _after_flush(self, session: Session, _context: object) -> None:
        articles = [row.article_id for row in session.new if isinstance(row, OutboxRow)]
        if articles:
            session.info.setdefault(_KEY, []).extend(articles)

    def _after_commit(self, session: Session) -> None:
        if _KEY not in session.info or session.get_bind() is not self._engine:
            return
        articles = list(dict.fromkeys(session.info.pop(_KEY)))
        self._on_commit(articles if len(articles) <= URGENT_ROWS else [])

    def _after_rollback(self, session: Session) -> None:
        session.info.pop(_KEY, None)
