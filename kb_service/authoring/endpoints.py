"""Drafts and previews over HTTP: /v1/drafts, /v1/previews."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from kb_service.articles.access import get_known
from kb_service.articles.requests import PENDING, Changing
from kb_service.articles.schemas import ArticleOut, SectionOut
from kb_service.auth.actors import Scope
from kb_service.authoring import drafts
from kb_service.authoring.preview import preview
from kb_service.authoring.schemas import DraftChange, DraftIn, DraftOut, PreviewIn, PreviewOut
from kb_service.catalog.vocabulary import Pointers
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

router = APIRouter(prefix="/v1", tags=["authoring"])


@router.post("/drafts", status_code=201, response_model=DraftOut)
def post_draft(
    request: Request, body: DraftIn, session: WritingSession, actor: CurrentActor, key: IdempotencyKey = None
) -> Response:
    """Begin to write: a new article, or a change of one. An author has one draft about an article."""
    actor.require(Scope.ARTICLES_WRITE)

    def create() -> Created:
        article = get_known(session, body.article, actor) if body.article else None
        draft = drafts.open_draft(session, article, body.fields.given(), body.base_version, actor)
        return Created(DraftOut.of(draft), {"ETag": etag(draft.version), "Location": f"/v1/drafts/{draft.id}"})

    return idempotent(request, session, actor, body, create)


@router.get("/drafts", response_model=list[DraftOut])
def get_drafts(session: ReadingSession, actor: CurrentActor) -> list[DraftOut]:
    """What you are writing, last written first; nobody else sees it."""
    actor.require(Scope.ARTICLES_WRITE)
    return [DraftOut.of(draft) for draft in drafts.list_drafts(session, actor)]


@router.get("/drafts/{id}", response_model=DraftOut)
def get_draft(id: RowId, session: ReadingSession, actor: CurrentActor) -> Response:
    """One draft of yours."""
    draft = drafts.get_draft(session, id, actor)
    return JsonResponse(DraftOut.of(draft).model_dump(mode="json"), 200, {"ETag": etag(draft.version)})


@router.put("/drafts/{id}", response_model=DraftOut)
def put_draft(request: Request, id: RowId, body: DraftChange, session: WritingSession, actor: CurrentActor) -> Response:
    """Keep what stands in the editor now. 412: the same draft was kept from another window."""
    draft = drafts.get_draft(session, id, actor, lock=True)
    require_if_match(request, draft.version)
    drafts.keep_draft(session, draft, body.fields.given())
    return JsonResponse(DraftOut.of(draft).model_dump(mode="json"), 200, {"ETag": etag(draft.version)})


@router.delete("/drafts/{id}", status_code=204, response_class=Response)
def delete_draft(request: Request, id: RowId, session: WritingSession, actor: CurrentActor) -> Response:
    """Throw a draft away."""
    draft = drafts.get_draft(session, id, actor, lock=True)
    require_if_match(request, draft.version)
    drafts.forget_draft(session, draft)
    return Response(status_code=204)


@router.post("/drafts/{id}/save", response_model=ArticleOut, responses=PENDING)
def save_draft(
    id: RowId,
    session: WritingSession,
    deps: Annotated[Changing, Depends()],
    publish: Annotated[bool, Query(description="Publish it, too.")] = False,
) -> Response:
    """Make a draft the newest revision. 412: the article was changed meanwhile; the draft stays as it is."""
    draft = drafts.get_draft(session, id, deps.actor, lock=True)
    require_if_match(deps.request, draft.version)
    change = drafts.save_draft(session, draft, deps.parts.catalog, deps.actor, publish=publish)
    return deps.answer(session, change)


@router.post("/previews", response_model=PreviewOut)
def post_preview(body: PreviewIn, session: ReadingSession, actor: CurrentActor, parts: CurrentParts) -> PreviewOut:
    """Show a text as its readers would see it in a context; nothing is kept."""
    actor.require(Scope.ARTICLES_PROPOSE)
    catalog = parts.catalog
    context = catalog.resolve_context(body.product, body.version, body.os, Pointers("/product", "/version", "/os"))
    shown = preview(session, body.fields.given(), context, catalog, actor)
    rendering = shown.rendering
    return PreviewOut(
        title=rendering.title,
        short_answer=rendering.short_answer,
        applies=rendering.applies,
        applies_to=catalog.describe(shown.applies),
        sections=[SectionOut.model_validate(section, from_attributes=True) for section in rendering.sections],
    )
