"""Mail over HTTP: a gateway hands raw messages in; agents see what was set aside."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query
from starlette.responses import Response

from kb_service.auth.actors import Scope
from kb_service.cases.mails import site_of
from kb_service.channels import receiving
from kb_service.channels.mail_headers import bare_address
from kb_service.channels.mail_parsing import Envelope
from kb_service.channels.schemas import CaseMade, MailReceived, MailSetAside, MailsSetAside
from kb_service.errors import InvalidInput, TooLarge
from kb_service.http import CurrentActor, CurrentParts, JsonResponse, ReadingSession, RowId, WritingSession

router = APIRouter(prefix="/v1/channels/email", tags=["cases"])
RawMessage = Annotated[
    bytes, Body(media_type="message/rfc822", description="The message as it came over the wire (RFC 5322).")
]
Sender = Annotated[str | None, Query(max_length=320, description="The envelope's sender; empty: <>, a machine's mail.")]
Recipients = Annotated[list[str], Query(max_length=50, description="The envelope's recipients.")]


@router.post("", status_code=201, response_model=MailReceived, responses={200: {"model": MailReceived}})
def post_mail(
    body: RawMessage,
    actor: CurrentActor,
    parts: CurrentParts,
    envelope_from: Sender = None,
    envelope_to: Recipients = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Take a mail in; answered when it is committed. The same message again is answered 200 and changes nothing."""
    actor.require(Scope.MAIL_RECEIVE)
    if not body.strip():
        raise InvalidInput("Send the raw message as the body (message/rfc822).", "")
    if len(body) > (limit := parts.settings.mail_max_mb * 1024 * 1024):
        raise TooLarge(f"A mail has at most {limit:,} bytes here (KB_MAIL_MAX_MB).")
    sender = None if envelope_from is None else bare_address(envelope_from)
    envelope = Envelope(sender, tuple(one[:320] for one in envelope_to))
    found = receiving.receive_raw(parts.database, site_of(parts.settings), body, envelope)
    view = MailReceived(
        kind=found.kind,
        outcome=found.outcome,
        case=f"C-{found.case_id:06d}" if found.case_id else None,
        interaction_id=found.interaction_id,
        is_new=found.is_new,
    )
    return JsonResponse(view.model_dump(mode="json"), 201 if found.is_new else 200)


@router.get("/set-aside", response_model=MailsSetAside)
def get_set_aside(
    session: ReadingSession,
    actor: CurrentActor,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> MailsSetAside:
    """Mail that belongs to no case: newsletters, lists, spam, machines that nobody asked."""
    actor.require(Scope.CASES_READ)
    found = receiving.list_set_aside(session, limit + 1, before)
    items = [MailSetAside.model_validate(row) for row in found[:limit]]
    return MailsSetAside(items=items, next_before=items[-1].id if len(found) > limit else None)


@router.post("/set-aside/{mail_id}/case", status_code=201, response_model=CaseMade)
def post_case_of_mail(mail_id: RowId, session: WritingSession, actor: CurrentActor, parts: CurrentParts) -> CaseMade:
    """Make a case of a mail that was set aside."""
    actor.require(Scope.CASES_WRITE)
    return CaseMade(case=receiving.make_case(session, mail_id, site_of(parts.settings)).number)
