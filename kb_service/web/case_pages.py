"""Plain pages of cases: agents see their queues', customers their own (My requests)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kb_service.auth.actors import Scope
from kb_service.cases import own, repository, service, suggestions
from kb_service.cases.lifecycle import ENDED, Status
from kb_service.cases.models import Case
from kb_service.cases.views import view_case
from kb_service.db.base import utcnow
from kb_service.errors import InvalidInput, NotAuthenticated
from kb_service.http import WritingSession
from kb_service.text import clean_text
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/cases", include_in_schema=False)
MAX_WORDS = 20_000


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """The reply form as it is shown: what was typed and chosen, and what stopped it."""

    text: str = ""
    status: str = ""
    chosen: tuple[str, ...] = ()
    reason: str = ""
    error: str = ""
    needs_reason: bool = False


@router.get("")
def read_cases(page: CurrentPage) -> Response:
    """The newest fifty that this person may see."""
    _require_person(page)
    found = repository.list_cases(page.session, repository.CaseFilter(), page.actor, 50, None)
    is_agent = page.actor.may(Scope.CASES_READ)
    return page.render(
        "cases/list.html", message("case.list" if is_agent else "case.mine"), cases=found, is_agent=is_agent
    )


@router.get("/{reference}")
def read_case(page: CurrentPage, reference: str, done: str = "") -> Response:
    """One case: its thread; for agents its session as a story, suggestions and the reply form."""
    _require_person(page)
    case = repository.find_case(page.session, reference, page.actor)
    if not page.actor.may(Scope.CASES_READ):
        return show_own(page, page.session, case, done=done)
    return show_case(page, page.session, case, ReplyForm())


def show_own(page: Page, session: Session, case: Case, **more: Any) -> Response:
    """A customer's own request: its thread, an answer, closing."""
    values = {"answer": "", "done": "", "error": "", "words": "", **more}
    status = int(values.pop("status", 200))
    is_ended = Status(case.status) in ENDED
    view, address = view_case(session, case, page.actor), f"/cases/{case.number}"
    title = f"{case.number} {case.subject}"
    frame = {"case": view, "address": address, "asks": False, "is_ended": is_ended, "files_at": f"/v1{address}"}
    return page.render("cases/request.html", title, status, **frame, **values)


def show_case(page: Page, session: Session, case: Case, form: ReplyForm, status: int = 200) -> Response:
    """A case's page."""
    found = None
    if page.actor.may(Scope.CASES_READ):
        asked = suggestions.asked_by_case(session, case)
        found = suggestions.suggest(session, page.parts.search, page.parts.catalog, asked, page.actor)
    view = view_case(session, case, page.actor)
    title = f"{case.number} {case.subject}"
    return page.render("cases/case.html", title, status, case=view, found=found, form=form, now=utcnow())


@router.post("/{reference}")
def post_words(
    page: CurrentPage,
    session: WritingSession,
    reference: str,
    text: Annotated[str, Form()] = "",
    words: Annotated[str, Form()] = "",
    action: Annotated[str, Form()] = "message",
) -> Response:
    """An agent's note (``text``); a customer's further message (``words``), which wakes an ended request, or closing."""
    _require_person(page)
    case = repository.find_case(session, reference, page.actor, lock=True)
    if not page.actor.may(Scope.CASES_WRITE):
        return _post_own(page, session, case, action, words)
    note = clean_text(text, "/text", longest=100_000, shortest=1)
    told, _ = service.tell(session, case, service.Message(note, "in", "portal", kind="note"), page.actor)
    return RedirectResponse(f"/cases/C-{told.case_id:06d}", 303)


def _post_own(page: Page, session: Session, case: Case, action: str, words: str) -> Response:
    try:
        said = clean_text(words, "/words", longest=MAX_WORDS, shortest=1 if action == "message" else 0)
        went_on = own.act(session, case, action, said, page.actor)
    except InvalidInput as error:
        session.rollback()
        case = repository.find_case(session, case.id, page.actor)
        return show_own(page, session, case, error=error.detail, words=words, status=422)
    return RedirectResponse(f"/cases/{went_on.number}?done={'closed' if action == 'close' else 'sent'}", 303)


def _require_person(page: Page) -> None:
    if page.actor.is_anonymous:
        raise NotAuthenticated("Sign in to see your requests.")
