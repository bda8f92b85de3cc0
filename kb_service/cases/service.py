"""Cases: opened, told to, moved, merged. Callers commit; every change is audited.

Invariants: one message (channel, external_id) is one interaction, however often it comes; the clock of a case stops
while the customer is waited for; a case's thread only grows.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kb_service.articles.access import get_known
from kb_service.articles.models import AuditEvent
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.reuse import record_reuse
from kb_service.cases import repository
from kb_service.cases.hours import Calendar, add_business_time, business_time_between
from kb_service.cases.lifecycle import ENDED, ReplyEffect, Status, check_move, effect_of_reply
from kb_service.cases.models import Case, CaseArticle, Interaction, OutgoingMail, Queue
from kb_service.catalog.context import Context
from kb_service.db.base import utcnow
from kb_service.errors import Conflict
from kb_service.search.request import NO_CONTEXT


@dataclass(frozen=True, slots=True)
class Message:
    """Something said in a case. ``direction``: in, out or internal."""

    text: str
    direction: str = "in"
    channel: str = "api"
    external_id: str | None = None
    kind: str = "message"
    author_name: str = ""
    quoted: str = ""
    shown_at: datetime | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewCase:
    """What opens a case; the context is resolved."""

    subject: str
    description: str = ""
    customer_id: int | None = None
    channel: str = "api"
    external_id: str | None = None
    queue: Queue | None = None
    context: Context = NO_CONTEXT
    preferred: Context = NO_CONTEXT
    priority: str = "normal"
    category: str = ""
    tags: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    author_name: str = ""
    quoted: str = ""
    follows_id: int | None = None


def audit(session: Session, actor: Actor, action: str, case: Case, **detail: Any) -> None:
    """Note who did what to a case."""
    session.add(AuditEvent(actor=actor.id, action=f"case.{action}", target=case.number, detail=detail))


def open_case(session: Session, new: NewCase, actor: Actor) -> tuple[Case, bool]:
    """Open a case with its first message; returns it, and whether it is new (else: the message came before)."""
    if known := _known_case(session, new.channel, new.external_id):
        return known, False
    try:
        with session.begin_nested():
            return _open(session, new, actor), True
    except IntegrityError:
        known = _known_case(session, new.channel, new.external_id)
        if known is None:
            raise
        return known, False


def _known_case(session: Session, channel: str, external_id: str | None) -> Case | None:
    before = repository.find_interaction(session, channel, external_id) if external_id else None
    return session.get(Case, before.case_id) if before else None


def _open(session: Session, new: NewCase, actor: Actor) -> Case:
    queue = new.queue or repository.default_queue(session)
    case = Case(
        subject=new.subject,
        description=new.description,
        customer_id=new.customer_id,
        queue_id=queue.id,
        priority=new.priority,
        channel=new.channel,
        product=new.context.product,
        product_version=new.context.version,
        os=new.context.os,
        preferred=plain_context(new.preferred),
        category=new.category,
        tags=list(new.tags),
        fields=new.fields,
        token=secrets.token_hex(10),
        due_at=add_business_time(utcnow(), timedelta(hours=queue.response_hours), calendar_of(queue)),
        follows_id=new.follows_id,
    )
    session.add(case)
    session.flush()
    first = Message(
        new.description or new.subject, "in", new.channel, new.external_id, "message", new.author_name, new.quoted
    )
    session.add(_interaction(case, first, actor))
    audit(session, actor, "opened", case, channel=new.channel)
    session.flush()
    return case


def plain_context(context: Context) -> dict[str, Any]:
    """A context as plain data, without what is not known."""
    values = {"product": context.product, "version": context.version, "os": context.os}
    return {name: value for name, value in values.items() if value}


def calendar_of(queue: Queue) -> Calendar:
    """A queue's business hours."""
    return Calendar(queue.time_zone, queue.country)


def _interaction(case: Case, message: Message, actor: Actor) -> Interaction:
    return Interaction(
        case_id=case.id,
        kind=message.kind,
        direction="internal" if message.kind == "note" else message.direction,
        channel=message.channel,
        external_id=message.external_id,
        author=actor.id,
        author_name=message.author_name or actor.name,
        text=message.text,
        quoted=message.quoted,
        shown_at=message.shown_at,
        detail=message.detail,
    )


def tell(session: Session, case: Case, message: Message, actor: Actor) -> tuple[Interaction, bool]:
    """Add to the thread; returns the interaction, and whether it is new. A customer's message wakes the case."""
    if message.external_id:
        before = repository.find_interaction(session, message.channel, message.external_id)
        if before is not None:
            return before, False
    if message.direction == "in" and message.kind == "message":
        case = _wake(session, case, message, actor)
    try:
        with session.begin_nested():
            told = _interaction(case, message, actor)
            session.add(told)
            session.flush()
    except IntegrityError:
        before = repository.find_interaction(session, message.channel, message.external_id or "")
        if before is None:
            raise
        return before, False
    case.updated_at = utcnow()
    audit(session, actor, message.kind, case, direction=told.direction, channel=message.channel)
    session.flush()
    return told, True


