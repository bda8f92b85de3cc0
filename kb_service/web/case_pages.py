"""Plain pages of cases: agents see their queues', customers their own (My requests)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kb_service.auth.actors import Scope
from kb_service.cases import repository, service, suggestions
from kb_service.cases.models import Case
from kb_service.cases.views import view_case
from kb_service.db.base import utcnow
from kb_service.errors import NotAuthenticated
from kb_service.http import WritingSession
from kb_service.text import clean_text
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/cases", include_in_schema=False)


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
def read_case(page: CurrentPage, reference: str) -> Response:
    """One case: its thread; for agents its session as a story, suggestions and the reply form."""
    _require_person(page)
    case = repository.find_case(page.session, reference, page.actor)
    return show_case(page, page.session, case, ReplyForm())


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
    page: CurrentPage, session: WritingSession, reference: str, text: Annotated[str, Form()] = ""
) -> Response:
    """An agent's note, or a customer's further message."""
    _require_person(page)
    case = repository.find_case(session, reference, page.actor, lock=True)
    words = clean_text(text, "/text", longest=100_000, shortest=1)
    kind = "note" if page.actor.may(Scope.CASES_WRITE) else "message"
    told, _ = service.tell(session, case, service.Message(words, "in", "portal", kind=kind), page.actor)
    return RedirectResponse(f"/cases/C-{told.case_id:06d}", 303)


def _require_person(page: Page) -> None:
    if page.actor.is_anonymous:
        raise NotAuthenticated("Sign in to see your requests.")
