"""The outbox and snippets over HTTP: /v1/mails and /v1/snippets. Agents see the mails of cases that they see."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.auth.actors import Actor, Scope
from kb_service.cases import repository
from kb_service.cases.composing import check_template, fill
from kb_service.cases.endpoints import Reference
from kb_service.cases.mails import site_of
from kb_service.cases.models import Case, OutgoingMail, Queue, Snippet
from kb_service.cases.replies import Sender, placeholder_values
from kb_service.cases.reply_schemas import MailList, MailOut, SnippetIn, SnippetOut, SnippetText
from kb_service.db.base import utcnow
from kb_service.errors import Conflict, NotFound
from kb_service.http import CurrentActor, CurrentParts, ReadingSession, RowId, WritingSession

router = APIRouter(prefix="/v1", tags=["cases"])
MailState = Literal["waiting", "sending", "sent", "failed", "taken_back"]


def list_mails(session: Session, actor: Actor, state: str | None, limit: int, before: int | None) -> list[OutgoingMail]:
    """Mails of cases that the actor sees, the newest first."""
    statement = (
        select(OutgoingMail)
        .join(Case, Case.id == OutgoingMail.case_id)
        .where(repository.visible(session, actor))
        .order_by(OutgoingMail.id.desc())
        .limit(limit)
    )
    if state:
        statement = statement.where(OutgoingMail.state == state)
    if before:
        statement = statement.where(OutgoingMail.id < before)
    return list(session.scalars(statement))


def retry_mail(session: Session, actor: Actor, mail_id: int) -> OutgoingMail:
    """Send a mail that failed once more. Raises NotFound, Conflict."""
    seen = select(OutgoingMail).join(Case, Case.id == OutgoingMail.case_id).where(repository.visible(session, actor))
    mail = session.scalar(seen.where(OutgoingMail.id == mail_id))
    if mail is None:
        raise NotFound("There is no such mail.")
    if mail.state != "failed":
        raise Conflict(f"Only a mail that failed is sent again; this one is {mail.state}.")
    mail.state, mail.send_after, mail.attempts, mail.last_error = "waiting", utcnow(), 0, ""
    session.flush()
    return mail


@router.get("/mails", response_model=MailList)
def get_mails(
    session: ReadingSession,
    actor: CurrentActor,
    state: MailState | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> MailList:
    """The outbox: what waits, what left, what failed and why."""
    actor.require(Scope.CASES_READ)
    found = list_mails(session, actor, state, limit + 1, before)
    items = [MailOut.model_validate(mail) for mail in found[:limit]]
    return MailList(items=items, next_before=items[-1].id if len(found) > limit else None)


@router.post("/mails/{mail_id}/retry", response_model=MailOut)
def post_retry(mail_id: RowId, session: WritingSession, actor: CurrentActor) -> MailOut:
    """Send a mail that failed once more, under the same Message-ID."""
    actor.require(Scope.CASES_WRITE)
    return MailOut.model_validate(retry_mail(session, actor, mail_id))


@router.get("/snippets", response_model=list[SnippetOut])
def get_snippets(session: ReadingSession, actor: CurrentActor) -> list[SnippetOut]:
    """Texts for what is no answer."""
    actor.require(Scope.CASES_READ)
    return [SnippetOut.model_validate(row) for row in session.scalars(select(Snippet).order_by(Snippet.title))]


@router.post("/snippets", status_code=201, response_model=SnippetOut)
def post_snippet(body: SnippetIn, session: WritingSession, actor: CurrentActor) -> SnippetOut:
    """Add a snippet, or change the text of the one with this title."""
    actor.require(Scope.CASES_WRITE)
    check_template(body.text, "/text")
    row = session.scalar(select(Snippet).where(Snippet.title == body.title))
    if row is None:
        row = Snippet(title=body.title, text=body.text)
        session.add(row)
    row.text = body.text
    session.flush()
    return SnippetOut.model_validate(row)


@router.delete("/snippets/{snippet_id}", status_code=204)
def delete_snippet(snippet_id: RowId, session: WritingSession, actor: CurrentActor) -> None:
    """Remove a snippet."""
    actor.require(Scope.CASES_WRITE)
    session.delete(_snippet(session, snippet_id))


@router.get("/cases/{reference}/snippets/{snippet_id}", response_model=SnippetText)
def get_snippet_text(
    reference: Reference, snippet_id: RowId, session: ReadingSession, actor: CurrentActor, parts: CurrentParts
) -> SnippetText:
    """A snippet with its placeholders filled for a case."""
    actor.require(Scope.CASES_READ)
    case = repository.find_case(session, reference, actor)
    sender = Sender(session, actor, parts.catalog, site_of(parts.settings))
    values = placeholder_values(sender, case, session.get(Queue, case.queue_id))
    return SnippetText(text=fill(_snippet(session, snippet_id).text, values))


def _snippet(session: Session, snippet_id: int) -> Snippet:
    row = session.get(Snippet, snippet_id)
    if row is None:
        raise NotFound("There is no such snippet.")
    return row
