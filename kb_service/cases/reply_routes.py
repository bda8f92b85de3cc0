"""Replies over HTTP, beside /v1/cases: sent against the thread that was read, seen before, taken back within seconds."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from kb_service.auth.actors import Scope
from kb_service.cases import replies, repository, service
from kb_service.cases.endpoints import Reference
from kb_service.cases.lifecycle import Status
from kb_service.cases.mails import site_of
from kb_service.cases.models import Case, Interaction
from kb_service.cases.reply_schemas import ReplyIn, ReplyOut, ReplyPreview, SendProblemOut, TakenBackOut
from kb_service.cases.schemas import InteractionOut
from kb_service.errors import InvalidInput
from kb_service.http import (
    Created,
    CurrentActor,
    CurrentParts,
    IdempotencyKey,
    ReadingSession,
    RowId,
    WritingSession,
    etag,
    idempotent,
    require_if_match,
)

router = APIRouter(prefix="/v1/cases", tags=["cases"])


def site_base(request: Request) -> str:
    """The address by which this request came."""
    return f"{request.url.scheme}://{request.url.netloc}"


@router.post("/{reference}/replies", status_code=201, response_model=ReplyOut)
def post_reply(
    request: Request,
    reference: Reference,
    body: ReplyIn,
    session: WritingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    key: IdempotencyKey = None,
) -> Response:
    """Answer the customer, or note something for colleagues.

    A reply takes If-Match with the case's ETag: of two who answer the same thread, the second reads it first (412).
    An article that the customer may not read is refused (409, `problems` says what to do); one that does not apply to
    the case or is superseded goes with a `reason` only. For five seconds it can be taken back.
    """
    actor.require(Scope.CASES_WRITE)

    def create() -> Created:
        case = repository.find_case(session, reference, actor, lock=True)
        if body.kind == "note":
            if not body.text:
                raise InvalidInput("A note has words.", "/text")
            told, _ = service.tell(session, case, service.Message(body.text, "internal", kind="note"), actor)
        else:
            require_if_match(request, case.version)
            sender = replies.Sender(session, actor, parts.catalog, site_of(parts.settings, site_base(request)))
            told = replies.send_reply(sender, case, body.to_reply())
        return Created(_view(case, told), {"ETag": etag(case.version)})

    return idempotent(request, session, actor, body, create)


def _view(case: Case, told: Interaction) -> ReplyOut:
    return ReplyOut(
        interaction=InteractionOut.model_validate(told),
        status=Status(case.status),
        version=case.version,
        take_back_until=told.shown_at,
    )


@router.post("/{reference}/replies/preview", response_model=ReplyPreview)
def post_preview(
    request: Request,
    reference: Reference,
    body: ReplyIn,
    session: ReadingSession,
    actor: CurrentActor,
    parts: CurrentParts,
) -> ReplyPreview:
    """The reply as it would go: its words on its channel, and every problem of its articles."""
    actor.require(Scope.CASES_WRITE)
    case = repository.find_case(session, reference, actor)
    sender = replies.Sender(session, actor, parts.catalog, site_of(parts.settings, site_base(request)))
    found = replies.prepare(sender, case, body.to_reply())
    return ReplyPreview(
        channel=found.channel,
        to_address=found.to_address,
        subject=found.subject,
        body=found.body,
        mail_text=found.mail_text,
        problems=[SendProblemOut(**problem.plain()) for problem in found.problems],
        may_go=bool(found.body) and not found.blocking,
    )


@router.post("/{reference}/replies/{interaction_id}/take-back", response_model=TakenBackOut)
def post_take_back(
    request: Request,
    reference: Reference,
    interaction_id: RowId,
    session: WritingSession,
    actor: CurrentActor,
    parts: CurrentParts,
) -> TakenBackOut:
    """Take a reply back before it leaves; its words come back. 409 when it has left."""
    actor.require(Scope.CASES_WRITE)
    case = repository.find_case(session, reference, actor, lock=True)
    sender = replies.Sender(session, actor, parts.catalog, site_of(parts.settings, site_base(request)))
    found = replies.take_back(sender, case, interaction_id)
    return TakenBackOut(text=found.text, articles=found.articles, version=case.version)