def _wake(session: Session, case: Case, message: Message, actor: Actor) -> Case:
    effect = effect_of_reply(Status(case.status), case.ended_at, utcnow())
    if effect in (ReplyEffect.OPEN, ReplyEffect.REOPEN):
        set_status(session, case, Status.OPEN, "customer replied", actor)
    if effect is not ReplyEffect.FOLLOW_UP:
        return case
    follow = NewCase(
        subject=case.subject,
        description=message.text,
        customer_id=case.customer_id,
        channel=message.channel,
        context=Context(case.product, case.product_version, case.os),
        queue=session.get(Queue, case.queue_id),
        follows_id=case.id,
    )
    opened = _open(session, follow, actor)
    first = repository.list_interactions(session, opened.id, with_notes=True)[0]
    session.delete(first)  # the message itself follows, under its own identity
    session.flush()
    return opened


def move(session: Session, case: Case, wanted: Status, reason: str, actor: Actor) -> None:
    """Change the status. Raises Conflict."""
    check_move(Status(case.status), wanted)
    set_status(session, case, wanted, reason, actor)


def set_status(session: Session, case: Case, wanted: Status, reason: str, actor: Actor) -> None:
    """Write a status, and stop or start the clock."""
    before, now = Status(case.status), utcnow()
    case.status, case.reason, case.updated_at = wanted.value, reason, now
    case.ended_at = (case.ended_at or now) if wanted in ENDED else None
    _keep_clock(session, case, wanted)
    case.waiting_since = now if wanted is Status.WAITING_CUSTOMER else None
    audit(session, actor, "moved", case, before=before.value, after=wanted.value, reason=reason)
    session.flush()


def _keep_clock(session: Session, case: Case, wanted: Status) -> None:
    queue = session.get(Queue, case.queue_id)
    assert queue is not None
    calendar, now = calendar_of(queue), utcnow()
    is_stopped = wanted in ENDED or wanted is Status.WAITING_CUSTOMER
    if is_stopped and case.due_at is not None:
        case.due_left_seconds = int(business_time_between(now, case.due_at, calendar).total_seconds())
        case.due_at = None
    elif not is_stopped and case.due_at is None:
        left = timedelta(seconds=case.due_left_seconds or 0) or timedelta(hours=queue.response_hours)
        case.due_at, case.due_left_seconds = add_business_time(now, left, calendar), None


def merge(session: Session, case: Case, into: Case, actor: Actor) -> None:
    """Make a case part of another one: its thread and articles move there, and it closes."""
    if case.id == into.id or case.merged_into_id or into.merged_into_id:
        raise Conflict("A case can be merged once, and into a case that was not merged itself.")
    if case.customer_id != into.customer_id:
        raise Conflict("These cases belong to different customers; merge the customers first, if they are one person.")
    session.execute(update(Interaction).where(Interaction.case_id == case.id).values(case_id=into.id))
    session.execute(update(OutgoingMail).where(OutgoingMail.case_id == case.id).values(case_id=into.id))
    there = {(row.article_id, row.use) for row in repository.list_case_articles(session, into.id)}
    for row in repository.list_case_articles(session, case.id):
        if row.interaction_id is not None or (row.article_id, row.use) not in there:
            row.case_id = into.id
    case.merged_into_id, into.updated_at = into.id, utcnow()
    set_status(session, case, Status.CLOSED, f"merged into {into.number}", actor)
    audit(session, actor, "merged", into, other=case.number)
    session.flush()


@dataclass(frozen=True, slots=True)
class ArticleUse:
    """How an article was linked: found by which search, at which place."""

    reference: str
    use: str = "linked"
    query_id: str | None = None
    rank: int | None = None


def use_article(session: Session, case: Case, used: ArticleUse, actor: Actor) -> CaseArticle:
    """Link an article at its current revision. Raises NotFound for what the actor may not know."""
    article = get_known(session, used.reference, actor)
    for row in repository.list_case_articles(session, case.id):
        if row.article_id == article.id and row.use == used.use:
            return row
    published = article.published_revision
    row = CaseArticle(
        case_id=case.id,
        article_id=article.id,
        revision=published.number if published else 1,
        use=used.use,
        query_id=used.query_id,
        rank=used.rank,
        actor=actor.id,
    )
    session.add(row)
    if actor.may(Scope.ARTICLES_PROPOSE):
        record_reuse(session, article.id, actor, "link", case.number)
    audit(session, actor, "article", case, article=article.number, use=used.use)
    session.flush()
    return row
