"""The workbench: what waits for an author, what waits for a review, and every article by filter."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from kb_service.articles.inputs import CONFIDENCES, TYPES
from kb_service.articles.models import Article
from kb_service.articles.repository import read_applicabilities
from kb_service.auth.actors import Scope
from kb_service.authoring import drafts, notifications, tasks
from kb_service.authoring.repository import (
    MAX_PAGE,
    PAGE_SIZE,
    STATUSES,
    WorkFilter,
    count_work,
    list_work,
    list_written,
    names_of,
    newest_of,
)
from kb_service.db.base import utcnow
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page
from kb_service.web.workbench_flow import said_by

router = APIRouter(prefix="/workbench", include_in_schema=False)
FILTERS = ("words", "status", "product", "owner", "confidence", "type", "audience")
SHOWN_DRAFTS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One article in a list, in the words that a page shows."""

    id: int
    number: str
    title: str
    url: str
    status: str
    has_newer_draft: bool
    confidence: str
    type: str
    audience: str
    owner: str
    applies_to: str
    updated_at: object
    version: int


@router.get("")
def read_work(page: CurrentPage) -> Response:
    """What I am writing and what waits for me."""
    page.actor.require(Scope.ARTICLES_WRITE)
    mine = drafts.list_drafts(page.session, page.actor, SHOWN_DRAFTS)
    written = list_written(page.session, page.actor.id, page.actor.audiences)
    todo = tasks.list_tasks(page.session, page.actor, mine=True, limit=SHOWN_DRAFTS)
    return page.render(
        "authoring/home.html", message("work.title"), drafts=mine, written=rows_of(page, written), tasks=todo, now=utcnow(),
        lines=notifications.list_notifications(page.session, page.actor), **said_by(page, todo),
    )  # fmt: skip


@router.get("/articles")
def read_articles(page: CurrentPage) -> Response:
    """Every article that the author may read, by filter."""
    page.actor.require(Scope.ARTICLES_WRITE)
    wanted = filter_of(page)
    number = _page_number(page)
    found = list_work(page.session, wanted, number)
    total = count_work(page.session, wanted)
    query = {name: getattr(wanted, name) for name in FILTERS if getattr(wanted, name)}
    pages = max(1, -(-total // PAGE_SIZE))
    return page.render(
        "authoring/articles.html", message("work.articles"), rows=rows_of(page, found), total=total, wanted=wanted,
        statuses=STATUSES, types=TYPES, confidences=CONFIDENCES, products=page.parts.catalog.products,
        audiences=sorted(page.actor.audiences), number=number, pages=pages, is_filtered=bool(query),
        previous=_link(query, number - 1) if number > 1 else "", following=_link(query, number + 1) if number < pages else "",
        query=query,
    )  # fmt: skip


def _link(query: dict[str, str], number: int) -> str:
    return "/workbench/articles?" + urlencode({**query, "page": number})


def _page_number(page: Page) -> int:
    given = page.request.query_params.get("page", "1")
    return min(max(1, int(given)), MAX_PAGE) if given.isascii() and given.isdigit() and len(given) < 6 else 1


def filter_of(page: Page) -> WorkFilter:
    """The filter that an address or a form's query states; what is not known filters nothing."""
    params = page.request.query_params
    given = {name: params.get(name, "").strip()[:200].replace("\x00", "") for name in FILTERS}
    known = {
        "status": STATUSES, "confidence": CONFIDENCES, "type": TYPES, "audience": page.actor.audiences,
        "product": {product.slug for product in page.parts.catalog.products},
    }  # fmt: skip
    given = {name: value if name not in known or value in known[name] else "" for name, value in given.items()}
    if given["owner"] == "me":
        given["owner"] = page.actor.id
    return WorkFilter(page.actor.audiences, **given)


def rows_of(page: Page, articles: list[Article]) -> list[Row]:
    """Articles as rows; two queries, however many."""
    newest = newest_of(page.session, articles)
    meanings = read_applicabilities(page.session, (article.applicability_key for article in articles))
    names = names_of(page.session, (article.owner for article in articles))
    rows = []
    for article in articles:
        last, is_shown = newest[article.id], article.published_revision_id is not None and article.archived_at is None
        status = "archived" if article.archived_at else "published" if is_shown else "draft"
        rows.append(
            Row(
                id=article.id, number=article.number, title=last.title, url=f"/workbench/articles/{article.number}/edit",
                status=status, has_newer_draft=is_shown and last.is_draft, confidence=article.confidence,
                type=article.type, audience=", ".join(article.audience), owner=names.get(article.owner, article.owner),
                applies_to=", ".join(page.parts.catalog.describe(meanings[article.applicability_key])),
                updated_at=article.updated_at, version=article.version,
            )
        )  # fmt: skip
    return rows
