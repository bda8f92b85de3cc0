"""/v1/pins and /v1/synonyms: what people say about search. Changes carry If-Match."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from kb_service.auth.actors import Actor, Scope
from kb_service.http import (
    PROBLEMS,
    Created,
    CurrentActor,
    CurrentParts,
    IdempotencyKey,
    JsonResponse,
    ReadingSession,
    RowId,
    etag,
    idempotent,
    require_if_match,
)
from kb_service.search import curating
from kb_service.search.curating_schemas import (
    EffectOut,
    PinIn,
    PinList,
    PinOut,
    SynonymsIn,
    SynonymsList,
    SynonymsOut,
)
from kb_service.search.curating_views import view_effect, view_pin, view_synonyms

router = APIRouter(prefix="/v1", tags=["curation"], responses=PROBLEMS)


@router.get("/pins", response_model=PinList)
def get_pins(session: ReadingSession, actor: CurrentActor) -> PinList:
    """Articles that stand first for a phrase, of those that the caller may read."""
    actor.require(Scope.SITE_MANAGE)
    return PinList(items=[view_pin(session, pin, article) for pin, article in curating.list_pins(session, actor)])


@router.post("/pins/check", response_model=EffectOut)
def check_pin(body: PinIn, session: ReadingSession, actor: CurrentActor, parts: CurrentParts) -> EffectOut:
    """Which questions of the last 90 days a pin would answer better, worse or otherwise; saves nothing."""
    actor.require(Scope.SITE_MANAGE)
    row = curating.make_pin(session, body, parts.catalog, actor)
    return view_effect(curating.check(parts.search, actor, row), parts.catalog)


@router.post("/pins", status_code=201, response_model=PinOut)
def post_pin(
    request: Request, body: PinIn, actor: CurrentActor, parts: CurrentParts, key: IdempotencyKey = None
) -> Response:
    """Pin an article for a phrase; 409 where judged questions get worse and that is not accepted."""
    actor.require(Scope.SITE_MANAGE)
    _check_pin(body, actor, parts)
    with parts.database.writing() as session:

        def create() -> Created:
            pin = curating.add(session, curating.make_pin(session, body, parts.catalog, actor), actor)
            view = view_pin(session, *curating.get_pin(session, pin.id, actor))
            return Created(view, {"ETag": etag(pin.version), "Location": f"/v1/pins/{pin.id}"})

        answer = idempotent(request, session, actor, body, create)
    parts.search.curation.invalidate()
    return answer


@router.get("/pins/{pin_id}", response_model=PinOut)
def get_pin(pin_id: RowId, session: ReadingSession, actor: CurrentActor) -> Response:
    """One pin."""
    actor.require(Scope.SITE_MANAGE)
    pin, article = curating.get_pin(session, pin_id, actor)
    return JsonResponse(view_pin(session, pin, article).model_dump(mode="json"), 200, {"ETag": etag(pin.version)})


@router.put("/pins/{pin_id}", response_model=PinOut)
def put_pin(request: Request, pin_id: RowId, body: PinIn, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Replace a pin; takes If-Match."""
    actor.require(Scope.SITE_MANAGE)
    with parts.database.reading() as session:
        require_if_match(request, curating.get_pin(session, pin_id, actor)[0].version)
    _check_pin(body, actor, parts, pin_id)
    with parts.database.writing() as session:
        pin, _ = curating.get_pin(session, pin_id, actor, lock=True)
        require_if_match(request, pin.version)
        curating.replace_row(session, pin, curating.make_pin(session, body, parts.catalog, actor), actor)
        view = view_pin(session, *curating.get_pin(session, pin_id, actor))
    parts.search.curation.invalidate()
    return JsonResponse(view.model_dump(mode="json"), 200, {"ETag": etag(view.version)})


@router.delete("/pins/{pin_id}", status_code=204)
def delete_pin(request: Request, pin_id: RowId, actor: CurrentActor, parts: CurrentParts) -> None:
    """Take a pin away; takes If-Match."""
    actor.require(Scope.SITE_MANAGE)
    with parts.database.writing() as session:
        pin, _ = curating.get_pin(session, pin_id, actor, lock=True)
        require_if_match(request, pin.version)
        curating.remove(session, pin, actor)
    parts.search.curation.invalidate()


