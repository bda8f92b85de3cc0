"""Search over HTTP: search, answers, suggest, events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Response

from kb_service.auth.actors import Scope
from kb_service.errors import InvalidInput
from kb_service.http import PROBLEMS, CurrentActor, CurrentParts
from kb_service.search.answering import Answer
from kb_service.search.request import SearchOptions, SearchRequest, SearchResponse, TypeAhead
from kb_service.search.schemas import (
    Channel,
    EventBody,
    Language,
    Name,
    QuestionBody,
    SearchBody,
    SessionId,
    question,
    search_request,
)

router = APIRouter(prefix="/v1", tags=["search"], responses=PROBLEMS)

Text = Annotated[str, Query(max_length=100_000, description="Any text; empty browses, newest first.")]
_PRODUCT = Query(description="A product by name, alias or slug. Given axes filter.", max_length=200)
_VERSION = Query(description="A version of the product; needs ``product``.", max_length=200)
_OS = Query(description="An operating system by name, alias or path.", max_length=200)


@router.get("/search", response_model=SearchResponse, summary="Find the answer (short questions)")
def get_search(
    parts: CurrentParts,
    actor: CurrentActor,
    query: Text = "",
    product: Annotated[str | None, _PRODUCT] = None,
    version: Annotated[str | None, _VERSION] = None,
    os: Annotated[str | None, _OS] = None,
    language: Annotated[Language | None, Query()] = None,
    type: Annotated[list[Name] | None, Query(max_length=20)] = None,
    topic: Annotated[list[Name] | None, Query(max_length=20)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    cursor: Annotated[str | None, Query(max_length=8000)] = None,
    why: bool = False,
    signals: Annotated[Literal["on", "off"], Query(description="off: by words and meaning alone.")] = "on",
    channel: Annotated[Channel, Query()] = "api",
    session_id: Annotated[SessionId | None, Query()] = None,
) -> Response:
    """Every given axis of the context filters. Names, aliases and slugs are understood; unknown ones are a 422."""
    actor.require(Scope.SEARCH)
    catalog = parts.catalog
    request = SearchRequest(
        query=query,
        stated=catalog.resolve_context(product, version, os),
        actor=actor,
        channel=channel,
        session_id=session_id,
        language=language,
        types=frozenset(type or ()),
        topics=frozenset(catalog.resolve_topic(t, "/topic") for t in topic or ()),
        limit=limit,
        cursor=cursor,
        options=SearchOptions(why=why, signals=signals == "on"),
    )
    return _answered(parts.search.search(request))


@router.post("/search", response_model=SearchResponse, summary="Find the answer (any text, whole e-mails too)")
def post_search(body: SearchBody, parts: CurrentParts, actor: CurrentActor) -> Response:
    """``context`` filters, ``inferred`` only prefers."""
    actor.require(Scope.SEARCH)
    return _answered(parts.search.search(search_request(body, actor, parts.catalog)))


@router.post("/answers", response_model=Answer, summary="One answer, a choice, or none")
def post_answer(body: QuestionBody, parts: CurrentParts, actor: CurrentActor) -> Response:
    """For channels that answer by themselves: an answer is right 95 times in 100, else choices, else none."""
    actor.require(Scope.SEARCH)
    if not body.query.strip():
        raise InvalidInput("Ask something: the question is empty.", "/query")
    request = question(body, actor, parts.catalog, options=SearchOptions(kind="answer", facets=False))
    return _json(parts.search.answer(request))


@router.get("/suggest", response_model=TypeAhead, summary="Complete what is being typed")
def get_suggest(
    parts: CurrentParts,
    actor: CurrentActor,
    query: Annotated[str, Query(max_length=2000)] = "",
    product: Annotated[str | None, _PRODUCT] = None,
    version: Annotated[str | None, _VERSION] = None,
    os: Annotated[str | None, _OS] = None,
    limit: Annotated[int, Query(ge=1, le=20)] = 8,
    session_id: Annotated[SessionId | None, Query()] = None,
) -> Response:
    """Titles that this reader may see, in this context, small typing errors forgiven."""
    actor.require(Scope.SEARCH)
    stated = parts.catalog.resolve_context(product, version, os)
    options = SearchOptions(kind="suggest")
    request = SearchRequest(query, stated, actor=actor, limit=limit, session_id=session_id, options=options)
    return _json(parts.search.suggest(query, request))


@router.post("/events", status_code=202, summary="Say what was done with an answer")
def post_event(body: EventBody, parts: CurrentParts, actor: CurrentActor) -> dict[str, str]:
    """click, view, helpful, not_helpful, copied, solved … Kept as long as the query log."""
    actor.require(Scope.SEARCH)
    parts.search.record_event(
        {
            "query_id": body.query_id, "session_id": body.session_id, "action": body.action, "article_id": body.article,
            "rank": body.rank, "channel": body.channel, "attributes": body.attributes,
        }
    )  # fmt: skip
    return {"status": "accepted"}


def _answered(response: SearchResponse) -> Response:
    answer = _json(response)
    stages = {**response.timings_ms, "total": response.took_ms}
    answer.headers["Server-Timing"] = ", ".join(f"{name};dur={ms:.2f}" for name, ms in stages.items())
    return answer


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers={"Cache-Control": "no-store"})
