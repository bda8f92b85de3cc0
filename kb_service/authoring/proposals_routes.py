"""/v1/applicability-proposals: products for what was imported without, in groups to accept or reject."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.orm import Session

from kb_service.articles.requests import CurrentFeed, settle
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.proposals_schemas import DecidedOut, GroupIn, GroupOut, ProposalsOut, ProposedOut, SampleOut
from kb_service.authoring.proposals_service import Group, accept, list_groups, propose_all, reject
from kb_service.catalog.vocabulary import Catalog
from kb_service.http import CurrentActor, CurrentParts, ReadingSession, WritingSession

router = APIRouter(prefix="/v1/applicability-proposals", tags=["authoring"])


@router.get("", response_model=ProposalsOut)
def get_proposals(session: ReadingSession, actor: CurrentActor, parts: CurrentParts) -> ProposalsOut:
    """List open proposals in groups; for writers."""
    actor.require(Scope.ARTICLES_WRITE)
    return ProposalsOut(groups=[view_group(group, parts.catalog) for group in list_groups(session, actor.audiences)])


@router.post("", response_model=ProposedOut)
def post_run(session: WritingSession, actor: CurrentActor, parts: CurrentParts) -> ProposedOut:
    """Look at every imported article that applies to everything, and propose anew."""
    actor.require(Scope.ARTICLES_PUBLISH)
    articles, proposals = propose_all(session, parts.catalog)
    return ProposedOut(articles=articles, proposals=proposals)


@router.post("/accept", response_model=DecidedOut)
def post_acceptance(
    body: GroupIn, session: WritingSession, actor: CurrentActor, parts: CurrentParts, feed: CurrentFeed
) -> DecidedOut:
    """Accept the next 50 of a group: each article is for the product from now on."""
    changes = accept(session, body.product, body.evidence, parts.catalog, actor)
    left = _left(session, body, actor)
    return DecidedOut(decided=len(changes), left=left, pending=settle(session, feed, changes))


@router.post("/reject", response_model=DecidedOut)
def post_rejection(body: GroupIn, session: WritingSession, actor: CurrentActor) -> DecidedOut:
    """Reject a group: none of it is proposed again."""
    return DecidedOut(decided=reject(session, body.product, body.evidence, actor), left=0, pending=False)


def view_group(group: Group, catalog: Catalog) -> GroupOut:
    """A group."""
    return GroupOut(
        product=group.product,
        name=catalog.product_name(group.product),
        evidence=group.evidence,
        count=group.count,
        samples=[SampleOut(article=a.id, number=a.number, title=a.title) for a in group.samples],
    )


def _left(session: Session, body: GroupIn, actor: Actor) -> int:
    groups = list_groups(session, actor.audiences)
    return next((g.count for g in groups if (g.product, g.evidence) == (body.product, body.evidence)), 0)