@router.get("/synonyms", response_model=SynonymsList)
def get_all_synonyms(session: ReadingSession, actor: CurrentActor) -> SynonymsList:
    """Words that mean the same here."""
    actor.require(Scope.SITE_MANAGE)
    return SynonymsList(items=[view_synonyms(row) for row in curating.list_synonyms(session)])


@router.post("/synonyms/check", response_model=EffectOut)
def check_synonyms(body: SynonymsIn, actor: CurrentActor, parts: CurrentParts) -> EffectOut:
    """Which questions of the last 90 days a synonym set would answer better, worse or otherwise; saves nothing."""
    actor.require(Scope.SITE_MANAGE)
    row = curating.make_synonyms(body, parts.catalog, actor)
    return view_effect(curating.check(parts.search, actor, row), parts.catalog)


@router.post("/synonyms", status_code=201, response_model=SynonymsOut)
def post_synonyms(
    request: Request, body: SynonymsIn, actor: CurrentActor, parts: CurrentParts, key: IdempotencyKey = None
) -> Response:
    """Approve a synonym set; 409 where judged questions get worse and that is not accepted."""
    actor.require(Scope.SITE_MANAGE)
    _check_synonyms(body, actor, parts)
    with parts.database.writing() as session:

        def create() -> Created:
            row = curating.add(session, curating.make_synonyms(body, parts.catalog, actor), actor)
            return Created(view_synonyms(row), {"ETag": etag(row.version), "Location": f"/v1/synonyms/{row.id}"})

        answer = idempotent(request, session, actor, body, create)
    parts.search.curation.invalidate()
    return answer


@router.get("/synonyms/{set_id}", response_model=SynonymsOut)
def get_synonyms(set_id: RowId, session: ReadingSession, actor: CurrentActor) -> Response:
    """One synonym set."""
    actor.require(Scope.SITE_MANAGE)
    row = curating.get_synonyms(session, set_id)
    return JsonResponse(view_synonyms(row).model_dump(mode="json"), 200, {"ETag": etag(row.version)})


@router.put("/synonyms/{set_id}", response_model=SynonymsOut)
def put_synonyms(
    request: Request, set_id: RowId, body: SynonymsIn, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Replace a synonym set; takes If-Match."""
    actor.require(Scope.SITE_MANAGE)
    with parts.database.reading() as session:
        require_if_match(request, curating.get_synonyms(session, set_id).version)
    _check_synonyms(body, actor, parts, set_id)
    with parts.database.writing() as session:
        row = curating.get_synonyms(session, set_id, lock=True)
        require_if_match(request, row.version)
        curating.replace_row(session, row, curating.make_synonyms(body, parts.catalog, actor), actor)
        view = view_synonyms(row)
    parts.search.curation.invalidate()
    return JsonResponse(view.model_dump(mode="json"), 200, {"ETag": etag(view.version)})


@router.delete("/synonyms/{set_id}", status_code=204)
def delete_synonyms(request: Request, set_id: RowId, actor: CurrentActor, parts: CurrentParts) -> None:
    """Take a synonym set away; takes If-Match."""
    actor.require(Scope.SITE_MANAGE)
    with parts.database.writing() as session:
        row = curating.get_synonyms(session, set_id, lock=True)
        require_if_match(request, row.version)
        curating.remove(session, row, actor)
    parts.search.curation.invalidate()


# The check searches, so it runs before the writing transaction begins.


def _check_pin(body: PinIn, actor: Actor, parts: CurrentParts, replaced: int | None = None) -> None:
    with parts.database.reading() as session:
        row = curating.make_pin(session, body, parts.catalog, actor)
    curating.require_harmless(curating.check(parts.search, actor, row, replaced), body.accept_worse)


def _check_synonyms(body: SynonymsIn, actor: Actor, parts: CurrentParts, replaced: int | None = None) -> None:
    row = curating.make_synonyms(body, parts.catalog, actor)
    curating.require_harmless(curating.check(parts.search, actor, row, replaced), body.accept_worse)
