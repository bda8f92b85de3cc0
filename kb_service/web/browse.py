"""Browsing: products, topics, and the answers beneath them. Three actions from the home page to an article."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from kb_service.articles.addresses import article_url
from kb_service.articles.lifecycle import State
from kb_service.articles.models import Article
from kb_service.articles.repository import ListFilter, Place, list_articles, read_applicabilities
from kb_service.articles.uses import ArticleUses
from kb_service.catalog.entries import NodeEntry
from kb_service.errors import NotFound
from kb_service.web.messages import message
from kb_service.web.portal import Tile
from kb_service.web.search_state import SearchState
from kb_service.web.search_view import Link
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(include_in_schema=False)
LIST_SIZE = 200
"""A topic with more answers than this is better searched; the page says so by its search box."""


@dataclass(frozen=True, slots=True)
class Row:
    """An answer in a list, one for each family."""

    url: str
    title: str
    applies_to: str


@router.get("/products")
def read_products(page: CurrentPage) -> Response:
    """Every product."""
    counts = ArticleUses().readable(page.session, page.actor.audiences).products
    tiles = [Tile(f"/p/{p.slug}", p.name, p.description, counts.get(p.slug, 0)) for p in page.parts.catalog.products]
    return _tiles(page, message("browse.products"), tiles, message("browse.no_products"), "/products")


@router.get("/topics")
def read_topics(page: CurrentPage) -> Response:
    """Every topic of the first level."""
    counts = ArticleUses().readable(page.session, page.actor.audiences).topics
    roots = [node for node in page.parts.catalog.topics if node.depth == 0]
    tiles = [Tile(f"/t/{node.path}", node.name, "", counts.get(node.path, 0)) for node in roots]
    return _tiles(page, message("browse.topics"), tiles, message("browse.no_topics"), "/topics")


def _tiles(page: Page, heading: str, tiles: list[Tile], nothing: str, path: str) -> Response:
    return page.render(
        "tiles.html", heading, heading=heading, tiles=tiles, nothing=nothing, canonical=page.absolute(path),
        robots=page.robots(), crumbs=[],
    )  # fmt: skip


@router.get("/p/{product}")
@router.get("/p/{product}/{topic:path}")
def read_product(page: CurrentPage, product: str, topic: str = "") -> Response:
    """A product's topics; of one topic, the product's answers."""
    found = page.parts.catalog.product(product)
    if found is None:
        raise NotFound()
    base, crumbs = f"/p/{product}", [Link("/products", message("nav.products"))]
    if topic:
        crumbs.append(Link(base, found.name))
    state = SearchState(product=product, topic=topic)
    return _listing(page, _Listing(base, topic, product, found.name, found.description, crumbs, state))


@router.get("/t/{topic:path}")
def read_topic(page: CurrentPage, topic: str) -> Response:
    """A topic's answers, of every product."""
    crumbs = [Link("/topics", message("nav.topics"))]
    return _listing(page, _Listing("/t", topic, None, "", "", crumbs, SearchState(topic=topic)))


@dataclass(frozen=True, slots=True)
class _Listing:
    """What a listing page is of."""

    base: str
    topic: str
    product: str | None
    name: str
    description: str
    crumbs: list[Link]
    state: SearchState


def _listing(page: Page, of: _Listing) -> Response:
    node = next((n for n in page.parts.catalog.topics if n.path == of.topic), None)
    if of.topic and node is None:
        raise NotFound()
    articles = _articles(page, of.topic or None, of.product)
    heading = node.name if node else of.name
    crumbs = of.crumbs + _ancestors(page, of.topic, of.base)
    return page.render(
        "listing.html",
        f"{heading} – {of.name}" if node and of.name else heading,
        heading=heading,
        description=of.description,
        crumbs=crumbs,
        topics=_subtopics(page, of, articles),
        rows=_rows(page, [a for a in articles if not of.product or of.topic or not a.topics]),
        is_product=of.product is not None and not of.topic,
        search_state=of.state,
        search_name=heading,
        canonical=page.absolute(f"{of.base}/{of.topic}" if of.topic else of.base),
        robots=page.robots(),
    )


def _articles(page: Page, topic: str | None, product: str | None) -> list[Article]:
    wanted = ListFilter(page.actor.audiences, State.PUBLISHED, topic=topic, product=product)
    found = list_articles(page.session, wanted, LIST_SIZE)
    while product and not topic and len(found) % LIST_SIZE == 0 and found and len(found) < 10 * LIST_SIZE:
        place = Place(found[-1].updated_at, found[-1].id)  # a product's page counts topics: it wants them all
        more = list_articles(page.session, wanted, LIST_SIZE, place)
        if not more:
            break
        found += more
    return found


def _subtopics(page: Page, of: _Listing, articles: list[Article]) -> list[Link]:
    counts = {node.path: sum(_is_under(a, node.path) for a in articles) for node in page.parts.catalog.topics}
    shown = [n for n in page.parts.catalog.topics if counts[n.path] and _is_offered(n, of, counts)]
    return [Link(f"{of.base}/{n.path}", n.name, counts[n.path]) for n in shown]


def _is_offered(node: NodeEntry, of: _Listing, counts: dict[str, int]) -> bool:
    """Of a topic its children; of a product every leaf, so that the next click shows answers."""
    if of.topic or of.product is None:
        return node.parent == (of.topic or None)
    return not any(path.startswith(node.path + "/") and count for path, count in counts.items())


def _is_under(article: Article, path: str) -> bool:
    return any(topic == path or topic.startswith(path + "/") for topic in article.topics)


def _rows(page: Page, articles: list[Article]) -> list[Row]:
    meanings = read_applicabilities(page.session, (a.applicability_key for a in articles))
    rows = [
        Row(
            article_url(a.number, a.title),
            a.title,
            ", ".join(page.parts.catalog.describe(meanings[a.applicability_key])),
        )
        for a in articles
    ]
    return sorted(rows, key=lambda row: row.title.casefold())


def _ancestors(page: Page, topic: str, base: str) -> list[Link]:
    parts = topic.split("/")[:-1] if topic else []
    paths = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    return [Link(f"{base}/{path}", page.parts.catalog.topic_name(path)) for path in paths]
