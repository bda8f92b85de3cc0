"""/v1/gaps: what is asked for in vain."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kb_service.articles.schemas import ArticleOut
from kb_service.articles.views import view_article
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.checks_views import read_cursor, write_cursor
from kb_service.authoring.gaps_deciding import dismiss, draft_for, take_up
from kb_service.authoring.gaps_models import Gap
from kb_service.authoring.gaps_repository import GapFilter, Place, get_gap, list_gaps
from kb_service.authoring.gaps_schemas import DraftIn, GapList, GapOut
from kb_service.authoring.gaps_views import view_gaps
from kb_service.catalog.context import Context
from kb_service.catalog.vocabulary import Catalog
from kb_service.http import (
    Created,
    CurrentActor,
    CurrentParts,
    IdempotencyKey,
    JsonResponse,
    ReadingSession,
    RowId,
    WritingSession,
    etag,
    idempotent,
    require_if_match,
)

router = APIRouter(prefix="/v1/gaps", tags=["authoring"])
State = Annotated[str, Query(pattern="^(watched|open|closed|dismissed)$", description="watched: too few askers yet.")]


@router.get("", response_model=GapList)
def get_gaps(
    session: ReadingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    state: State = "open",
    product: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 40,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> GapList:
    """List gaps, most wanted first; for writers."""
    actor.require(Scope.ARTICLES_WRITE)
    slug = parts.catalog.resolve_product(product, "/query/product") if product else None
    place = read_cursor(cursor, 2)
    after = Place(place[0], int(place[1])) if place else None
    gaps = list_gaps(session, GapFilter(state, slug), limit + 1, after)
    last = gaps[limit - 1] if len(gaps) > limit else None
    items = view_gaps(session, gaps[:limit], parts.catalog, actor)
    return GapList(items=items, next_cursor=write_cursor([last.weight, last.id]) if last else None)


@router.get("/{gap_id}", response_model=GapOut)
def read_gap(gap_id: RowId, session: ReadingSession, actor: CurrentActor, parts: CurrentParts) -> Response:
    """One gap with its questions."""
    actor.require(Scope.ARTICLES_WRITE)
    return _answer(session, get_gap(session, gap_id), parts.catalog, actor)


@router.post("/{gap_id}/draft", status_code=201, response_model=ArticleOut)
def post_draft(
    request: Request,
    gap_id: RowId,
    session: WritingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    key: IdempotencyKey = None,
) -> Response:
    """Start the article that is missing, pre-filled with what was asked and for what."""
    actor.require(Scope.ARTICLES_WRITE)

    def create() -> Created:
        article = draft_for(session, gap_id, parts.catalog, actor)
        view = view_article(session, article, Context(), parts.catalog, actor)
        return Created(view, {"ETag": etag(article.version), "Location": f"/v1/articles/{article.id}"})

    return idempotent(request, session, actor, DraftIn(), create)


@router.post("/{gap_id}/dismiss", response_model=GapOut)
def post_dismissal(
    request: Request, gap_id: RowId, session: WritingSession, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Put a gap aside: it belongs elsewhere, and new questions do not open it again."""
    actor.require(Scope.ARTICLES_WRITE)
    require_if_match(request, get_gap(session, gap_id, lock=True).version)
    return _answer(session, dismiss(session, gap_id, actor), parts.catalog, actor)


@router.post("/{gap_id}/reopen", response_model=GapOut)
def post_reopening(
    request: Request, gap_id: RowId, session: WritingSession, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Take a dismissed gap up again."""
    actor.require(Scope.ARTICLES_WRITE)
    require_if_match(request, get_gap(session, gap_id, lock=True).version)
    return _answer(session, take_up(session, gap_id, actor), parts.catalog, actor)


def _answer(session: Session, gap: Gap, catalog: Catalog, actor: Actor) -> Response:
    [view] = view_gaps(session, [gap], catalog, actor)
    return JsonResponse(view.model_dump(mode="json"), 200, {"ETag": etag(gap.version)})
