"""Bookmarks over HTTP: /v1/bookmarks, for agents and their colleagues. Changes of a set carry If-Match."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kb_service.auth.actors import Actor
from kb_service.bookmarks import repository, service, starters
from kb_service.bookmarks.models import BookmarkSet
from kb_service.bookmarks.rules import require_staff
from kb_service.bookmarks.schemas import (
    BookmarkIn,
    BookmarkPatch,
    SetIn,
    SetList,
    SetOut,
    SetPatch,
    StarterIn,
    StarterOffer,
)
from kb_service.bookmarks.views import Reader, view_set, view_sets
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

router = APIRouter(prefix="/v1/bookmarks", tags=["bookmarks"])
Product = Annotated[str | None, Query(max_length=200, description="A product by name, alias or slug.")]


@router.get("/sets", response_model=SetList)
def get_sets(session: ReadingSession, actor: CurrentActor, parts: CurrentParts, product: Product = None) -> SetList:
    """The caller's sets, the team's, starter sets and what others shared."""
    require_staff(actor)
    slug = parts.catalog.resolve_product(product) if product else None
    sets = repository.list_sets(session, actor, slug)
    return SetList(items=view_sets(session, sets, Reader(actor, parts.catalog)))


@router.post("/sets", status_code=201, response_model=SetOut)
def post_set(
    request: Request,
    body: SetIn,
    session: WritingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    key: IdempotencyKey = None,
) -> Response:
    """Start a set."""
    require_staff(actor)

    def create() -> Created:
        return _created(session, service.create_set(session, body, parts.catalog, actor), actor, parts)

    return idempotent(request, session, actor, body, create)


@router.get("/sets/{set_id}", response_model=SetOut)
def get_set(set_id: RowId, session: ReadingSession, actor: CurrentActor, parts: CurrentParts) -> Response:
    """A set with its articles and what each warns of."""
    require_staff(actor)
    return _answer(session, repository.find_set(session, set_id, actor), actor, parts)


@router.patch("/sets/{set_id}", response_model=SetOut)
def patch_set(
    request: Request, set_id: RowId, body: SetPatch, session: WritingSession, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Rename, share, or say what it is for; takes If-Match."""
    require_staff(actor)
    found = service.for_change(session, set_id, actor)
    require_if_match(request, found.version)
    service.change_set(session, found, body, parts.catalog, actor)
    return _answer(session, found, actor, parts)


@router.delete("/sets/{set_id}", status_code=204)
def delete_set(request: Request, set_id: RowId, session: WritingSession, actor: CurrentActor) -> None:
    """Remove a set; takes If-Match."""
    require_staff(actor)
    found = service.for_change(session, set_id, actor)
    require_if_match(request, found.version)
    service.delete_set(session, found, actor)


@router.post("/sets/{set_id}/articles", response_model=SetOut)
def post_bookmark(
    set_id: RowId, body: BookmarkIn, session: WritingSession, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Keep an article in a set. One that stands there stays once."""
    require_staff(actor)
    found = service.for_change(session, set_id, actor)
    service.add(session, found, body, actor)
    return _answer(session, found, actor, parts)


@router.patch("/sets/{set_id}/articles/{article_id}", response_model=SetOut)
def patch_bookmark(
    set_id: RowId,
    article_id: RowId,
    body: BookmarkPatch,
    session: WritingSession,
    actor: CurrentActor,
    parts: CurrentParts,
) -> Response:
    """Note, move, or confirm an article as it is now."""
    require_staff(actor)
    found = service.for_change(session, set_id, actor)
    service.change_bookmark(session, found, article_id, body)
    return _answer(session, found, actor, parts)


@router.delete("/sets/{set_id}/articles/{article_id}", response_model=SetOut)
def delete_bookmark(
    set_id: RowId, article_id: RowId, session: WritingSession, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Take an article out; again changes nothing."""
    require_staff(actor)
    found = service.for_change(session, set_id, actor)
    service.remove(session, found, article_id, actor)
    return _answer(session, found, actor, parts)


@router.put("/sets/{set_id}/subscription", response_model=SetOut)
def put_subscription(set_id: RowId, session: WritingSession, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Follow a colleague's set."""
    require_staff(actor)
    found = repository.find_set(session, set_id, actor)
    service.subscribe(session, found, actor)
    return _answer(session, found, actor, parts)


@router.delete("/sets/{set_id}/subscription", response_model=SetOut)
def delete_subscription(set_id: RowId, session: WritingSession, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Follow it no longer."""
    require_staff(actor)
    found = repository.find_set(session, set_id, actor)
    service.unsubscribe(session, found, actor)
    return _answer(session, found, actor, parts)


@router.post("/sets/{set_id}/copy", status_code=201, response_model=SetOut)
def post_copy(set_id: RowId, session: WritingSession, actor: CurrentActor, parts: CurrentParts) -> Response:
    """A personal copy, to be changed at will."""
    require_staff(actor)
    made = service.copy_set(session, repository.find_set(session, set_id, actor), actor, parts.catalog)
    return _answer(session, made, actor, parts, 201)


@router.get("/starter", response_model=StarterOffer)
def get_starter(
    session: ReadingSession, actor: CurrentActor, parts: CurrentParts, product: Product = None
) -> StarterOffer:
    """What colleagues use most in this context, for one who begins."""
    require_staff(actor)
    context = parts.catalog.resolve_context(product, None, None)
    return starters.offer(session, context, actor)


@router.post("/starter", status_code=201, response_model=SetOut)
def post_starter(body: StarterIn, session: WritingSession, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Make a personal set of what colleagues use most in this context."""
    require_staff(actor)
    return _answer(session, starters.take(session, body, parts.catalog, actor), actor, parts, 201)


def _answer(session: Session, found: BookmarkSet, actor: Actor, parts: CurrentParts, status: int = 200) -> Response:
    view = view_set(session, found, Reader(actor, parts.catalog))
    return JsonResponse(view.model_dump(mode="json"), status, {"ETag": etag(found.version)})


def _created(session: Session, found: BookmarkSet, actor: Actor, parts: CurrentParts) -> Created:
    view = view_set(session, found, Reader(actor, parts.catalog))
    return Created(view, {"ETag": etag(found.version), "Location": f"/v1/bookmarks/sets/{found.id}"})
