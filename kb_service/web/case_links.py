"""A customer's request by its signed address, without signing in: read, answer, say whether it is solved, close.

Invariants: reading changes nothing (mail programs open addresses on their own); only messages are shown, never notes.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kb_service.auth.actors import Actor, Role, actor_for
from kb_service.cases import own
from kb_service.cases.file_routes import send_file, send_formatted
from kb_service.cases.lifecycle import ENDED, Status
from kb_service.cases.links import RequestLink, read_link, request_path
from kb_service.cases.models import Case
from kb_service.cases.solved import answer_solved
from kb_service.cases.views import view_case
from kb_service.customers.models import Customer
from kb_service.errors import InvalidInput, NotFound
from kb_service.http import RowId, WritingSession
from kb_service.text import clean_text
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/requests", include_in_schema=False)
MAX_WORDS = 20_000


@router.get("")
def read_requests() -> RedirectResponse:
    """My requests: the list of one's own cases."""
    return RedirectResponse("/cases", 303)


@router.get("/{token}")
def read_request(page: CurrentPage, token: str, answer: str = "", done: str = "") -> Response:
    """The request; ``answer``: which of the two links of "Did this solve it?" was followed."""
    link = _link(page, token)
    case = _case(page.session, link)
    if case.merged_into_id:
        return RedirectResponse(request_path(_secret(page), case.merged_into_id), 303)
    return _show(page, page.session, case, link, token, answer=answer, done=done)


@router.get("/{token}/files/{file_id}")
def read_request_file(page: CurrentPage, token: str, file_id: RowId) -> Response:
    """A file of the request."""
    case = _case(page.session, _link(page, token))
    return send_file(page.session, case, file_id, _actor(page.session, case))


@router.get("/{token}/messages/{interaction_id}/formatted")
def read_request_formatted(page: CurrentPage, token: str, interaction_id: RowId) -> Response:
    """A mail of the request as it was formatted."""
    case = _case(page.session, _link(page, token))
    actor = _actor(page.session, case)
    return send_formatted(page.session, case, interaction_id, actor, f"/requests/{token}/files/")


@router.post("/{token}")
def post_request(
    page: CurrentPage,
    session: WritingSession,
    token: str,
    action: Annotated[str, Form()] = "message",
    words: Annotated[str, Form()] = "",
) -> Response:
    """Say something, answer "Did this solve it?", or close."""
    link = _link(page, token)
    case = _case(session, link, lock=True)
    actor = _actor(session, case)
    try:
        said = clean_text(words, "/words", longest=MAX_WORDS, shortest=1 if action == "message" else 0)
    except InvalidInput as error:
        session.rollback()
        return _show(page, session, _case(session, link), link, token, error=error.detail, words=words, status=422)
    went_on = _act(session, case, link, action, said, actor)
    path = f"/requests/{token}" if went_on.id == case.id else request_path(_secret(page), went_on.id)
    return RedirectResponse(f"{path}?done={'yes' if action in ('yes', 'close') else 'sent'}", 303)


def _act(session: Session, case: Case, link: RequestLink, action: str, words: str, actor: Actor) -> Case:
    if action in ("yes", "no") and link.interaction_id:
        return answer_solved(session, case, link.interaction_id, action == "yes", words, actor)
    return own.act(session, case, action, words, actor)


def _secret(page: Page) -> str:
    return page.settings.secret_key.get_secret_value()


def _link(page: Page, token: str) -> RequestLink:
    return read_link(_secret(page), token)


def _case(session: Session, link: RequestLink, lock: bool = False) -> Case:
    case = session.get(Case, link.case_id, with_for_update=lock or None, populate_existing=True)
    if case is None:
        raise NotFound("There is no such request.")
    return case


def _actor(session: Session, case: Case) -> Actor:
    customer = session.get(Customer, case.customer_id) if case.customer_id else None
    return actor_for(f"customer:{case.customer_id or 0}", customer.name if customer else "", Role.CUSTOMER)


def _show(page: Page, session: Session, case: Case, link: RequestLink, token: str, **more: Any) -> Response:
    view = view_case(session, case, _actor(session, case))
    values = {"answer": "", "done": "", "error": "", "words": "", **more}
    status = int(values.pop("status", 200))
    can_answer = link.interaction_id is not None and values["answer"] in ("yes", "no") and not values["done"]
    return page.render(
        "cases/request.html",
        f"{case.number} {case.subject}",
        status,
        case=view,
        address=f"/requests/{token}",
        files_at=f"/requests/{token}",
        asks=can_answer,
        is_ended=Status(case.status) in ENDED,
        sent_title=message("case.sent_message"),
        **values,
    )
