"""Cases over HTTP: /v1/cases. What an actor may not know is a 404; changes carry If-Match."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kb_service.auth.actors import Actor, Scope
from kb_service.cases import changes, repository, service
from kb_service.cases.lifecycle import Status
from kb_service.cases.models import Case
from kb_service.cases.schemas import (
    ArticleUseIn,
    ArticleUseOut,
    CaseIn,
    CaseList,
    CaseOut,
    CasePatch,
    CaseSummary,
    InteractionIn,
    InteractionOut,
    MergeIn,
    MoveIn,
)
from kb_service.cases.views import view_case
from kb_service.errors import NotAuthenticated
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
    require_if_match,
)

router = APIRouter(prefix="/v1/cases", tags=["cases"])
Reference = Annotated[str, Path(max_length=20, description="The id or number (C-000123).")]


@router.post("", status_code=201, response_model=CaseOut)
def post_case(
    request: Request,
    body: CaseIn,
    session: WritingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    key: IdempotencyKey = None,
) -> Response:
    """Open a case. The same (channel, external_id) again gets the case that it opened first."""
    actor.require(Scope.CASES_WRITE)

    def create() -> Created:
        case, is_new = service.open_case(session, changes.to_new_case(session, body, parts.catalog, actor), actor)
        repository.find_case(session, case.id, actor)
        headers = {"ETag": etag(case.version), "Location": f"/v1/cases/{case.number}"}
        return Created(view_case(session, case, actor), headers, 201 if is_new else 200)

    return idempotent(request, session, actor, body, create)


@router.get("", response_model=CaseList)
def get_cases(
    session: ReadingSession,
    actor: CurrentActor,
    status: Status | None = None,
    queue: Annotated[str | None, Query(max_length=60)] = None,
    assignee_id: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    customer_id: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> CaseList:
    """Cases that the caller may see, the newest first: agents their queues', customers their own."""
    _require_person(actor)
    wanted = repository.CaseFilter(status, queue, assignee_id, customer_id)
    found = repository.list_cases(session, wanted, actor, limit + 1, before)
    is_agent = actor.may(Scope.CASES_READ)
    items = [CaseSummary.model_validate(case) for case in found[:limit]]
    if not is_agent:
        hidden: dict[str, object] = {"assignee_id": None, "tags": [], "category": "", "reason": "", "queue_id": 0}
        items = [item.model_copy(update=hidden) for item in items]
    return CaseList(items=items, next_before=items[-1].id if len(found) > limit else None)


@router.get("/{reference}", response_model=CaseOut)
def get_case(reference: Reference, session: ReadingSession, actor: CurrentActor) -> Response:
    """A case with its thread; for agents with notes, articles and the session that came along."""
    _require_person(actor)
    return answer(session, repository.find_case(session, reference, actor), actor)


@router.patch("/{reference}", response_model=CaseOut)
def patch_case(
    request: Request,
    reference: Reference,
    body: CasePatch,
    session: WritingSession,
    actor: CurrentActor,
    parts: CurrentParts,
) -> Response:
    """Change a case's fields; takes If-Match."""
    case = for_change(request, session, reference, actor)
    changes.change_case(session, case, body, parts.catalog, actor)
    return answer(session, case, actor)


@router.post("/{reference}/status", response_model=CaseOut)
def post_status(
    request: Request, reference: Reference, body: MoveIn, session: WritingSession, actor: CurrentActor
) -> Response:
    """Move a case along its life; takes If-Match."""
    case = for_change(request, session, reference, actor)
    service.move(session, case, body.status, body.reason, actor)
    return answer(session, case, actor)


@router.post("/{reference}/merge", response_model=CaseOut)
def post_merge(
    request: Request, reference: Reference, body: MergeIn, session: WritingSession, actor: CurrentActor
) -> Response:
    """Make this case part of another one of the same customer; takes If-Match. Answers with the other one."""
    case = for_change(request, session, reference, actor)
    into = repository.find_case(session, body.into, actor, lock=True)
    service.merge(session, case, into, actor)
    return answer(session, into, actor)


@router.post("/{reference}/interactions", status_code=201, response_model=InteractionOut)
def post_interaction(
    request: Request,
    reference: Reference,
    body: InteractionIn,
    session: WritingSession,
    actor: CurrentActor,
    key: IdempotencyKey = None,
) -> Response:
    """Add to the thread: a customer's message, what was said by phone, a note. The thread only grows."""
    actor.require(Scope.CASES_WRITE)

    def create() -> Created:
        case = repository.find_case(session, reference, actor, lock=True)
        told, is_new = service.tell(session, case, service.Message(**body.model_dump()), actor)
        return Created(InteractionOut.model_validate(told), {}, 201 if is_new else 200)

    return idempotent(request, session, actor, body, create)


@router.post("/{reference}/articles", status_code=201, response_model=ArticleUseOut)
def post_article_use(
    reference: Reference, body: ArticleUseIn, session: WritingSession, actor: CurrentActor
) -> ArticleUseOut:
    """Link an article to a case, at its current revision."""
    actor.require(Scope.CASES_WRITE)
    case = repository.find_case(session, reference, actor, lock=True)
    used = service.ArticleUse(body.article, "linked", body.query_id, body.rank)
    return ArticleUseOut.model_validate(service.use_article(session, case, used, actor))


def for_change(request: Request, session: Session, reference: str, actor: Actor) -> Case:
    """The case, locked, for one who may change it and has read what stands."""
    actor.require(Scope.CASES_WRITE)
    case = repository.find_case(session, reference, actor, lock=True)
    require_if_match(request, case.version)
    return case


def answer(session: Session, case: Case, actor: Actor) -> Response:
    """A case with its ETag."""
    return JsonResponse(view_case(session, case, actor).model_dump(mode="json"), 200, {"ETag": etag(case.version)})


def _require_person(actor: Actor) -> None:
    if actor.is_anonymous:
        raise NotAuthenticated("Sign in to see your cases.")
