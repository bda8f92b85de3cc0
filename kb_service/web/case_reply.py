"""The plain reply form of an agent's case page, taking back, and the outbox."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kb_service.auth.actors import Scope
from kb_service.cases import mail_routes, replies, repository
from kb_service.cases.lifecycle import Status
from kb_service.cases.mails import site_of
from kb_service.cases.sendable import SentArticle
from kb_service.errors import Conflict, InvalidInput, KbError, NotFound, StaleVersion
from kb_service.http import WritingSession
from kb_service.text import clean_text
from kb_service.web.case_pages import ReplyForm, show_case
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/cases", include_in_schema=False)


class SentForm(BaseModel):
    """The form as it came. ``article``: "id|rank|use" for each suggestion that was chosen."""

    text: str = ""
    version: int = 0
    status: str = ""
    reason: str = ""
    query_id: str = ""
    article: list[str] = []

    def articles(self) -> tuple[SentArticle, ...]:
        """The suggestions that go."""
        found = []
        for value in self.article:
            article, _, rest = value.partition("|")
            rank, _, use = rest.partition("|")
            if article and use in ("link", "passage", "rendering") and rank.isdigit():
                query = self.query_id[:40] or None
                found.append(
                    SentArticle(article[:40], use, query_id=query, rank=int(rank[:4]), reason=self.reason[:200])
                )
        return tuple(found[:10])


def sender_of(page: Page, session: Session) -> replies.Sender:
    """Who sends from this page."""
    return replies.Sender(session, page.actor, page.parts.catalog, site_of(page.settings, page.absolute("")))


@router.get("/outbox")
def read_outbox(page: CurrentPage) -> Response:
    """What waits, what left, what failed and why."""
    page.actor.require(Scope.CASES_READ)
    mails = mail_routes.list_mails(page.session, page.actor, None, 50, None)
    return page.render("cases/outbox.html", message("case.outbox"), mails=mails, is_kept=not page.settings.smtp_url)


@router.post("/outbox/{mail_id}")
def post_outbox(page: CurrentPage, session: WritingSession, mail_id: int) -> Response:
    """Send a mail that failed once more."""
    page.actor.require(Scope.CASES_WRITE)
    mail_routes.retry_mail(session, page.actor, min(mail_id, 2**31 - 1))
    return RedirectResponse("/cases/outbox", 303)


@router.post("/{reference}/reply")
def post_reply(
    page: CurrentPage,
    session: WritingSession,
    reference: str,
    form: Annotated[SentForm, Form()],
) -> Response:
    """Answer the customer; what stops it is said above the form, with the words kept."""
    page.actor.require(Scope.CASES_WRITE)
    case = repository.find_case(session, reference, page.actor, lock=True)
    try:
        words = clean_text(form.text, "/text", longest=100_000)
        if form.version != case.version:
            raise StaleVersion(message("case.stale"))
        status = Status(form.status) if form.status in set(Status) else None
        reply = replies.Reply(words, articles=form.articles(), status=status)
        replies.send_reply(sender_of(page, session), case, reply)
    except (Conflict, InvalidInput, NotFound, StaleVersion) as error:
        session.rollback()
        return _again(page, session, reference, form, error)
    return RedirectResponse(f"/cases/{case.number}", 303)


def _again(page: Page, session: Session, reference: str, form: SentForm, error: KbError) -> Response:
    case = repository.find_case(session, reference, page.actor)
    needs_reason = any(problem.get("ways") for problem in error.extras.get("problems", []))
    shown = ReplyForm(form.text, form.status, tuple(form.article), form.reason, error.detail, needs_reason)
    return show_case(page, session, case, shown, error.status)


@router.post("/{reference}/take-back")
def post_take_back(
    page: CurrentPage, session: WritingSession, reference: str, interaction: Annotated[int, Form()] = 0
) -> Response:
    """Take a reply back; its words come back into the form."""
    page.actor.require(Scope.CASES_WRITE)
    case = repository.find_case(session, reference, page.actor, lock=True)
    try:
        found = replies.take_back(sender_of(page, session), case, min(max(interaction, 0), 2**31 - 1))
    except Conflict as error:
        session.rollback()
        case = repository.find_case(session, reference, page.actor)
        return show_case(page, session, case, ReplyForm(error=error.detail), error.status)
    return show_case(page, session, case, ReplyForm(found.text))
