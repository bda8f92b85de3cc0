"""Queues over HTTP: /v1/queues."""

from __future__ import annotations

from zoneinfo import available_timezones

from fastapi import APIRouter
from sqlalchemy import select

from kb_service.auth.actors import Scope
from kb_service.cases.composing import check_template
from kb_service.cases.hours import is_known_country
from kb_service.cases.models import Queue
from kb_service.cases.repository import find_queue, works_in
from kb_service.cases.schemas import FrameIn, QueueIn, QueueOut, QueuePatch, Slug
from kb_service.errors import Conflict, InvalidInput, NotFound
from kb_service.http import CurrentActor, ReadingSession, WritingSession

router = APIRouter(prefix="/v1/queues", tags=["cases"])


@router.get("", response_model=list[QueueOut])
def get_queues(session: ReadingSession, actor: CurrentActor) -> list[QueueOut]:
    """Queues that the caller works in."""
    actor.require(Scope.CASES_READ)
    rows = session.scalars(select(Queue).order_by(Queue.id))
    return [QueueOut.model_validate(row) for row in rows if works_in(row, actor)]


@router.post("", status_code=201, response_model=QueueOut)
def post_queue(body: QueueIn, session: WritingSession, actor: CurrentActor) -> QueueOut:
    """Add a queue."""
    actor.require(Scope.SITE_MANAGE)
    if find_queue(session, body.slug) is not None:
        raise Conflict("There is a queue with this slug already.")
    _check(body)
    queue = Queue(**body.model_dump(exclude={"frame"}), frame=body.frame.model_dump(exclude_none=True))
    session.add(queue)
    session.flush()
    return QueueOut.model_validate(queue)


@router.patch("/{slug}", response_model=QueueOut)
def patch_queue(slug: Slug, body: QueuePatch, session: WritingSession, actor: CurrentActor) -> QueueOut:
    """Change a queue: its name, groups, hours, or the frame of its replies."""
    actor.require(Scope.SITE_MANAGE)
    queue = find_queue(session, slug)
    if queue is None or not works_in(queue, actor):
        raise NotFound("There is no such queue.")
    _check(body)
    given = body.model_dump(exclude_none=True)
    for name, value in given.items():
        setattr(queue, name, value)
    session.flush()
    return QueueOut.model_validate(queue)


def _check(body: QueueIn | QueuePatch) -> None:
    if body.time_zone is not None and body.time_zone not in available_timezones():
        raise InvalidInput("A time zone looks like Europe/Vienna.", "/time_zone")
    if body.country is not None and not is_known_country(body.country):
        raise InvalidInput("A country is an ISO 3166 code whose holidays are known, such as AT.", "/country")
    if body.frame is not None:
        check_frame(body.frame)


def check_frame(frame: FrameIn) -> None:
    """Refuse a placeholder that no reply could fill."""
    for where, part in [("", frame), *((f"/channels/{name}", part) for name, part in frame.channels.items())]:
        for name in ("greeting", "closing", "signature"):
            check_template(getattr(part, name) or "", f"/frame{where}/{name}")
