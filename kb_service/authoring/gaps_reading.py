"""The query log read as sightings: which questions were left, and why. A GapSource.

A question was taken when the person opened, copied or used an answer of it and did not say that it failed. Else it was left:
nothing was found, it was below the floor, nothing was opened, or the same person asked again in other words. Pages of one
list, type-ahead and browsing are no questions; what authors try is no demand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexers.analysis import analyze
from kb_service.auth.actors import Role
from kb_service.authoring.gaps_sources import TAKEN, Sighting
from kb_service.search.models import QueryEvent, QueryLogRow

KINDS = ("search", "answer")
NO_DEMAND = (Role.AUTHOR.value, Role.REVIEWER.value, Role.ADMIN.value)
VISIT, AGAIN = timedelta(minutes=30), timedelta(minutes=10)
_USED = {"click", "view", "helpful", "copied", "solved"}
_FAILED = {"not_helpful", "escalated"}
MAX_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Reactions:
    """What people did: by query, and by session as (article, time)."""

    by_query: Mapping[str, set[str]] = field(default_factory=dict)
    views: Mapping[str, Sequence[tuple[int, datetime]]] = field(default_factory=dict)


class QueryLogSource:
    """The searches of portal, widget, desktop and API."""

    def sightings(self, session: Session, after: datetime, until: datetime) -> Sequence[Sighting]:
        """Every question in (after, until], taken or left."""
        rows = list(
            session.scalars(
                select(QueryLogRow)
                .where(QueryLogRow.created_at > after, QueryLogRow.created_at <= until)
                .where(QueryLogRow.kind.in_(KINDS), QueryLogRow.text != "", QueryLogRow.role.not_in(NO_DEMAND))
                .order_by(QueryLogRow.created_at, QueryLogRow.query_id)
            )
        )
        return read_rows(rows, _reactions(session, rows))


def _reactions(session: Session, rows: Sequence[QueryLogRow]) -> Reactions:
    by_query: dict[str, set[str]] = defaultdict(set)
    views: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    for start in range(0, len(rows), 500):
        chunk = rows[start : start + 500]
        ids = [row.query_id for row in chunk]
        for event in session.scalars(select(QueryEvent).where(QueryEvent.query_id.in_(ids))):
            by_query[event.query_id or ""].add(event.action)
        sessions = {row.session_id for row in chunk if row.session_id}
        since = min(row.created_at for row in chunk)
        viewed = select(QueryEvent).where(
            QueryEvent.session_id.in_(sessions), QueryEvent.action == "view", QueryEvent.created_at >= since
        )
        for event in session.scalars(viewed):
            if event.article_id is not None:
                views[event.session_id or ""].append((event.article_id, event.created_at))
    return Reactions(by_query, views)


def read_rows(rows: Iterable[QueryLogRow], reactions: Reactions) -> list[Sighting]:
    """Log rows (in time order) as sightings (pure)."""
    rows = list(rows)
    again = _asked_again(rows, reactions)
    return [_sighting(row, again, reactions) for row in rows]


def _sighting(row: QueryLogRow, again: set[str], reactions: Reactions) -> Sighting:
    context = {**row.context.get("inferred", {}), **row.context.get("stated", {})}
    return Sighting(
        reference=f"query:{row.query_id}",
        asker=f"session:{row.session_id}" if row.session_id else f"{row.channel}:{row.created_at:%Y-%m-%d}",
        text=row.text,
        reason=_reason(row, again, reactions),
        seen_at=row.created_at,
        product=context.get("product") or "",
        version=(context.get("version") or "") if context.get("product") else "",
        os=context.get("os") or "",
        offered=tuple(row.article_ids[:10]),
    )


def _reason(row: QueryLogRow, again: set[str], reactions: Reactions) -> str:
    if is_taken(row, reactions):
        return TAKEN
    if row.outcome == "empty":
        return "empty"
    if row.outcome == "no_answer":
        return "below_floor"
    return "reformulated" if row.query_id in again else "no_click"


def is_taken(row: QueryLogRow, reactions: Reactions) -> bool:
    """Whether somebody used an answer of this question."""
    done = reactions.by_query.get(row.query_id, set())
    if done & _FAILED:
        return False
    if done & _USED:
        return True
    offered = set(row.article_ids)
    viewed = reactions.views.get(row.session_id or "", ())
    return any(article in offered and row.created_at <= at <= row.created_at + VISIT for article, at in viewed)


def _asked_again(rows: Sequence[QueryLogRow], reactions: Reactions) -> set[str]:
    """Questions that the same person put in other words soon after, with words in common, having taken nothing."""
    by_session: dict[str, list[QueryLogRow]] = defaultdict(list)
    for row in rows:
        if row.session_id:
            by_session[row.session_id].append(row)
    found = set()
    for asked in by_session.values():
        for first, second in pairwise(asked):
            soon = second.created_at - first.created_at <= AGAIN and second.text != first.text
            if soon and set(analyze(first.text)) & set(analyze(second.text)) and not is_taken(first, reactions):
                found.add(first.query_id)
    return found
