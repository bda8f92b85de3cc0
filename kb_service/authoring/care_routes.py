"""/v1: reuse and badges, suggestions, schedules, freshness."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from kb_service.articles.access import get_known
from kb_service.articles.models import Article
from kb_service.articles.requests import PENDING, Changing, Reference
from kb_service.articles.schemas import ArticleOut
from kb_service.auth.actors import Scope
from kb_service.authoring import freshness, scheduling, suggestions
from kb_service.authoring.care_schemas import (
    BadgeOut,
    DueOut,
    ReleaseIn,
    ReuseIn,
    ReviewIn,
    ScheduleIn,
    ScheduleOut,
    SuggestionIn,
    SuggestionOut,
)
from kb_service.authoring.flow_schemas import NoteIn
from kb_service.authoring.reuse import badges_of, record_reuse
from kb_service.catalog.version import MalformedVersions, parse_version
from kb_service.catalog.versions import parse_versions
from kb_service.errors import InvalidInput
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


@router.get("/articles/{reference}/badge", response_model=BadgeOut)
def get_badge(reference: Reference, session: ReadingSession, actor: CurrentActor) -> BadgeOut:
    """What readers and writers see of an article's standing. Its uses are for colleagues."""
    article = get_known(session, reference, actor)
    badge = BadgeOut.model_validate(badges_of(session, [article])[article.id], from_attributes=True)
    return badge if actor.is_staff else badge.model_copy(update={"uses": 0, "last_used_at": None, "last_used_by": ""})


@router.post("/articles/{reference}/reuse", status_code=201, response_model=BadgeOut)
def post_reuse(
    request: Request,
    reference: Reference,
    body: ReuseIn,
    session: WritingSession,
    actor: CurrentActor,
    key: IdempotencyKey = None,
) -> Response:
    """Say that it was linked or sent: found right. By a contributor or publisher this validates it."""

    def create() -> Created:
        row = record_reuse(session, reference, actor, body.kind, body.case)
        badge = badges_of(session, [session.get_one(Article, row.article_id)])[row.article_id]
        return Created(BadgeOut.model_validate(badge, from_attributes=True))

    return idempotent(request, session, actor, body, create)


@router.post("/suggestions", status_code=201, response_model=SuggestionOut)
def post_suggestion(
    request: Request,
    body: SuggestionIn,
    session: WritingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    key: IdempotencyKey = None,
) -> Response:
    """Suggest a change, or a new article."""

    def create() -> Created:
        row = suggestions.suggest(session, body.article, body.fields.given(), body.note, parts.catalog, actor)
        return Created(SuggestionOut.of(row, session.get(Article, row.article_id) if row.article_id else None))

    return idempotent(request, session, actor, body, create)


@router.get("/suggestions", response_model=list[SuggestionOut])
def get_suggestions(
    session: ReadingSession,
    actor: CurrentActor,
    state: Annotated[Literal["open", "accepted", "declined"], Query()] = "open",
) -> list[SuggestionOut]:
    """What colleagues suggest, oldest first; at most 100."""
    actor.require(Scope.ARTICLES_WRITE)
    return [SuggestionOut.of(*row) for row in suggestions.list_suggestions(session, actor, state)]


@router.post("/suggestions/{id}/accept", response_model=ArticleOut, responses=PENDING)
def post_accept(id: RowId, session: WritingSession, deps: Annotated[Changing, Depends()]) -> Response:
    """Make it the newest revision, and publish it."""
    return deps.answer(session, suggestions.accept(session, id, deps.parts.catalog, deps.actor))


@router.post("/suggestions/{id}/decline", response_model=SuggestionOut)
def post_decline(id: RowId, body: NoteIn, session: WritingSession, actor: CurrentActor) -> SuggestionOut:
    """Leave things as they are; its author hears why."""
    row = suggestions.decline(session, id, body.note, actor)
    return SuggestionOut.of(row, session.get(Article, row.article_id) if row.article_id else None)


@router.get("/articles/{reference}/schedule", response_model=list[ScheduleOut])
def get_schedule(reference: Reference, session: ReadingSession, actor: CurrentActor) -> list[ScheduleOut]:
    """Which moves wait for their time."""
    actor.require(Scope.ARTICLES_WRITE)
    rows = scheduling.waiting(session, get_known(session, reference, actor).id)
    return [ScheduleOut.model_validate(row, from_attributes=True) for row in rows]


@router.put("/articles/{reference}/schedule", response_model=ScheduleOut)
def put_schedule(reference: Reference, body: ScheduleIn, session: WritingSession, actor: CurrentActor) -> ScheduleOut:
    """Publish or archive at a time to come. Your rights are looked at then."""
    row = scheduling.schedule(session, reference, body.move, body.due_at, actor)
    return ScheduleOut.model_validate(row, from_attributes=True)


@router.delete("/articles/{reference}/schedule/{move}", status_code=204, response_class=Response)
def delete_schedule(
    reference: Reference, move: Literal["publish", "archive", "review"], session: WritingSession, actor: CurrentActor
) -> Response:
    """Take a waiting move back."""
    scheduling.cancel(session, reference, move, actor)
    return Response(status_code=204)


@router.put("/articles/{reference}/review-date", response_model=ScheduleOut)
def put_review_date(reference: Reference, body: ReviewIn, session: WritingSession, actor: CurrentActor) -> ScheduleOut:
    """Reviewed; to be looked at again then. For compliance-based articles."""
    row = freshness.set_review(session, reference, body.due_at, actor)
    return ScheduleOut.model_validate(row, from_attributes=True)


@router.get("/freshness/{kind}", response_model=list[DueOut])
def get_freshness(
    kind: Literal["overdue", "unconfirmed", "unused"],
    session: ReadingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    product: Annotated[str, Query(max_length=200)] = "",
    release: Annotated[str, Query(max_length=100)] = "",
) -> list[DueOut]:
    """What to look at again: overdue reviews, articles that reach into a release unconfirmed, what nobody uses."""
    actor.require(Scope.ARTICLES_WRITE)
    if kind == "unconfirmed":
        slug = parts.catalog.resolve_product(product, "/query/product")
        release = release or freshness.newest_releases(parts.catalog).get(slug, "")
        found = freshness.unconfirmed(session, slug, _release(release), parts.catalog, actor) if release else []
    else:
        rules = parts.settings.review_days
        found = freshness.overdue(session, actor, rules) if kind == "overdue" else freshness.unused(session, actor)
    return [DueOut.of(one) for one in found]


@router.post("/articles/{reference}/confirm-release", status_code=204, response_class=Response)
def post_confirm(
    reference: Reference, body: ReleaseIn, session: WritingSession, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Found right for a release."""
    slug = parts.catalog.resolve_product(body.product, "/product")
    freshness.confirm(session, reference, slug, _release(body.release), actor)
    return Response(status_code=204)


@router.post("/articles/{reference}/cut-release", response_model=ArticleOut, responses=PENDING)
def post_cut(
    reference: Reference, body: ReleaseIn, session: WritingSession, deps: Annotated[Changing, Depends()]
) -> Response:
    """Not for this release and what follows; published at once."""
    deps.check_match(session, reference)
    slug = deps.parts.catalog.resolve_product(body.product, "/product")
    change = freshness.cut(session, reference, slug, _release(body.release), deps.parts.catalog, deps.actor)
    return deps.answer(session, change)


def _release(text: str) -> str:
    try:
        parse_versions(f"<{text}")
        if parse_version(text).is_named:
            raise InvalidInput("A named release has no place in the order; name a number.", "/release")
    except MalformedVersions as error:
        raise InvalidInput(str(error), "/release") from None
    return text
