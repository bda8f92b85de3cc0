"""/v1/bulk: one change of many articles, looked at first, taken back afterwards."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from kb_service.articles.requests import CurrentFeed, settle
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring import bulk
from kb_service.authoring.bulk_schemas import BulkIn, BulkOut, BulkPreviewIn, BulkPreviewOut, LookOut, SelectionIn
from kb_service.authoring.repository import WorkFilter
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

router = APIRouter(prefix="/v1/bulk", tags=["authoring"])


@router.post("/preview", response_model=BulkPreviewOut)
def post_preview(
    body: BulkPreviewIn, session: ReadingSession, actor: CurrentActor, parts: CurrentParts
) -> BulkPreviewOut:
    """What a change would make of the articles of a filter. Nothing is changed."""
    actor.require(Scope.ARTICLES_WRITE)
    seen = bulk.preview(session, chosen(body.select, actor), body.change.edit(), parts.catalog, actor)
    return BulkPreviewOut(items=[LookOut.of(look) for look in seen.looks], left=seen.left, same=seen.same)


def chosen(select: SelectionIn, actor: Actor) -> WorkFilter | list[int]:
    """A filter, or ids."""
    if select.ids is not None:
        return select.ids
    return WorkFilter(actor.audiences, **select.model_dump(exclude={"ids"}))


@router.post("", status_code=201, response_model=BulkOut)
def post_bulk(
    request: Request,
    body: BulkIn,
    session: WritingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    feed: CurrentFeed,
    key: IdempotencyKey = None,
) -> Response:
    """Change articles as the preview showed them; one that has changed since stays, with the reason."""

    def create() -> Created:
        versions = {one.article: one.version for one in body.articles}
        done = bulk.apply(session, versions, body.change.edit(), parts.catalog, actor)
        made.append(done)
        return Created(BulkOut.of_done(done))

    made: list[bulk.Done] = []
    answer = idempotent(request, session, actor, body, create)
    for done in made:
        settle(session, feed, done.changes)
    return answer


@router.get("", response_model=list[BulkOut])
def get_bulk(session: ReadingSession, actor: CurrentActor) -> list[BulkOut]:
    """The caller's last 20 changes, newest first."""
    actor.require(Scope.ARTICLES_WRITE)
    return [BulkOut.of(row) for row in bulk.list_changes(session, actor)]


@router.post("/{id}/undo", response_model=BulkOut)
def post_undo(
    id: RowId, session: WritingSession, actor: CurrentActor, parts: CurrentParts, feed: CurrentFeed
) -> BulkOut:
    """Take a change back wherever nobody has changed the article since."""
    done = bulk.undo(session, id, parts.catalog, actor)
    view = BulkOut.of_done(done)
    view.pending = settle(session, feed, done.changes)
    return view
