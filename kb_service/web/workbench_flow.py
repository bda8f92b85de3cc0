"""Pages of the flow: an article's history, the review queue, tasks, notifications. Each change is one form."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kb_service.articles import moves
from kb_service.articles.access import get_for_change, get_known
from kb_service.articles.inputs import REASONS
from kb_service.articles.models import Article
from kb_service.articles.repository import list_revisions
from kb_service.articles.requests import Changing
from kb_service.articles.service import Change
from kb_service.auth.actors import Scope
from kb_service.authoring import history, notifications, tasks
from kb_service.authoring.feedback import close_answered
from kb_service.authoring.models import AuthorTask
from kb_service.authoring.repository import names_of
from kb_service.db.base import utcnow
from kb_service.errors import KbError, StaleVersion
from kb_service.http import RowId, WritingSession
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/workbench", include_in_schema=False)
Text = Annotated[str, Form()]
Version = Annotated[int, Form(ge=0, le=2**31 - 1)]
MAX_NUMBER = 2**31 - 1


@router.get("/articles/{number}/history")
def read_history(page: CurrentPage, number: str, new: int = 0, old: int = 0) -> Response:
    """Every revision, and what one of them changed."""
    page.actor.require(Scope.ARTICLES_WRITE)
    return _history(page, get_known(page.session, number, page.actor), new, old)


def _history(page: Page, article: Article, new: int, old: int, error: KbError | None = None) -> Response:
    revisions = list_revisions(page.session, article.id)
    new = new if 0 < new <= MAX_NUMBER else revisions[0].number
    old = old if 0 < old <= MAX_NUMBER else max(1, new - 1)
    after, before = (history.get_revision(page.session, article, n) for n in (new, old))
    catalog = page.parts.catalog
    return page.render(
        "authoring/history.html", message("history.title", number=article.number), error.status if error else 200,
        article=article, revisions=revisions, names=names_of(page.session, (r.author for r in revisions)), error=error,
        fields=history.compare(page.session, before, after, catalog), before=before, after=after,
        rendered=history.compare_rendered(page.session, before, after, catalog),
    )  # fmt: skip


@router.post("/articles/{number}/restore")
def post_restore(
    page: CurrentPage, session: WritingSession, number: str, revision: Annotated[RowId, Form()], version: Version = 0
) -> Response:
    """The old text as the newest draft."""
    article = get_for_change(session, number, page.actor)
    try:
        if article.version != version:
            raise StaleVersion(message("history.stale"))
        history.restore_revision(session, article, revision, page.parts.catalog, page.actor)
    except KbError as error:
        session.rollback()
        return _history(page, get_known(page.session, number, page.actor), 0, 0, error)
    return RedirectResponse(f"/workbench/articles/{article.number}/edit?done=restored", 303)


@router.get("/reviews")
def read_reviews(page: CurrentPage) -> Response:
    """What waits for another person's word."""
    page.actor.require(Scope.ARTICLES_WRITE)
    return _reviews(page)


def _reviews(page: Page, error: KbError | None = None) -> Response:
    rows = tasks.list_tasks(page.session, page.actor, kind=tasks.REVIEW)
    said = tasks.reports_of(page.session, [task for task, _ in rows])
    return page.render(
        "authoring/reviews.html", message("review.title"), error.status if error else 200, rows=rows, said=said, error=error,
        names=names_of(page.session, (one.reporter for reports in said.values() for one in reports)),
        done=page.request.query_params.get("done", ""),
    )  # fmt: skip


@router.post("/articles/{number}/approve")
def post_approve(
    page: CurrentPage,
    session: WritingSession,
    number: str,
    changing: Annotated[Changing, Depends()],
    version: Version = 0,
) -> Response:
    """Publish the newest draft; what was asked for is answered by it."""
    try:
        article = get_for_change(session, number, page.actor)
        if article.version != version:
            raise StaleVersion(message("review.stale"))
        change = moves.publish(session, article.id, page.actor)
    except KbError as error:
        if error.status == 404:
            raise
        session.rollback()
        return _reviews(page, error)
    finish(session, changing, change)
    return RedirectResponse("/workbench/reviews?done=approved", 303)


@router.post("/articles/{number}/review")
def post_review(page: CurrentPage, session: WritingSession, number: str, note: Text = "") -> Response:
    """Ask another person."""
    article = get_for_change(session, number, page.actor)
    tasks.request_review(session, article.id, note, page.actor)
    return RedirectResponse(f"/workbench/articles/{article.number}/edit?done=review", 303)


@router.get("/tasks")
def read_tasks(page: CurrentPage) -> Response:
    """What readers and colleagues report, due first."""
    page.actor.require(Scope.ARTICLES_WRITE)
    rows = tasks.list_tasks(page.session, page.actor, kind=tasks.FEEDBACK)
    return page.render(
        "authoring/tasks.html", message("tasks.title"), rows=rows, now=utcnow(), **said_by(page, rows),
        done=page.request.query_params.get("done", ""),
    )  # fmt: skip


def said_by(page: Page, rows: list[tuple[AuthorTask, Article]]) -> dict[str, Any]:
    """What was said, and by whom."""
    said = tasks.reports_of(page.session, [task for task, _ in rows])
    people = {one.reporter for reports in said.values() for one in reports} | {task.owner for task, _ in rows}
    return {"said": said, "names": names_of(page.session, people)}


@router.post("/tasks/{id}")
def post_task(
    page: CurrentPage, session: WritingSession, id: RowId, action: Text = "take", note: Text = ""
) -> Response:
    """Take it, or close it without a change."""
    if action == "dismiss":
        tasks.dismiss(session, id, note, page.actor)
    else:
        tasks.take(session, id, page.actor)
    return RedirectResponse(f"/workbench/tasks?done={'dismissed' if action == 'dismiss' else 'taken'}", 303)


@router.post("/notifications/read")
def post_read(page: CurrentPage, session: WritingSession, last: Annotated[RowId, Form()]) -> Response:
    """All that is shown has been read."""
    page.actor.require(Scope.ARTICLES_PROPOSE)
    notifications.mark_read(session, page.actor, last)
    return RedirectResponse("/workbench", 303)


@router.post("/articles/{number}/flag")
def post_flag(
    page: CurrentPage, session: WritingSession, number: str, reason: Text = "incorrect", words: Text = ""
) -> Response:
    """One action from the article's page."""
    tasks.flag(session, number, reason if reason in REASONS else "other", words, page.actor)
    return RedirectResponse(f"/a/{number}?flagged=1", 303)


def finish(session: Session, changing: Changing, change: Change) -> None:
    """What follows a publication: what it answers is closed, and what readers lost leaves the index."""
    close_answered(session, change.article.id)
    changing.settle(session, change)
