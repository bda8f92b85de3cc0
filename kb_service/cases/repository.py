"""Queries over cases. One rule of who sees which case, for lists and single reads alike."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, or_, select, true, update
from sqlalchemy.orm import Session

from kb_service.auth.actors import Actor, Role, Scope
from kb_service.cases.models import Case, CaseArticle, Interaction, OutgoingMail, Queue
from kb_service.customers.models import Customer
from kb_service.customers.service import customer_of_actor
from kb_service.db.base import utcnow
from kb_service.errors import NotFound

_NUMBER = re.compile(r"(?:[Cc]-)?0*([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases a list shows; None: any."""

    status: str | None = None
    queue: str | None = None
    assignee_id: int | None = None
    customer_id: int | None = None
    is_unassigned: bool = False


def visible(session: Session, actor: Actor) -> ColumnElement[bool]:
    """Which cases exist for this actor: their queues' for agents, their own for customers, nothing for others."""
    if actor.may(Scope.CASES_READ):
        if actor.role in (Role.LEAD, Role.ADMIN):
            return true()
        queues = session.scalars(select(Queue)).all()
        return Case.queue_id.in_([queue.id for queue in queues if works_in(queue, actor)])
    customer = customer_of_actor(session, actor.id)
    return owned_by(customer) if customer else false()


def works_in(queue: Queue, actor: Actor) -> bool:
    """Whether the queue's cases are this actor's to see."""
    return actor.role in (Role.LEAD, Role.ADMIN) or not queue.groups or actor.may_read(queue.groups)


def owned_by(customer: Customer) -> ColumnElement[bool]:
    """A customer's own cases and, where allowed, their organisation's."""
    own: ColumnElement[bool] = Case.customer_id == customer.id
    if customer.sees_organisation and customer.organisation_id:
        mates = select(Customer.id).where(Customer.organisation_id == customer.organisation_id)
        return or_(own, Case.customer_id.in_(mates))
    return own


def find_case(session: Session, reference: str | int, actor: Actor, *, lock: bool = False) -> Case:
    """One case by id or number. Raises NotFound for what is absent or not for the actor to know."""
    matched = _NUMBER.fullmatch(str(reference).strip())
    case = None
    if matched and int(matched[1]) < 2**31:
        statement = select(Case).where(Case.id == int(matched[1]), visible(session, actor))
        if lock:  # what an earlier read left in the session may be older than what the lock waited for
            statement = statement.with_for_update().execution_options(populate_existing=True)
        case = session.scalar(statement)
    if case is None:
        raise NotFound("There is no such case.")
    return case


def list_cases(session: Session, wanted: CaseFilter, actor: Actor, limit: int, before: int | None) -> list[Case]:
    """Cases, the newest first, starting below the id ``before``."""
    statement = select(Case).where(visible(session, actor)).order_by(Case.id.desc()).limit(limit)
    if wanted.status:
        statement = statement.where(Case.status == wanted.status)
    if wanted.queue:
        statement = statement.where(Case.queue_id.in_(select(Queue.id).where(Queue.slug == wanted.queue)))
    if wanted.assignee_id:
        statement = statement.where(Case.assignee_id == wanted.assignee_id)
    if wanted.customer_id:
        statement = statement.where(Case.customer_id == wanted.customer_id)
    if wanted.is_unassigned:
        statement = statement.where(Case.assignee_id.is_(None))
    if before:
        statement = statement.where(Case.id < before)
    return list(session.scalars(statement))


def list_interactions(session: Session, case_id: int, *, with_notes: bool) -> list[Interaction]:
    """A case's thread, oldest first; customers see messages alone."""
    statement = (
        select(Interaction).where(Interaction.case_id == case_id).order_by(Interaction.created_at, Interaction.id)
    )
    if not with_notes:
        is_shown = or_(Interaction.shown_at.is_(None), Interaction.shown_at <= utcnow())
        statement = statement.where(Interaction.kind == "message", is_shown)
    return list(session.scalars(statement))


def find_interaction(session: Session, channel: str, external_id: str) -> Interaction | None:
    """The interaction that a message became before."""
    return session.scalar(
        select(Interaction).where(Interaction.channel == channel, Interaction.external_id == external_id)
    )


def list_case_articles(session: Session, case_id: int) -> list[CaseArticle]:
    """Articles linked to or sent in a case."""
    return list(session.scalars(select(CaseArticle).where(CaseArticle.case_id == case_id).order_by(CaseArticle.id)))


def mail_states(session: Session, case_id: int) -> dict[int, str]:
    """How far the mails of a case's interactions are."""
    statement = select(OutgoingMail.interaction_id, OutgoingMail.state).where(OutgoingMail.case_id == case_id)
    return {interaction: state for interaction, state in session.execute(statement) if interaction is not None}


def take_mail_back(session: Session, interaction_id: int) -> bool:
    """Stop the mail of an interaction unless somebody is sending it or has."""
    waiting = (OutgoingMail.interaction_id == interaction_id, OutgoingMail.state == "waiting")
    result = session.execute(update(OutgoingMail).where(*waiting).values(state="taken_back"))
    return bool(getattr(result, "rowcount", 0))


def default_queue(session: Session) -> Queue:
    """The first queue that all agents work in; made when there is none: a case must never wait where only some may look."""
    found = next((queue for queue in session.scalars(select(Queue).order_by(Queue.id)) if not queue.groups), None)
    if found is None:
        slug = "support" if find_queue(session, "support") is None else f"support-{secrets.token_hex(3)}"
        found = Queue(slug=slug, name="Support", groups=[], frame={})
        session.add(found)
        session.flush()
    return found


def find_queue(session: Session, slug: str) -> Queue | None:
    """A queue by slug."""
    return session.scalar(select(Queue).where(Queue.slug == slug))
