"""/v1: comparing and restoring revisions; flags, tasks, reviews and notifications."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kb_service.articles.access import get_known
from kb_service.articles.models import Article
from kb_service.articles.requests import PENDING, Changing, Reference
from kb_service.articles.schemas import ArticleOut
from kb_service.auth.actors import Scope
from kb_service.authoring import history, notifications, tasks
from kb_service.authoring.flow_schemas import (
    ComparisonOut,
    FieldDiffOut,
    FlagIn,
    LineOut,
    NoteIn,
    NotificationOut,
    ReadIn,
    TaskOut,
)
from kb_service.authoring.models import AuthorTask
from kb_service.http import (
    Created,
    CurrentActor,
    CurrentParts,
    IdempotencyKey,
    ReadingSession,
    RowId,
    WritingSession,
    idempotent,
)

router = APIRouter(prefix="/v1", tags=["authoring"])
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/articles/{reference}/revisions/{number}/changes", response_model=ComparisonOut)
def get_changes(
    reference: Reference,
    number: Number,
    session: ReadingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    since: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="The one before, unless said.")] = None,
) -> ComparisonOut:
    """What a revision changed: lines, and words within them, as written and as readers see it."""
    actor.require(Scope.ARTICLES_WRITE)
    article = get_known(session, reference, actor)
    new = history.get_revision(session, article, number)
    old = history.get_revision(session, article, since or max(1, number - 1))
    fields = history.compare(session, old, new, parts.catalog)
    rendered = history.compare_rendered(session, old, new, parts.catalog)
    return ComparisonOut(
        old=old.number,
        new=new.number,
        fields=[FieldDiffOut.model_validate(one, from_attributes=True) for one in fields],
        rendered=[LineOut.model_validate(line, from_attributes=True) for line in rendered],
    )


@router.post("/articles/{reference}/revisions/{number}/restore", response_model=ArticleOut, responses=PENDING)
def post_restore(
    reference: Reference, number: Number, session: WritingSession, deps: Annotated[Changing, Depends()]
) -> Response:
    """A new draft revision with an old one's text."""
    deps.check_match(session, reference)
    article = get_known(session, reference, deps.actor)
    return deps.answer(session, history.restore_revision(session, article, number, deps.parts.catalog, deps.actor))


@router.post("/articles/{reference}/flag", status_code=201, response_model=TaskOut)
def post_flag(
    request: Request,
    reference: Reference,
    body: FlagIn,
    session: WritingSession,
    actor: CurrentActor,
    key: IdempotencyKey = None,
) -> Response:
    """Say that an article is wrong: one task for its revision, with everybody's reasons."""

    def create() -> Created:
        return Created(_view(session, tasks.flag(session, reference, body.reason, body.words, actor)))

    return idempotent(request, session, actor, body, create)


@router.post("/articles/{reference}/review", status_code=201, response_model=TaskOut)
def post_review(
    request: Request,
    reference: Reference,
    body: NoteIn,
    session: WritingSession,
    actor: CurrentActor,
    key: IdempotencyKey = None,
) -> Response:
    """Ask another person to look at the newest draft. Publishing it approves."""

    def create() -> Created:
        return Created(_view(session, tasks.request_review(session, reference, body.note, actor)))

    return idempotent(request, session, actor, body, create)


@router.get("/tasks", response_model=list[TaskOut])
def get_tasks(
    session: ReadingSession,
    actor: CurrentActor,
    kind: Annotated[Literal["feedback", "review"] | None, Query()] = None,
    mine: bool = False,
) -> list[TaskOut]:
    """Open tasks, due first; at most 100."""
    actor.require(Scope.ARTICLES_WRITE)
    rows = tasks.list_tasks(session, actor, kind=kind or "", mine=mine)
    said = tasks.reports_of(session, [task for task, _ in rows])
    return [TaskOut.of(task, article, said[task.id]) for task, article in rows]


@router.post("/tasks/{id}/take", response_model=TaskOut)
def post_take(id: RowId, session: WritingSession, actor: CurrentActor) -> TaskOut:
    """Make a task one's own."""
    return _view(session, tasks.take(session, id, actor))


@router.post("/tasks/{id}/dismiss", response_model=TaskOut)
def post_dismiss(id: RowId, body: NoteIn, session: WritingSession, actor: CurrentActor) -> TaskOut:
    """Close a task without a change; who reported it hears why."""
    return _view(session, tasks.dismiss(session, id, body.note, actor))


@router.get("/notifications", response_model=list[NotificationOut])
def get_notifications(session: ReadingSession, actor: CurrentActor, all: bool = False) -> list[NotificationOut]:
    """The caller's lines, newest first; ``all``: those that were read, too."""
    actor.require(Scope.ARTICLES_PROPOSE)
    return [NotificationOut.of(*row) for row in notifications.list_notifications(session, actor, unread=not all)]


@router.post("/notifications/read", status_code=204, response_class=Response)
def post_read(body: ReadIn, session: WritingSession, actor: CurrentActor) -> Response:
    """Everything up to one of them has been read."""
    actor.require(Scope.ARTICLES_PROPOSE)
    notifications.mark_read(session, actor, body.last)
    return Response(status_code=204)


def _view(session: Session, task: AuthorTask) -> TaskOut:
    article = session.get_one(Article, task.article_id)
    return TaskOut.of(task, article, tasks.reports_of(session, [task])[task.id])
