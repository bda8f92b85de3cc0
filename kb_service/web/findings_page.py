"""/workbench/findings: alike articles with one action each, and links that lead wrong."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from kb_service.articles.requests import CurrentFeed, settle
from kb_service.auth.actors import Scope
from kb_service.authoring.checks_views import read_cursor, view_link_finding, view_pair, write_cursor
from kb_service.authoring.duplicates_deciding import DECISIONS, decide
from kb_service.authoring.findings_repository import list_link_findings, list_pairs
from kb_service.errors import InvalidInput
from kb_service.http import WritingSession
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage

router = APIRouter(prefix="/workbench/findings", include_in_schema=False)
SHOWN = 20


@router.get("")
def read_findings(page: CurrentPage) -> Response:
    """The most alike pairs and the flawed links that this writer may see."""
    page.actor.require(Scope.ARTICLES_WRITE)
    place = read_cursor(page.request.query_params.get("after"), 2)
    after = (place[0], int(place[1])) if place else None
    pairs = list_pairs(page.session, page.actor.audiences, "open", SHOWN + 1, after)
    links = list_link_findings(page.session, page.actor.audiences, 200)
    last = pairs[SHOWN - 1].row if len(pairs) > SHOWN else None
    return page.render(
        "authoring/findings.html",
        message("findings.title"),
        pairs=[(view_pair(pair), (pair.low, pair.high)) for pair in pairs[:SHOWN]],
        more=write_cursor([last.likeness, last.id]) if last else "",
        links=[view_link_finding(*row) for row in links],
        is_done="done" in page.request.query_params,
    )


@router.post("/{number}/{other}")
def post_decision(
    page: CurrentPage,
    session: WritingSession,
    feed: CurrentFeed,
    number: str,
    other: str,
    decision: Annotated[str, Form()] = "",
    version: Annotated[int, Form()] = 0,
) -> Response:
    """Keep both, link them as variants, or merge the first into the second."""
    page.actor.require(Scope.ARTICLES_WRITE)
    if decision not in DECISIONS:
        raise InvalidInput(f"One of {', '.join(DECISIONS)}.", "/decision")
    change = decide(session, (number, other), decision, page.parts.catalog, page.actor, version)
    settle(session, feed, [change])
    return RedirectResponse("/workbench/findings?done=1", 303)
