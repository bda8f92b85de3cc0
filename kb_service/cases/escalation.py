"""A portal session becomes a case: what was searched, read and voted is copied, so nobody is asked again.

Invariants: texts come from the query log, which masks them; the copy belongs to the case and lives as long; sessions
without a case are never copied, and their log is forgotten with the query log.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.cases.models import Case, PortalSession, SessionEvent
from kb_service.cases.solved import failed_articles
from kb_service.db.base import utcnow
from kb_service.search.models import QueryEvent, QueryLogRow

MAX_STEPS = 200
MAX_DWELL_SECONDS = 1800
SESSION_DAYS = 30
KINDS = {"click": "read", "view": "read", "helpful": "helped", "not_helpful": "did_not_help", "solved": "helped"}


def carry_session(session: Session, case: Case, session_id: str) -> int:
    """Copy a browser session's steps to its case; returns how many."""
    steps = with_dwell(read_steps(session, session_id))
    if not steps:
        return 0
    kept = PortalSession(case_id=case.id, started_at=steps[0].happened_at)
    session.add(kept)
    session.flush()
    for step in steps:
        step.portal_session_id = kept.id
    session.add_all(steps)
    session.flush()
    return len(steps)


def read_steps(session: Session, session_id: str) -> list[SessionEvent]:
    """The last steps of a browser session, oldest first, not yet stored."""
    since = utcnow() - timedelta(days=SESSION_DAYS)
    queries = session.scalars(
        select(QueryLogRow)
        .where(QueryLogRow.session_id == session_id, QueryLogRow.created_at >= since)
        .where(QueryLogRow.kind.in_(("search", "answer")))
        .order_by(QueryLogRow.created_at.desc())
        .limit(MAX_STEPS)
    )
    events = session.scalars(
        select(QueryEvent)
        .where(QueryEvent.session_id == session_id, QueryEvent.action.in_(KINDS), QueryEvent.created_at >= since)
        .order_by(QueryEvent.created_at.desc())
        .limit(MAX_STEPS)
    )
    steps = [_searched(row) for row in queries] + [_acted(row) for row in events]
    return sorted(steps, key=lambda step: step.happened_at)[-MAX_STEPS:]


def _searched(row: QueryLogRow) -> SessionEvent:
    kind = "answered" if row.kind == "answer" else "searched"
    detail = {"context": row.context, "outcome": row.outcome, "total": row.total, "articles": row.article_ids[:5]}
    return SessionEvent(kind=kind, text=row.text, detail=detail, happened_at=row.created_at)


def _acted(row: QueryEvent) -> SessionEvent:
    detail = {"query_id": row.query_id, "rank": row.rank}
    return SessionEvent(kind=KINDS[row.action], article_id=row.article_id, detail=detail, happened_at=row.created_at)


def with_dwell(steps: Sequence[SessionEvent]) -> list[SessionEvent]:
    """Each reading lasted until the next step (at most half an hour; the last one is not known)."""
    for step, following in pairwise(steps):
        if step.kind == "read":
            seconds = int((following.happened_at - step.happened_at).total_seconds())
            step.dwell_seconds = min(seconds, MAX_DWELL_SECONDS)
    return list(steps)


def read_and_failed(session: Session, case_id: int) -> frozenset[int]:
    """Articles that the customer read in the session and did not call helpful, and those sent that did not solve it."""
    rows = session.execute(
        select(SessionEvent.kind, SessionEvent.article_id)
        .join(PortalSession, PortalSession.id == SessionEvent.portal_session_id)
        .where(PortalSession.case_id == case_id, SessionEvent.article_id.is_not(None))
    ).all()
    helped = {article for kind, article in rows if kind == "helped"}
    read = frozenset(article for _, article in rows if article is not None and article not in helped)
    return read | failed_articles(session, case_id)
