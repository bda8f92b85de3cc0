"""The change feed as the worker claims it: fair between people and imports.

Invariants: the writer of an index is one process, so at a takeover every lease is its dead predecessor's and ends at
once; rows of one article are claimed together; articles that a person of this process has just changed come first,
then the newest and the oldest changes take turns, so that neither a correction waits for an import nor an import for
ever.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from indexers.backoff import backoff_seconds
from indexers.document import IndexedArticle
from indexers.worker import Change, FeedUnavailable
from kb_service.articles.changes import ArticleChanges
from kb_service.db import outbox
from kb_service.db.base import utcnow
from kb_service.db.failures import UNREACHABLE
from kb_service.db.outbox import OutboxRow
from kb_service.db.session import Database

LEASE_SECONDS = 60.0
MAX_URGENT = 256
CHUNK = 500


class FairChanges(ArticleChanges):
    """An ArticleChanges whose claims are fair and whose failures wait without ever dying of a broken engine."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._feed = database
        self._urgent: dict[int, None] = {}
        self._lock = threading.Lock()

    def hurry(self, article_ids: Iterable[int]) -> None:
        """Claim these articles first: somebody waits for them."""
        with self._lock:
            for article_id in article_ids:
                if len(self._urgent) < MAX_URGENT:
                    self._urgent[article_id] = None

    def claim(self, limit: int) -> list[Change]:
        """Up to ``limit`` articles; idle polls only read."""
        with self._lock:
            urgent, self._urgent = list(self._urgent)[:limit], dict.fromkeys(list(self._urgent)[limit:])
        with self._feed.reading() as session:
            if session.scalar(select(OutboxRow.id).where(_ready()).limit(1)) is None:
                return []
        with self._feed.writing() as session:
            return _coalesce(_lease(session, _choose(session, urgent, limit)))

    def read(self, article_ids: Sequence[int]) -> Mapping[int, IndexedArticle | None]:
        """As ArticleChanges; a database that cannot be reached is nobody's fault."""
        try:
            return super().read(article_ids)
        except UNREACHABLE as error:
            raise FeedUnavailable(type(error).__name__) from error

    def acknowledge(self, row_ids: Sequence[int]) -> None:
        """Remove the rows, and dead letters that they made obsolete."""
        self._feed.write(lambda session: _settle(session, row_ids))

    def release(self, row_ids: Sequence[int], error: str) -> None:
        """With an error the rows wait (exponentially longer, at most some seconds); without one they are ready
        at once.
        """
        with self._feed.writing() as session:
            for rows in _chunks(row_ids):
                if error:
                    _postpone(session, rows, error)
                else:
                    _give_back(session, rows)

    def bury(self, row_ids: Sequence[int], error: str) -> None:
        """Make the rows dead letters."""
        with self._feed.writing() as session:
            for rows in _chunks(row_ids):
                outbox.bury(session, rows, error)

    def take_over(self) -> None:
        """End every lease: their holder is dead."""
        with self._feed.writing() as session:
            session.execute(update(OutboxRow).where(OutboxRow.claimed_until.is_not(None)).values(claimed_until=None))

    def repair(self, versions: Mapping[int, int]) -> int:
        """Enqueue articles, except those that wait or are dead letters at this version already; returns how many."""
        with self._feed.writing() as session:
            newest = select(OutboxRow.article_id, func.max(OutboxRow.index_version)).group_by(OutboxRow.article_id)
            waiting = {row[0]: row[1] for row in session.execute(newest)}
            lacking = {a: v for a, v in versions.items() if waiting.get(a, -1) < v}
            for article_id, version in lacking.items():
                outbox.enqueue(session, article_id, version)
        return len(lacking)


def _settle(session: Session, row_ids: Sequence[int]) -> None:
    for rows in _chunks(row_ids):
        _forget_dead(session, rows)
        outbox.acknowledge(session, rows)


def _ready() -> ColumnElement[bool]:
    free = (OutboxRow.claimed_until.is_(None)) | (OutboxRow.claimed_until < utcnow())
    return OutboxRow.dead_at.is_(None) & free


def _choose(session: Session, urgent: Sequence[int], limit: int) -> list[int]:
    """Distinct article ids: the urgent ones that are ready, then newest and oldest rows in halves."""
    chosen = dict.fromkeys(
        session.scalars(select(OutboxRow.article_id).where(_ready(), OutboxRow.article_id.in_(urgent)))
    )
    half = max(1, (limit - len(chosen)) // 2)
    for order in (OutboxRow.id.desc(), OutboxRow.id.asc()):
        rows = select(OutboxRow.article_id).where(_ready(), OutboxRow.article_id.not_in(list(chosen))).order_by(order)
        chosen |= dict.fromkeys(session.scalars(rows.limit(half)))
    return list(chosen)[:limit]


def _lease(session: Session, article_ids: Sequence[int]) -> list[OutboxRow]:
    wanted = select(OutboxRow).where(_ready(), OutboxRow.article_id.in_(article_ids))
    rows = list(session.scalars(wanted.order_by(OutboxRow.id).with_for_update(skip_locked=True)))
    until = utcnow() + timedelta(seconds=LEASE_SECONDS)
    for row in rows:
        row.claimed_until = until
        row.attempts += 1
    session.flush()
    return rows


def _coalesce(rows: Iterable[OutboxRow]) -> list[Change]:
    changes: dict[int, Change] = {}
    for row in rows:
        former = changes.get(row.article_id, Change((), row.article_id, 0))
        version = max(former.index_version, row.index_version)
        changes[row.article_id] = Change((*former.row_ids, row.id), row.article_id, version)
    return list(changes.values())


def _forget_dead(session: Session, row_ids: list[int]) -> None:
    reached = select(OutboxRow.article_id, func.max(OutboxRow.index_version)).where(OutboxRow.id.in_(row_ids))
    versions = {row[0]: row[1] for row in session.execute(reached.group_by(OutboxRow.article_id))}
    dead = select(OutboxRow).where(OutboxRow.dead_at.is_not(None), OutboxRow.article_id.in_(list(versions)))
    obsolete = [row.id for row in session.scalars(dead) if row.index_version <= versions[row.article_id]]
    if obsolete:
        session.execute(delete(OutboxRow).where(OutboxRow.id.in_(obsolete)))


def _postpone(session: Session, row_ids: list[int], error: str) -> None:
    attempts = session.scalar(select(func.min(OutboxRow.attempts)).where(OutboxRow.id.in_(row_ids))) or 1
    until = utcnow() + timedelta(seconds=backoff_seconds(attempts))
    session.execute(
        update(OutboxRow).where(OutboxRow.id.in_(row_ids)).values(claimed_until=until, last_error=error[:2000])
    )


def _give_back(session: Session, row_ids: list[int]) -> None:
    session.execute(
        update(OutboxRow).where(OutboxRow.id.in_(row_ids)).values(claimed_until=None, attempts=OutboxRow.attempts - 1)
    )


def _chunks(row_ids: Sequence[int]) -> Iterable[list[int]]:
    rows = list(row_ids)
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
