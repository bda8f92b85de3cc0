"""/workbench/articles/{number}/impact: which past questions the newest text would move."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from kb_service.articles.access import get_known
from kb_service.auth.actors import Scope
from kb_service.authoring.impact_routes import CurrentPreviewer, preview_impact
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage

router = APIRouter(prefix="/workbench/articles/{number}/impact", include_in_schema=False)


@router.get("")
def read_impact(page: CurrentPage, previewer: CurrentPreviewer, number: str) -> Response:
    """The effect of publishing, question by question."""
    page.actor.require(Scope.ARTICLES_WRITE)
    article = get_known(page.session, number, page.actor)
    impact = preview_impact(page.session, article, page.parts.catalog, previewer, page.actor)
    return page.render("authoring/impact.html", message("impact.title"), article=article, impact=impact)
