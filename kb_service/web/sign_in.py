"""Signing in and out by form."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kb_service.auth import sessions
from kb_service.auth.actors import Scope
from kb_service.errors import NotAuthenticated, RateLimited
from kb_service.http import WritingSession
from kb_service.sign_in import links
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def read_sign_in(page: CurrentPage, next: str = "/") -> Response:
    """The form; ``next`` is where to go afterwards."""
    return show_form(page, next, "", "", 200)


@router.get("/login")
def read_login() -> Response:
    """The address that people guess."""
    return RedirectResponse("/sign-in", 301)


@router.post("/sign-in")
def post_sign_in(
    page: CurrentPage,
    session: WritingSession,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Start a session, or show the form again with what was wrong."""
    gate = page.request.app.state.gate
    try:
        token = gate.sign_in(page.request, session, email[:300], password[:1000])
    except (NotAuthenticated, RateLimited) as error:
        return show_form(page, next, email, error.detail, error.status)
    answer = RedirectResponse(_first_page(session, token, local_path(next)), 303)
    gate.set_session(page.request, answer, token)
    return answer


@router.post("/sign-out")
def post_sign_out(page: CurrentPage, session: WritingSession) -> Response:
    """End the session."""
    answer = RedirectResponse("/", 303)
    page.request.app.state.gate.sign_out(page.request, session, answer)
    return answer


def _first_page(session: Session, token: str, wanted: str) -> str:
    """Who works on cases begins at the desk, unless an address was asked for."""
    actor = sessions.actor_from_cookie(session, token)
    return "/desk" if wanted == "/" and actor is not None and actor.may(Scope.CASES_READ) else wanted


def local_path(address: str) -> str:
    """An address of this site, or the home page: nobody is sent elsewhere by a link."""
    is_local = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_local else "/"


def show_form(page: Page, next: str, email: str, error: str, status: int, **link: str) -> Response:
    """Every way in. ``link``: what was typed into the form of the link, and what was wrong."""
    values = {"link_email": "", "link_error": "", **link, "next": local_path(next), "email": email, "error": error}
    has_links = links.is_offered(page.settings)
    return page.render("sign_in.html", message("sign_in.title"), status, has_links=has_links, **values)
