"""Mail that belongs to no case: seen, and made a case after all."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from kb_service.auth.actors import Scope
from kb_service.cases.mails import site_of
from kb_service.channels import receiving
from kb_service.http import WritingSession
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage

router = APIRouter(prefix="/cases", include_in_schema=False)
SHOWN = 100


@router.get("/set-aside")
def read_set_aside(page: CurrentPage) -> Response:
    """What was set aside, the newest first."""
    page.actor.require(Scope.CASES_READ)
    mails = receiving.list_set_aside(page.session, SHOWN, None)
    return page.render("cases/set_aside.html", message("case.aside"), mails=mails)


@router.post("/set-aside/{mail_id}")
def post_set_aside(page: CurrentPage, session: WritingSession, mail_id: int) -> Response:
    """Make a case of one of them."""
    page.actor.require(Scope.CASES_WRITE)
    site = site_of(page.settings, page.absolute(""))
    case = receiving.make_case(session, min(max(mail_id, 0), 2**31 - 1), site)
    return RedirectResponse(f"/cases/{case.number}", 303)
