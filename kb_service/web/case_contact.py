"""Contact us: the portal session becomes a case. At most three questions, none that the session answers."""

from __future__ import annotations

import re
import secrets
from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy.orm import Session
from starlette.responses import Response

from kb_service.cases import escalation, service
from kb_service.cases.mails import site_of
from kb_service.cases.models import Case
from kb_service.cases.receipts import send_receipt
from kb_service.customers.models import Customer
from kb_service.customers.service import customer_of_actor, email_of, find_or_create
from kb_service.errors import InvalidInput
from kb_service.http import WritingSession
from kb_service.text import clean_text
from kb_service.web import visitor
from kb_service.web.contact import ways_to_reach_us
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(include_in_schema=False)
MAX_WORDS, MAX_SUBJECT = 20_000, 120
_ONCE = re.compile(r"[A-Za-z0-9_-]{16,40}")


@router.get("/contact")
def read_contact(page: CurrentPage, query: str = "") -> Response:
    """The form, with the last search as a start."""
    asked = page.parts.search.session_queries(visitor.session_id(page.request), 1)
    return _form(page, query[:2000] or (asked[0] if asked else ""), "", "", "")


@router.post("/contact")
def post_contact(
    page: CurrentPage,
    session: WritingSession,
    words: Annotated[str, Form()] = "",
    email: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    once: Annotated[str, Form()] = "",
) -> Response:
    """Open the case with the session; ends with its number and an expected time. A form sent twice is one case."""
    try:
        text = clean_text(words, "/words", longest=MAX_WORDS, shortest=1)
        name = clean_text(name, "/name", longest=200, is_line=True)
        customer = _customer(page, session, email, name)
    except InvalidInput as error:
        detail = message("case.bad_words") if not words.strip() else error.detail
        return _form(page, words, email, name, detail, 422)
    new = service.NewCase(
        subject=text.splitlines()[0][:MAX_SUBJECT],
        description=text,
        customer_id=customer.id,
        channel="portal",
        external_id=f"form-{once}" if _ONCE.fullmatch(once) else None,
        preferred=page.remembered(),
        author_name=customer.name,
    )
    case, is_new = service.open_case(session, new, page.actor)
    if is_new:
        escalation.carry_session(session, case, visitor.session_id(page.request))
        _send_receipt(page, session, case)
    when = f"{case.due_at:%-d %B %Y, %H:%M} UTC" if case.due_at else ""
    return page.render("cases/sent.html", message("case.sent", number=case.number), when=when)


def _send_receipt(page: Page, session: Session, case: Case) -> None:
    address = email_of(session, case.customer_id) if case.customer_id else None
    if address is not None:
        send_receipt(session, case, site_of(page.settings, page.absolute("")), address)


def _customer(page: Page, session: Session, email: str, name: str) -> Customer:
    signed_in = customer_of_actor(session, page.actor.id)
    if signed_in is not None:
        return signed_in
    address = clean_text(email, "/email", longest=254, is_line=True)
    return find_or_create(session, "email", address, name)


def _form(page: Page, words: str, email: str, name: str, error: str, status: int = 200) -> Response:
    is_known = customer_of_actor(page.session, page.actor.id) is not None
    values = {"words": words, "email": email, "name": name, "error": error, "is_known": is_known}
    values["once"] = secrets.token_urlsafe(18)
    ways = [way for way in ways_to_reach_us(page.settings) if way.url != "/contact"]
    return page.render("cases/contact.html", message("case.contact"), status, ways=ways, **values)
