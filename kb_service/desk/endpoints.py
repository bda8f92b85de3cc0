"""The desk over HTTP: /v1/desk, for agents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from kb_service.auth.actors import Scope
from kb_service.cases import repository
from kb_service.cases.endpoints import Reference
from kb_service.cases.schemas import InteractionOut
from kb_service.desk import capturing, find, service, views
from kb_service.desk.live import HELLO, Hub
from kb_service.desk.schemas import (
    BesideCase,
    BulkIn,
    BulkOut,
    CaptureAsked,
    CaptureDraft,
    CaptureIn,
    CaptureOut,
    DeskCases,
    DeskOut,
    FoundOut,
    MeIn,
    NoteIn,
    NoteOut,
    NotThisIn,
    PresenceIn,
    SnoozeIn,
    ViewIn,
    ViewOut,
)
from kb_service.http import CurrentActor, CurrentParts, ReadingSession, RowId, WritingSession
from kb_service.problems import PROBLEMS

router = APIRouter(prefix="/v1/desk", tags=["desk"])
Key = Annotated[str, Path(max_length=40, description="mine, unassigned, waiting_for_us, due_soon, …, or saved-1.")]


@router.get("", response_model=DeskOut)
def get_desk(session: ReadingSession, actor: CurrentActor) -> DeskOut:
    """Views with counts, calls from colleagues, who is there."""
    actor.require(Scope.CASES_READ)
    return service.glance(session, actor)


@router.get("/views/{key}", response_model=DeskCases)
def get_view(key: Key, session: ReadingSession, actor: CurrentActor) -> DeskCases:
    """A view's cases, the most urgent first, at most a hundred."""
    actor.require(Scope.CASES_READ)
    return DeskCases(items=views.list_view(session, key, actor))


@router.post("/views", status_code=201, response_model=ViewOut)
def post_view(body: ViewIn, session: WritingSession, actor: CurrentActor, parts: CurrentParts) -> ViewOut:
    """Keep a view."""
    actor.require(Scope.CASES_READ)
    made = service.save_view(session, body, parts.catalog, actor)
    key = f"{views.SAVED}{made.id}"
    return next(view for view in views.count_views(session, actor) if view.key == key)


@router.delete("/views/{view_id}", status_code=204)
def delete_view(view_id: RowId, session: WritingSession, actor: CurrentActor) -> None:
    """Keep a view no longer."""
    actor.require(Scope.CASES_READ)
    session.delete(views.find_saved(session, f"{views.SAVED}{view_id}", actor))
    session.flush()


@router.get("/find", response_model=FoundOut)
def get_find(
    session: ReadingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    query: Annotated[str, Query(max_length=2000)] = "",
) -> FoundOut:
    """Cases, customers and articles by number, name, address, phone number or words."""
    actor.require(Scope.CASES_READ)
    return find.find(session, parts.search, query, actor)


@router.post("/bulk", response_model=BulkOut)
def post_bulk(body: BulkIn, session: WritingSession, actor: CurrentActor, parts: CurrentParts) -> BulkOut:
    """Assign, tag or move many cases; each whole or not at all."""
    actor.require(Scope.CASES_WRITE)
    return service.bulk(session, body, parts.catalog, actor)


@router.put("/me", response_model=DeskOut)
def put_me(body: MeIn, session: WritingSession, actor: CurrentActor) -> DeskOut:
    """Present or away."""
    actor.require(Scope.CASES_READ)
    service.set_away(session, actor, body.is_away)
    return service.glance(session, actor)


@router.get("/cases/{reference}", response_model=BesideCase)
def get_beside(reference: Reference, session: ReadingSession, actor: CurrentActor) -> BesideCase:
    """What stands beside a case: who the customer is, earlier cases, who replies now, what does not answer it."""
    actor.require(Scope.CASES_READ)
    return service.beside(session, repository.find_case(session, reference, actor), actor)


@router.put("/cases/{reference}/presence", status_code=204)
def put_presence(reference: Reference, body: PresenceIn, session: WritingSession, actor: CurrentActor) -> None:
    """Say what you do with a case just now; true for a few seconds. Looking sees the calls into it."""
    actor.require(Scope.CASES_READ)
    case = repository.find_case(session, reference, actor)
    service.note_presence(session, case, actor, body.doing)
    service.see_calls(session, case, actor)


@router.put("/cases/{reference}/snooze", response_model=BesideCase)
def put_snooze(reference: Reference, body: SnoozeIn, session: WritingSession, actor: CurrentActor) -> BesideCase:
    """Put a case off: out of your views until a moment."""
    actor.require(Scope.CASES_WRITE)
    case = repository.find_case(session, reference, actor)
    service.put_off(session, case, actor, body.until)
    session.flush()
    session.expire_all()
    return service.beside(session, case, actor)


@router.post("/cases/{reference}/notes", status_code=201, response_model=NoteOut)
def post_note(reference: Reference, body: NoteIn, session: WritingSession, actor: CurrentActor) -> NoteOut:
    """A note for colleagues; those who are called by it are told."""
    actor.require(Scope.CASES_WRITE)
    case = repository.find_case(session, reference, actor, lock=True)
    told, called = service.add_note(session, case, body.text, body.call, actor)
    return NoteOut(interaction=InteractionOut.model_validate(told), called=called)


@router.post("/captures/preview", response_model=CaptureDraft)
def post_capture_preview(body: CaptureAsked, session: ReadingSession, actor: CurrentActor) -> CaptureDraft:
    """New knowledge out of a case as it would be kept: personal data masked, and what was masked."""
    actor.require(Scope.CASES_READ)
    return capturing.draft_capture(session, body, actor)


@router.post("/captures", status_code=201, response_model=CaptureOut)
def post_capture(body: CaptureIn, session: WritingSession, actor: CurrentActor, parts: CurrentParts) -> CaptureOut:
    """Keep new knowledge as work in progress for agents, linked to its case."""
    actor.require(Scope.CASES_WRITE)
    return capturing.capture(session, body, parts.catalog, actor)


@router.post("/cases/{reference}/not-this", response_model=BesideCase)
def post_not_this(
    reference: Reference, body: NotThisIn, session: WritingSession, actor: CurrentActor, parts: CurrentParts
) -> BesideCase:
    """An article does not answer this case; nobody is offered it for this case again."""
    actor.require(Scope.CASES_WRITE)
    case = repository.find_case(session, reference, actor)
    article = service.known_article(session, body.article, actor)
    service.not_this(session, case, article, body.is_it, actor)
    if not body.is_it:
        parts.search.record_event({
            "query_id": body.query_id, "session_id": None, "action": "dismissed", "article_id": article, "rank": None,
            "channel": "agent", "attributes": {"case": case.id},
        })  # fmt: skip
    return service.beside(session, case, actor)


@router.get(
    "/live",
    response_class=StreamingResponse,
    responses={**PROBLEMS, 200: {"description": "Server-sent events", "content": {"text/event-stream": {}}}},
)
async def get_live(request: Request, actor: CurrentActor) -> Response:
    """Server-sent events: `case` (changed), `replying` (a colleague), `called` (you, into a case), `reload`."""
    actor.require(Scope.CASES_READ)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if "text/event-stream" not in request.headers.get("accept", ""):
        return Response(HELLO, media_type="text/event-stream", headers=headers)  # nobody who would read on
    return StreamingResponse(hub_of(request).stream(actor), media_type="text/event-stream", headers=headers)


def hub_of(request: Request) -> Hub:
    """The open desks of this process."""
    hub: Hub = request.app.state.desk_hub
    return hub
