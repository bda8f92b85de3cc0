"""/v1: what stands in the way of publishing, alike articles and what becomes of them, flawed links."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kb_service.articles.access import get_known
from kb_service.articles.inputs import ArticleText
from kb_service.articles.requests import PENDING, Changing, Reference
from kb_service.articles.schemas import ArticleOut
from kb_service.articles.sections import RevisionContent
from kb_service.articles.validation import ValidText, validate
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.checks import Checked, check, checked_article
from kb_service.authoring.checks_schemas import (
    CheckIn,
    ChecksOut,
    DecisionIn,
    LinkFindingList,
    PairList,
)
from kb_service.authoring.checks_views import read_cursor, view_link_finding, view_pair, view_report, write_cursor
from kb_service.authoring.duplicates_deciding import decide
from kb_service.authoring.duplicates_finding import Finder
from kb_service.authoring.findings_repository import list_link_findings, list_pairs
from kb_service.http import CurrentActor, CurrentParts, ReadingSession, WritingSession
from kb_service.settings import Settings

router = APIRouter(prefix="/v1", tags=["authoring"])
Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str | None, Query(max_length=200)]
State = Annotated[str, Query(pattern="^(open|kept|variant|merged)$", description="open, kept, variant or merged.")]


def get_finder(request: Request) -> Finder:
    """The finder of this process."""
    finder: Finder = request.app.state.finder
    return finder


CurrentFinder = Annotated[Finder, Depends(get_finder)]


def own_addresses(settings: Settings) -> list[str]:
    """What may stand in an article: our own ways to be reached."""
    return [value for value in (settings.contact_email, settings.contact_phone) if value]


@router.post("/articles/checks", response_model=ChecksOut)
def post_checks(
    body: CheckIn, session: ReadingSession, actor: CurrentActor, parts: CurrentParts, finder: CurrentFinder
) -> ChecksOut:
    """Check a text that is not saved."""
    actor.require(Scope.ARTICLES_PROPOSE)
    given = body.given()
    reference = given.pop("article", None)
    valid = validate(ArticleText(**given), parts.catalog)
    checked = to_checked(session, valid, reference, actor)
    return view_report(check(session, finder, checked, actor, own_addresses(parts.settings)), parts.catalog)


def to_checked(session: Session, valid: ValidText, reference: str | None, actor: Actor) -> Checked:
    """A validated text as the checks take it."""
    article = get_known(session, reference, actor) if reference else None
    text = valid.text
    content = RevisionContent(
        text.title,
        text.short_answer,
        text.issue,
        text.environment,
        text.cause,
        text.resolution,
        text.body,
        valid.applies,
    )
    if article is None:
        return Checked(content, text.type, frozenset(text.audience))
    return Checked(content, text.type, frozenset(text.audience), article.id, article.family_id, article.source)


@router.get("/articles/{reference}/checks", response_model=ChecksOut)
def get_checks(
    reference: Reference, session: ReadingSession, actor: CurrentActor, parts: CurrentParts, finder: CurrentFinder
) -> ChecksOut:
    """Check the newest text of an article; for writers."""
    actor.require(Scope.ARTICLES_WRITE)
    checked = checked_article(session, get_known(session, reference, actor))
    return view_report(check(session, finder, checked, actor, own_addresses(parts.settings)), parts.catalog)


@router.post("/articles/{reference}/duplicates/{other}", response_model=ArticleOut, responses=PENDING)
def post_decision(
    reference: Reference,
    other: Reference,
    body: DecisionIn,
    session: WritingSession,
    deps: Annotated[Changing, Depends()],
) -> Response:
    """Keep both, link them as variants, or merge this article into the other: it is archived, its addresses lead there."""
    deps.check_match(session, reference)
    change = decide(session, (reference, other), body.decision, deps.parts.catalog, deps.actor)
    return deps.answer(session, change)


@router.get("/duplicates", response_model=PairList)
def get_duplicates(
    session: ReadingSession, actor: CurrentActor, state: State = "open", limit: Limit = 50, cursor: Cursor = None
) -> PairList:
    """Alike articles, as the last comparison found them; for writers."""
    actor.require(Scope.ARTICLES_WRITE)
    place = read_cursor(cursor, 2)
    after = (place[0], int(place[1])) if place else None
    pairs = list_pairs(session, actor.audiences, state, limit + 1, after)
    last = pairs[limit - 1].row if len(pairs) > limit else None
    following = write_cursor([last.likeness, last.id]) if last else None
    return PairList(items=[view_pair(pair) for pair in pairs[:limit]], next_cursor=following)


@router.get("/link-findings", response_model=LinkFindingList)
def get_link_findings(
    session: ReadingSession, actor: CurrentActor, limit: Limit = 50, cursor: Cursor = None
) -> LinkFindingList:
    """Links of published articles that lead wrong, as the last nightly check found them; for writers."""
    actor.require(Scope.ARTICLES_WRITE)
    place = read_cursor(cursor, 1)
    found = list_link_findings(session, actor.audiences, limit + 1, int(place[0]) if place else 0)
    following = write_cursor([found[limit - 1][0].id]) if len(found) > limit else None
    return LinkFindingList(items=[view_link_finding(*row) for row in found[:limit]], next_cursor=following)
