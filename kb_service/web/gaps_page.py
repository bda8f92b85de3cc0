"""/workbench/gaps: what is asked for in vain, one action to a draft."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from kb_service.auth.actors import Scope
from kb_service.authoring.checks_views import read_cursor, write_cursor
from kb_service.authoring.gaps_deciding import dismiss, draft_for, take_up
from kb_service.authoring.gaps_repository import GapFilter, Place, get_gap, list_gaps
from kb_service.authoring.gaps_views import view_gaps
from kb_service.errors import StaleVersion
from kb_service.http import RowId, WritingSession
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage

router = APIRouter(prefix="/workbench/gaps", include_in_schema=False)
STATES = ("open", "closed", "dismissed")
SHOWN = 40


@router.get("")
def read_gaps(page: CurrentPage) -> Response:
    """Gaps, most wanted first."""
    page.actor.require(Scope.ARTICLES_WRITE)
    asked = page.request.query_params.get("state", "open")
    state = asked if asked in STATES else "open"
    place = read_cursor(page.request.query_params.get("after"), 2)
    gaps = list_gaps(page.session, GapFilter(state), SHOWN + 1, Place(place[0], int(place[1])) if place else None)
    last = gaps[SHOWN - 1] if len(gaps) > SHOWN else None
    return page.render(
        "authoring/gaps.html",
        message("gaps.title"),
        gaps=list(zip(view_gaps(page.session, gaps[:SHOWN], page.parts.catalog, page.actor), gaps, strict=False)),
        gap_state=state,
        states=STATES,
        least=page.settings.gap_sessions,
        more=write_cursor([last.weight, last.id]) if last else "",
    )


@router.post("/{gap_id}/draft")
def post_draft(page: CurrentPage, session: WritingSession, gap_id: RowId) -> Response:
    """The pre-filled draft, ready to be written."""
    article = draft_for(session, gap_id, page.parts.catalog, page.actor)
    return RedirectResponse(f"/workbench/articles/{article.number}/edit", 303)


@router.post("/{gap_id}")
def post_decision(
    page: CurrentPage,
    session: WritingSession,
    gap_id: RowId,
    action: Annotated[str, Form()] = "dismiss",
    version: Annotated[int, Form()] = 0,
) -> Response:
    """Put a gap aside, or take it up again."""
    page.actor.require(Scope.ARTICLES_WRITE)
    if get_gap(session, gap_id, lock=True).version != version:
        raise StaleVersion()
    (take_up if action == "reopen" else dismiss)(session, gap_id, page.actor)
    return RedirectResponse("/workbench/gaps", 303)
