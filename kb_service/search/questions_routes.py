"""/v1/search/questions: a message with several questions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from kb_service.auth.actors import Scope
from kb_service.errors import InvalidInput
from kb_service.http import PROBLEMS, CurrentActor, CurrentParts, JsonResponse
from kb_service.search.questions import Coverage, ask_each
from kb_service.search.request import SearchOptions
from kb_service.search.schemas import QuestionBody, question

router = APIRouter(prefix="/v1", tags=["search"], responses=PROBLEMS)


class MessageBody(QuestionBody):
    """A message. ``limit``: results for each of its questions."""

    limit: Annotated[int, Field(ge=1, le=20)] = 5


@router.post("/search/questions", response_model=Coverage, summary="Split a message into its questions and ask each")
def post_questions(body: MessageBody, parts: CurrentParts, actor: CurrentActor) -> Response:
    """At most four questions, each with its results, and how many of them are answered."""
    actor.require(Scope.SEARCH)
    if not body.query.strip():
        raise InvalidInput("Ask something: the message is empty.", "/query")
    options = SearchOptions(facets=False)
    request = question(body, actor, parts.catalog, limit=body.limit, options=options)
    return JsonResponse(ask_each(parts.search, request), 200, {"Cache-Control": "no-store"})
