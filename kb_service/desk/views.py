"""Which cases a view shows, in which order, and how many they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, false, func, or_, select, true
from sqlalchemy.orm import Session

from kb_service.auth.actors import Actor
from kb_service.auth.models import User
from kb_service.cases.lifecycle import ENDED, Status
from kb_service.cases.models import Case, Interaction, Queue
from kb_service.cases.repository import visible
from kb_service.cases.schemas import CaseSummary
from kb_service.customers.models import Customer, CustomerIdentity
from kb_service.db.base import utcnow
from kb_service.desk.models import Mention, SavedView, Snooze
from kb_service.desk.schemas import DeskCase, ViewOut, Wanted
from kb_service.errors import NotFound

FIXED = ("mine", "unassigned", "waiting_for_us", "due_soon", "called", "put_off")
DUE_SOON = timedelta(hours=2)
SAVED = "saved-"
OURS = (Status.NEW.value, Status.OPEN.value)
MAX_CASES = 100


def user_id(actor: Actor) -> int | None:
    """One's number as an assignee; None for a key."""
    kind, _, number = actor.id.partition(":")
    return int(number) if kind == "user" and number.isdigit() else None


def condition(session: Session, key: str, actor: Actor) -> ColumnElement[bool]:
    """What is true of a view's cases. Raises NotFound for a view that there is not."""
    now = utcnow()
    is_open = Case.status.not_in([status.value for status in ENDED])
    put_off = Case.id.in_(select(Snooze.case_id).where(Snooze.actor == actor.id, Snooze.until > now))
    mine = Case.assignee_id == user_id(actor) if user_id(actor) else false()
    called = select(Mention.case_id).where(Mention.actor == actor.id, Mention.seen_at.is_(None))
    fixed: dict[str, ColumnElement[bool]] = {
        "mine": and_(mine, is_open, ~put_off),
        "unassigned": and_(Case.assignee_id.is_(None), is_open, ~put_off),
        "waiting_for_us": and_(Case.status.in_(OURS), ~put_off),
        "due_soon": and_(Case.due_at.is_not(None), Case.due_at < now + DUE_SOON, is_open, ~put_off),
        "called": Case.id.in_(called),
        "put_off": put_off,
    }
    if key in fixed:
        return fixed[key]
    wanted = Wanted.model_validate(find_saved(session, key, actor).wanted)
    return and_(_saved(wanted), ~put_off, true() if wanted.status else is_open)


def find_saved(session: Session, key: str, actor: Actor) -> SavedView:
    """A view that the actor keeps. Raises NotFound."""
    number = key.removeprefix(SAVED)
    found = session.get(SavedView, int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
    if found is None or found.owner != actor.id or not key.startswith(SAVED):
        raise NotFound("There is no such view.")
    return found


def _saved(wanted: Wanted) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if wanted.status:
        conditions.append(Case.status == wanted.status.value)
    if wanted.queue:
        conditions.append(Case.queue_id.in_(select(Queue.id).where(Queue.slug == wanted.queue)))
    if wanted.assignee_id is not None:
        conditions.append(Case.assignee_id == wanted.assignee_id if wanted.assignee_id else Case.assignee_id.is_(None))
    if wanted.tag:
        conditions.append(cast(Case.tags, Text).contains(json.dumps(wanted.tag), autoescape=True))
    if wanted.priority:
        conditions.append(Case.priority == wanted.priority)
    if wanted.product:
        conditions.append(Case.product == wanted.product)
    conditions += [
        or_(Case.subject.icontains(word, autoescape=True), Case.description.icontains(word, autoescape=True))
        for word in (wanted.words or "").split()[:10]
    ]
    return and_(*conditions)


def count_views(session: Session, actor: Actor) -> list[ViewOut]:
    """Every view of this actor with its count, by one query."""
    saved = session.scalars(select(SavedView).where(SavedView.owner == actor.id).order_by(SavedView.id)).all()
    keys = [*FIXED, *(f"{SAVED}{view.id}" for view in saved)]
    seen = visible(session, actor)
    counts = [select(func.count(Case.id)).where(seen, condition(session, key, actor)).scalar_subquery() for key in keys]
    row = session.execute(select(*counts)).one()
    names = {f"{SAVED}{view.id}": view for view in saved}
    return [
        ViewOut(key=key, id=names[key].id if key in names else None, name=names[key].name if key in names else "", count=n)
        for key, n in zip(keys, row, strict=True)
    ]  # fmt: skip


def list_view(session: Session, key: str, actor: Actor, limit: int = MAX_CASES) -> list[DeskCase]:
    """A view's cases: what is due first, then urgent ones, then the longest waiting."""
    urgency = func.coalesce(Case.due_at, utcnow() + timedelta(days=3650))
    statement = (
        select(Case)
        .where(visible(session, actor), condition(session, key, actor))
        .order_by(urgency, (Case.priority == "urgent").desc(), Case.updated_at, Case.id)
        .limit(limit)
    )
    return view_cases(session, session.scalars(statement).all(), actor)


def view_cases(session: Session, cases: Sequence[Case], actor: Actor) -> list[DeskCase]:
    """Cases with the names that a list shows, in a fixed number of queries."""
    ids = [case.id for case in cases]
    customers = customer_names(session, {case.customer_id for case in cases if case.customer_id})
    wanted = {case.assignee_id for case in cases if case.assignee_id}
    assignees = {row.id: row.name or row.email for row in session.scalars(select(User).where(User.id.in_(wanted)))}
    until = {
        row.case_id: row.until
        for row in session.scalars(select(Snooze).where(Snooze.case_id.in_(ids), Snooze.actor == actor.id))
    }
    last = _last_directions(session, ids)
    return [
        DeskCase(
            **CaseSummary.model_validate(case).model_dump(),
            customer_name=customers.get(case.customer_id or 0, ("", ""))[0],
            customer_address=customers.get(case.customer_id or 0, ("", ""))[1],
            assignee_name=assignees.get(case.assignee_id or 0, ""),
            last_from=last.get(case.id, ""),
            snoozed_until=until.get(case.id),
            is_ours=case.status in OURS,
        )
        for case in cases
    ]


def customer_names(session: Session, ids: set[int]) -> dict[int, tuple[str, str]]:
    """Name and first address of customers."""
    names = {row.id: row.name for row in session.scalars(select(Customer).where(Customer.id.in_(ids)))}
    addresses: dict[int, str] = {}
    found = select(CustomerIdentity).where(CustomerIdentity.customer_id.in_(ids)).order_by(CustomerIdentity.id)
    for row in session.scalars(found):
        addresses.setdefault(row.customer_id, row.value)
    return {key: (name or addresses.get(key, ""), addresses.get(key, "")) for key, name in names.items()}


def _last_directions(session: Session, ids: list[int]) -> dict[int, str]:
    newest = (
        select(func.max(Interaction.id))
        .where(Interaction.case_id.in_(ids), Interaction.kind == "message")
        .group_by(Interaction.case_id)
    )
    rows: Any = session.execute(select(Interaction.case_id, Interaction.direction).where(Interaction.id.in_(newest)))
    return {row[0]: row[1] for row in rows}
