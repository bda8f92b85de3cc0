"""The home page and the results page. They transport: the one search path answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from starlette.responses import RedirectResponse, Response

from kb_service.articles.addresses import article_url
from kb_service.articles.models import Article
from kb_service.articles.repository import is_published, is_readable
from kb_service.articles.uses import ArticleUses
from kb_service.auth.actors import PUBLIC
from kb_service.catalog.context import Context
from kb_service.errors import InvalidInput, KbError, UnknownCatalogEntry
from kb_service.search.models import QueryEvent
from kb_service.search.outage import DATABASE_DOWN
from kb_service.search.request import SearchOptions, SearchRequest, SearchResponse
from kb_service.web import visitor
from kb_service.web.contact import ways_to_reach_us
from kb_service.web.forms import field_of
from kb_service.web.messages import message
from kb_service.web.search_state import SearchState
from kb_service.web.search_view import results_view
from kb_service.web.shell import CurrentPage, Page, day

router = APIRouter(include_in_schema=False)
HOME_LIST = 6
PAGE_SIZE = 10


@dataclass(frozen=True, slots=True)
class Line:
    """An answer in a short list."""

    url: str
    title: str
    meta: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A product or topic with how many answers it has."""

    url: str
    name: str
    description: str
    count: int


@router.get("/")
def read_home(page: CurrentPage) -> Response:
    """Search box, products, topics, most used and lately changed public answers."""
    counts = ArticleUses().readable(page.session, page.actor.audiences)
    catalog = page.parts.catalog
    products = [Tile(f"/p/{p.slug}", p.name, p.description, counts.products.get(p.slug, 0)) for p in catalog.products]
    topics = [
        Tile(f"/t/{node.path}", node.name, "", counts.topics.get(node.path, 0))
        for node in catalog.topics
        if node.depth == 0 and counts.topics.get(node.path, 0)
    ]
    return page.render(
        "home.html",
        page.settings.site_name,
        products=products,
        topics=topics,
        most_used=list_most_used(page.session),
        latest=list_latest(page.session),
        canonical=page.absolute("/"),
        description=message("home.lead"),
        robots=page.robots(),
    )


def list_most_used(session: Session) -> list[Line]:
    """Public answers, most opened and most helpful first (events of the query log's days, and votes)."""
    opened = select(func.count(QueryEvent.id)).where(QueryEvent.article_id == Article.id).scalar_subquery()
    return _public_lines(session, (opened + Article.votes_up - Article.votes_down).desc(), Article.id)


def list_latest(session: Session) -> list[Line]:
    """Public answers, last published first."""
    return _public_lines(session, Article.published_at.desc(), Article.id.desc())


def _public_lines(session: Session, *order: ColumnElement[Any] | InstrumentedAttribute[Any]) -> list[Line]:
    statement = select(Article).where(is_published(), is_readable([PUBLIC])).order_by(*order)
    return [
        Line(article_url(a.number, a.title), a.title, message("changed", date=day(a.published_at or a.updated_at)))
        for a in session.scalars(statement.limit(HOME_LIST))
    ]


@router.get("/search")
def read_results(page: CurrentPage) -> Response:
    """The passages that answer, the context in force, and the one question that would decide."""
    if "forget" in page.request.query_params:
        return _forget(page)
    state = page.state
    try:
        stated = page.parts.catalog.resolve_context(state.context.product, state.context.version, state.context.os)
        state = _resolved(state, stated)
        response, has_expired = _ask(page, state, stated)
    except InvalidInput as error:
        return _render_refusal(page, state, error)
    answer = _render(page, state, response, has_expired)
    visitor.remember(page.request, answer, stated)
    return answer


def _forget(page: Page) -> Response:
    kept = [(key, value) for key, value in page.request.query_params.items() if key != "forget"]
    answer = RedirectResponse(f"/search?{urlencode(kept)}", 303)
    visitor.forget(page.request, answer)
    return answer


def _resolved(state: SearchState, stated: Context) -> SearchState:
    version = state.version if state.is_version_unknown else stated.version or ""
    return replace(state, product=stated.product or "", version=version, os=stated.os or "")


def _ask(page: Page, state: SearchState, stated: Context) -> tuple[SearchResponse, bool]:
    """The answer, and whether the cursor was not usable any more (then the list starts again)."""
    request = _request(page, state, stated)
    search = page.parts.search
    try:
        return search.search(request), False
    except InvalidInput as error:
        if not state.cursor or field_of(error) != "cursor":
            raise
        return search.search(replace(request, cursor=None)), True


def _request(page: Page, state: SearchState, stated: Context) -> SearchRequest:
    inferred = page.remembered(stated)
    if state.is_version_unknown:
        inferred = replace(inferred, version=None)
    topics = {page.parts.catalog.resolve_topic(state.topic, "/topic")} if state.topic else set()
    return SearchRequest(
        query=state.query,
        stated=stated,
        inferred=inferred,
        actor=page.actor,
        channel="portal",
        session_id=visitor.session_id(page.request),
        types=frozenset({state.type} if state.type else ()),
        topics=frozenset(topics),
        limit=PAGE_SIZE,
        cursor=state.cursor or None,
        options=SearchOptions(chips=True, correct_spelling=not state.verbatim),
    )


def _render(page: Page, state: SearchState, response: SearchResponse, has_expired: bool) -> Response:
    query = response.query or state.query
    title = message("results.title", query=query[:80]) if query else message("results.browse_title")
    is_remembered = any(chip.source != "stated" for chip in response.context) and not page.remembered().is_empty
    return page.render(
        "results.html",
        title,
        search_state=state,
        view=results_view(response, state),
        query=query,
        query_id=response.query_id,
        has_expired=has_expired,
        is_remembered=is_remembered,
        forget_url="/search?" + urlencode({**state.params(), "forget": "1"}),
        asked=[] if DATABASE_DOWN in response.degraded else _asked_before(page, state.query),
        ways=ways_to_reach_us(page.settings),
    )


def _asked_before(page: Page, query: str) -> list[tuple[str, str]]:
    asked = page.parts.search.session_queries(visitor.session_id(page.request))
    return [(text[:80], SearchState(query=text).url()) for text in asked if text != query]


def _render_refusal(page: Page, state: SearchState, error: KbError) -> Response:
    nearest = error.nearest if isinstance(error, UnknownCatalogEntry) else []
    axis = field_of(error)
    links = [(name, state.url(**{axis: name})) for name in nearest if axis in ("product", "version", "os", "topic")]
    return page.render(
        "refusal.html", message("error.422"), 422, search_state=replace(state, cursor=""), detail=error.detail,
        nearest=links, without=state.url(**{axis: ""}) if axis in ("product", "version", "os", "topic") else "",
    )  # fmt: skip
