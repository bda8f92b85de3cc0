"""Queues over HTTP: /v1/queues."""

from __future__ import annotations

from zoneinfo import available_timezones

from fastapi import APIRouter
from sqlalchemy import select

from kb_service.auth.actors import Role, Scope
from kb_service.cases.hours import is_known_country
from kb_service.cases.models import Queue
from kb_service.cases.repository import find_queue
from kb_service.cases.schemas import QueueIn, QueueOut
from kb_service.errors import Conflict, InvalidInput
from kb_service.http import CurrentActor, ReadingSession, WritingSession

router = APIRouter(prefix="/v1/queues", tags=["cases"])


@router.get("", response_model=list[QueueOut])
def get_queues(session: ReadingSession, actor: CurrentActor) -> list[QueueOut]:
    """Queues that the caller works in."""
    actor.require(Scope.CASES_READ)
    sees_all = actor.role in (Role.LEAD, Role.ADMIN)
    rows = session.scalars(select(Queue).order_by(Queue.id))
    return [QueueOut.model_validate(row) for row in rows if sees_all or not row.groups or actor.may_read(row.groups)]


@router.post("", status_code=201, response_model=QueueOut)
def post_queue(body: QueueIn, session: WritingSession, actor: CurrentActor) -> QueueOut:
    """Add a queue."""
    actor.require(Scope.SITE_MANAGE)
    if find_queue(session, body.slug) is not None:
        raise Conflict("There is a queue with this slug already.")
    if body.time_zone not in available_timezones():
        raise InvalidInput("A time zone looks like Europe/Vienna.", "/time_zone")
    if not is_known_country(body.country):
        raise InvalidInput("A country is an ISO 3166 code whose holidays are known, such as AT.", "/country")
    queue = Queue(**body.model_dump())
    session.add(queue)
    session.flush()
    return QueueOut.model_validate(queue)
