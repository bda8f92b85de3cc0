"""Plain pages of cases: agents see their queues', customers their own (My requests)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from kb_service.auth.actors import Scope
from kb_service.cases import repository, service, suggestions
from kb_service.cases.views import view_case
from kb_service.errors import NotAuthenticated
from kb_service.http import WritingSession
from kb_service.text import clean_text
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/cases", include_in_schema=False)


@router.get("")
def read_cases(page: CurrentPage) -> Response:
    """The newest fifty that this person may see."""
    _require_person(page)
    found = repository.list_cases(page.session, repository.CaseFilter(), page.actor, 50, None)
    title = "case.list" if page.actor.may(Scope.CASES_READ) else "case.mine"
    return page.render("cases/list.html", message(title), cases=found)


@router.get("/{reference}")
def read_case(page: CurrentPage, reference: str) -> Response:
    """One case: its thread; for agents its session as a story, and suggestions."""
    _require_person(page)
    case = repository.find_case(page.session, reference, page.actor)
    found = None
    if page.actor.may(Scope.CASES_READ):
        asked = suggestions.asked_by_case(page.session, case)
        found = suggestions.suggest(page.session, page.parts.search, page.parts.catalog, asked, page.actor)
    view = view_case(page.session, case, page.actor)
    return page.render("cases/case.html", f"{case.number} {case.subject}", case=view, found=found)


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
