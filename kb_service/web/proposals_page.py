"""/workbench/applicability: products for what was imported without, a group at a time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from kb_service.articles.requests import CurrentFeed, settle
from kb_service.auth.actors import Scope
from kb_service.authoring.proposals_routes import view_group
from kb_service.authoring.proposals_service import BATCH, accept, list_groups, propose_all, reject
from kb_service.http import WritingSession
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage

router = APIRouter(prefix="/workbench/applicability", include_in_schema=False)


@router.get("")
def read_proposals(page: CurrentPage) -> Response:
    """Open proposals in groups."""
    page.actor.require(Scope.ARTICLES_WRITE)
    groups = list_groups(page.session, page.actor.audiences)
    decided = page.request.query_params.get("decided", "")
    return page.render(
        "authoring/proposals.html",
        message("proposals.title"),
        groups=[view_group(group, page.parts.catalog) for group in groups],
        batch=BATCH,
        decided=int(decided) if decided.isdecimal() and len(decided) < 8 else None,
        may_run=page.actor.may(Scope.ARTICLES_PUBLISH),
    )


@router.post("")
def post_decision(
    page: CurrentPage,
    session: WritingSession,
    feed: CurrentFeed,
    action: Annotated[str, Form()] = "",
    product: Annotated[str, Form()] = "",
    evidence: Annotated[str, Form()] = "",
) -> Response:
    """Look again, accept the next of a group, or reject it."""
    if action == "run":
        page.actor.require(Scope.ARTICLES_PUBLISH)
        propose_all(session, page.parts.catalog)
        return RedirectResponse("/workbench/applicability", 303)
    if action == "reject":
        decided = reject(session, product, evidence, page.actor)
    else:
        changes = accept(session, product, evidence, page.parts.catalog, page.actor)
        settle(session, feed, changes)
        decided = len(changes)
    return RedirectResponse(f"/workbench/applicability?decided={decided}", 303)
