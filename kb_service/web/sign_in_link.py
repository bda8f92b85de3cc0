"""Signing in by a link in a mail: asking, confirming, coming in.

Invariants: opening the link signs nobody in (mail programs open addresses on their own): its page has a button; every
address gets the same answer.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from kb_service.errors import InvalidInput, NotFound, RateLimited
from kb_service.http import WritingSession
from kb_service.sign_in import links
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page
from kb_service.web.sign_in import local_path, show_form

router = APIRouter(prefix="/sign-in/link", include_in_schema=False)
MY_REQUESTS = "/requests"


@router.post("")
def post_link(
    page: CurrentPage,
    session: WritingSession,
    email: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    """Ask for a link."""
    if not links.is_offered(page.settings):
        raise NotFound()
    wanted = local_path(next)
    email = email.strip()[:254]
    try:
        page.request.app.state.gate.throttle(page.request, email)
        links.ask_for_link(session, email, MY_REQUESTS if wanted == "/" else wanted[:500])
    except (InvalidInput, RateLimited) as error:
        return show_form(page, next, "", "", error.status, link_email=email, link_error=error.detail)
    return page.render("sign_in_link.html", message("sign_in.asked_title"), state="asked", email=email)


@router.get("/{token}")
def read_link(page: CurrentPage, token: str) -> Response:
    """The button, or that the link is over."""
    try:
        link = links.read_link(page.session, token)
    except NotFound:
        return _over(page)
    title = message("sign_in.confirm_title", email=link.email)
    return page.render("sign_in_link.html", title, state="confirm", token=token)


@router.post("/{token}")
def post_token(page: CurrentPage, session: WritingSession, token: str) -> Response:
    """Come in."""
    gate = page.request.app.state.gate
    try:
        made, wanted = links.use_link(session, token, gate.session_token(page.request))
    except NotFound:
        return _over(page)
    answer = RedirectResponse(local_path(wanted), 303)
    gate.set_session(page.request, answer, made)
    return answer


def _over(page: Page) -> Response:
    return page.render("sign_in_link.html", message("sign_in.over_title"), 410, state="over")
