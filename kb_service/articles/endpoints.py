"""Articles over HTTP: /v1/articles.

Invariants: what takes text from readers is committed, then withdrawn from the index, then answered (202 and
``pending`` when the engine could not be written); changes carry If-Match; drafts show to writers only.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from kb_service.articles import moves
from kb_service.articles.access import get_known
from kb_service.articles.feedback import Vote, give_feedback
from kb_service.articles.repository import Place, count_articles, find_revision, list_articles, list_revisions
from kb_service.articles.requests import PENDING, AskedContext, Changing, ListPage, Reference, read_cursor, write_cursor
from kb_service.articles.schemas import (
    ArticleCreate,
    ArticleList,
    ArticleOut,
    ArticlePatch,
    FeedbackIn,
    FeedbackOut,
    RevisionOut,
    RevisionSummary,
)
from kb_service.articles.service import create_article, edit_article
from kb_service.articles.views import view_article, view_revision, view_revision_summary, view_summaries
from kb_service.auth.actors import Scope
from kb_service.catalog.context import Context
from kb_service.errors import NotFound
from kb_service.http import (
    Created,
    CurrentActor,
    CurrentParts,
    IdempotencyKey,
    JsonResponse,
    ReadingSession,
    WritingSession,
    etag,
    idempotent,
)

router = APIRouter(prefix="/v1/articles", tags=["articles"])


@router.post("", status_code=201, response_model=ArticleOut)
def post_article(
    request: Request,
    body: ArticleCreate,
    session: WritingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    key: IdempotencyKey = None,
) -> Response:
    """Create an article as a draft."""
    actor.require(Scope.ARTICLES_WRITE)

    def create() -> Created:
        article = create_article(session, body.text(), parts.catalog, actor)
        view = view_article(session, article, Context(), parts.catalog, actor)
        return Created(view, {"ETag": etag(article.version), "Location": f"/v1/articles/{article.id}"})

    return idempotent(request, session, actor, body, create)


@router.get("", response_model=ArticleList)
def get_articles(
    session: ReadingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    page: Annotated[ListPage, Depends()],
) -> ArticleList:
    """List articles, last changed first."""
    actor.require(Scope.ARTICLES_READ)
    wanted = page.filter(parts, actor)
    articles = list_articles(session, wanted, page.limit + 1, read_cursor(page.cursor))
    shown = articles[: page.limit]
    cursor = write_cursor(Place(shown[-1].updated_at, shown[-1].id)) if len(articles) > page.limit else None
    items = view_summaries(session, shown, parts.catalog, actor)
    return ArticleList(items=items, total=count_articles(session, wanted), next_cursor=cursor)


@router.get("/{reference}", response_model=ArticleOut)
def get_article(
    reference: Reference, session: ReadingSession, actor: CurrentActor, parts: CurrentParts, context: AskedContext
) -> Response:
    """Read an article, rendered in a context: sections that do not apply are marked."""
    article = get_known(session, reference, actor)
    view = view_article(session, article, context, parts.catalog, actor)
    return JsonResponse(view.model_dump(mode="json"), 200, {"ETag": etag(view.version)})


@router.patch("/{reference}", response_model=ArticleOut, responses=PENDING)
def patch_article(
    reference: Reference, body: ArticlePatch, session: WritingSession, deps: Annotated[Changing, Depends()]
) -> Response:
    """Change an article: a changed text becomes a new draft revision, everything else holds at once."""
    deps.check_match(session, reference)
    change = edit_article(session, reference, body.given(), deps.parts.catalog, deps.actor)
    return deps.answer(session, change)


@router.post("/{reference}/publish", response_model=ArticleOut, responses=PENDING)
def publish_article(
    reference: Reference,
    session: WritingSession,
    deps: Annotated[Changing, Depends()],
    wait: Annotated[Literal["searchable"] | None, Query()] = None,
) -> Response:
    """Publish the newest draft. ``wait=searchable``: answer when it is found (at most 10 s)."""
    deps.check_match(session, reference)
    change = moves.publish(session, reference, deps.actor)
    return deps.answer(session, change, is_waiting=wait is not None)


@router.post("/{reference}/unpublish", response_model=ArticleOut, responses=PENDING)
def unpublish_article(reference: Reference, session: WritingSession, deps: Annotated[Changing, Depends()]) -> Response:
    """Take an article from its readers."""
    return deps.move(session, reference, moves.unpublish)


@router.post("/{reference}/archive", response_model=ArticleOut, responses=PENDING)
def archive_article(reference: Reference, session: WritingSession, deps: Annotated[Changing, Depends()]) -> Response:
    """Put an article away; its number and history stay."""
    return deps.move(session, reference, moves.archive)


@router.post("/{reference}/restore", response_model=ArticleOut, responses=PENDING)
def restore_article(reference: Reference, session: WritingSession, deps: Annotated[Changing, Depends()]) -> Response:
    """Take an article out of the archive, as a draft."""
    return deps.move(session, reference, moves.restore)


@router.get("/{reference}/revisions", response_model=list[RevisionSummary])
def get_revisions(reference: Reference, session: ReadingSession, actor: CurrentActor) -> list[RevisionSummary]:
    """List an article's revisions, newest first; for writers."""
    actor.require(Scope.ARTICLES_WRITE)
    article = get_known(session, reference, actor)
    return [view_revision_summary(revision) for revision in list_revisions(session, article.id)]


@router.get("/{reference}/revisions/{number}", response_model=RevisionOut)
def get_revision(
    reference: Reference,
    number: Annotated[int, Path(ge=1, le=2**31 - 1)],
    session: ReadingSession,
    actor: CurrentActor,
) -> RevisionOut:
    """Read a revision as it was written; for writers."""
    actor.require(Scope.ARTICLES_WRITE)
    revision = find_revision(session, get_known(session, reference, actor).id, number)
    if revision is None:
        raise NotFound("There is no such revision.")
    return view_revision(session, revision)


@router.post("/{reference}/feedback", status_code=201, response_model=FeedbackOut)
def post_feedback(
    request: Request,
    reference: Reference,
    body: FeedbackIn,
    session: WritingSession,
    actor: CurrentActor,
    key: IdempotencyKey = None,
) -> Response:
    """Say whether an article helped."""

    def create() -> Created:
        return Created(FeedbackOut(id=give_feedback(session, reference, Vote(**body.model_dump()), actor).id))

    return idempotent(request, session, actor, body, create)
