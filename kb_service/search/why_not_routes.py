"""/v1/search/why-not: which step of the search kept an article out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from kb_service.articles.access import get_known
from kb_service.auth.actors import Scope
from kb_service.errors import InvalidInput
from kb_service.http import PROBLEMS, CurrentActor, CurrentParts, JsonResponse, ReadingSession
from kb_service.search.request import SearchOptions, SearchRequest
from kb_service.search.schemas import Language, Name
from kb_service.search.why_not import WhyNot, explain_absence

router = APIRouter(prefix="/v1", tags=["search"], responses=PROBLEMS)
OptionalName = Annotated[str | None, Query(max_length=200)]


@router.get("/search/why-not", response_model=WhyNot)
def get_why_not(
    session: ReadingSession,
    parts: CurrentParts,
    actor: CurrentActor,
    query: Annotated[str, Query(min_length=1, max_length=20_000)],
    article: Annotated[str, Query(min_length=1, max_length=40, description="The id or KB number.")],
    product: OptionalName = None,
    version: OptionalName = None,
    os: OptionalName = None,
    language: Annotated[Language | None, Query()] = None,
    type: Annotated[list[Name] | None, Query(max_length=20)] = None,
    topic: Annotated[list[Name] | None, Query(max_length=20)] = None,
) -> Response:
    """Which filter or rank kept an article out, for those who may read it: for others it does not exist."""
    actor.require(Scope.SEARCH)
    if not query.strip():
        raise InvalidInput("Ask something: the question is empty.", "/query")
    found = get_known(session, article, actor)
    catalog = parts.catalog
    request = SearchRequest(
        query, catalog.resolve_context(product, version, os), actor=actor, language=language,
        types=frozenset(type or ()), topics=frozenset(catalog.resolve_topic(t, "/topic") for t in topic or ()),
        options=SearchOptions(log=False),
    )  # fmt: skip
    return JsonResponse(explain_absence(parts.search, session, request, found), 200, {"Cache-Control": "no-store"})
