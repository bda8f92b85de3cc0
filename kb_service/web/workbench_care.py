"""Pages of care: suggestions of colleagues, freshness, schedules. Each decision is one form and one key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kb_service.articles import moves
from kb_service.articles.access import get_for_change, get_known
from kb_service.articles.models import Article, Revision
from kb_service.articles.repository import read_applicability
from kb_service.articles.requests import Changing
from kb_service.articles.service import current_text
from kb_service.articles.views import shown_revision
from kb_service.auth.actors import Scope
from kb_service.authoring import freshness, notifications, scheduling, suggestions
from kb_service.authoring.care_rules import review_days
from kb_service.authoring.history import COMPARED
from kb_service.authoring.repository import names_of
from kb_service.authoring.revision_diff import diff
from kb_service.db.base import utcnow
from kb_service.errors import InvalidInput, KbError, StaleVersion
from kb_service.http import RowId, WritingSession
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page
from kb_service.web.workbench_flow import finish

router = APIRouter(prefix="/workbench", include_in_schema=False)
Text = Annotated[str, Form()]
MaybeText = Annotated[str | None, Form()]
Version = Annotated[int, Form(ge=0, le=2**31 - 1)]


@router.get("/suggestions")
def read_suggestions(page: CurrentPage) -> Response:
    """What colleagues suggest, with the words that would change."""
    page.actor.require(Scope.ARTICLES_WRITE)
    return _suggestions(page)


def _suggestions(page: Page, error: KbError | None = None) -> Response:
    rows = suggestions.list_suggestions(page.session, page.actor, limit=30)
    names = names_of(page.session, (row.author for row, _ in rows))
    before = _shown_texts(page.session, [article for _, article in rows if article])
    shown = [(row, article, _changes(row.fields, before.get(article.id) if article else None)) for row, article in rows]
    return page.render(
        "authoring/suggestions.html", message("suggest.title"), error.status if error else 200, rows=shown, names=names,
        error=error, done=page.request.query_params.get("done", ""),
    )  # fmt: skip


def _shown_texts(session: Session, articles: list[Article]) -> dict[int, Revision]:
    """The revision that readers see of each article (the newest of an unpublished one); two queries at most."""
    published = [article.published_revision_id for article in articles if article.published_revision_id]
    found = {row.article_id: row for row in session.scalars(select(Revision).where(Revision.id.in_(published)))}
    rest = [article.id for article in articles if article.id not in found]
    if rest:
        drafts = select(Revision).where(Revision.article_id.in_(rest), Revision.state == "draft")
        found |= {row.article_id: row for row in session.scalars(drafts)}
    return found


def _changes(fields: dict[str, Any], before: Revision | None) -> list[tuple[str, Any]]:
    named = [(n, str(getattr(before, n)) if before else "", str(fields[n])) for n in COMPARED if n in fields]
    return [(name, diff(old, new)) for name, old, new in named]


@router.post("/suggestions/{id}")
def post_suggestion(
    page: CurrentPage,
    session: WritingSession,
    id: RowId,
    changing: Annotated[Changing, Depends()],
    action: Text = "accept",
    note: Text = "",
) -> Response:
    """Accept (and publish) it, or decline it with a word."""
    try:
        if action == "decline":
            suggestions.decline(session, id, note, page.actor)
            return RedirectResponse("/workbench/suggestions?done=declined", 303)
        change = suggestions.accept(session, id, page.parts.catalog, page.actor)
    except KbError as error:
        if error.status in (401, 404):
            raise
        session.rollback()
        return _suggestions(page, error)
    finish(session, changing, change)
    return RedirectResponse("/workbench/suggestions?done=accepted", 303)


@router.get("/suggest")
def read_suggest(page: CurrentPage, article: str = "") -> Response:
    """A colleague's form: a change of what is read, or something new."""
    page.actor.require(Scope.ARTICLES_PROPOSE)
    return _suggest(page, article[:20], {})


def _suggest(page: Page, number: str, typed: dict[str, str], error: KbError | None = None) -> Response:
    article = get_known(page.session, number, page.actor) if number else None
    revision = shown_revision(page.session, article) if article else None
    before = current_text(page.session, article, revision) if article and revision else None
    names = [
        n for n in COMPARED if before is None or getattr(before, n) or n in ("title", "short_answer", "resolution")
    ]
    if before is None:
        names = ["title", "short_answer", "issue", "resolution"]
    values = {name: typed.get(name, str(getattr(before, name)) if before else "") for name in names}
    title = message("suggest.change_title", number=article.number) if article else message("suggest.new_title")
    return page.render(
        "authoring/suggest.html", title, error.status if error else 200, article=article, values=values, error=error,
        mine=suggestions.list_mine(page.session, page.actor), lines=notifications.list_notifications(page.session, page.actor),
        note=typed.get("note", ""), done=page.request.query_params.get("done", ""),
    )  # fmt: skip


@router.post("/suggest")
def post_suggest(
    page: CurrentPage,
    session: WritingSession,
    article: Text = "",
    title: MaybeText = None,
    short_answer: MaybeText = None,
    issue: MaybeText = None,
    environment: MaybeText = None,
    cause: MaybeText = None,
    resolution: MaybeText = None,
    body: MaybeText = None,
    note: Text = "",
) -> Response:
    """Keep the suggestion; an author decides."""
    given = dict(zip(COMPARED, (title, short_answer, issue, environment, cause, resolution, body), strict=True))
    fields = {name: value.replace("\r\n", "\n").strip() for name, value in given.items() if value is not None}
    try:
        suggestions.suggest(session, article[:20] or None, fields, note, page.parts.catalog, page.actor)
    except KbError as error:
        if error.status in (401, 403, 404):
            raise
        session.rollback()
        return _suggest(page, article[:20], {**fields, "note": note}, error)
    return RedirectResponse(f"/workbench/suggest?done=1{f'&article={article[:20]}' if article else ''}", 303)


@router.get("/freshness")
def read_freshness(page: CurrentPage, product: str = "") -> Response:
    """Overdue reviews, articles that reach into the newest release, and what nobody uses."""
    page.actor.require(Scope.ARTICLES_WRITE)
    return _freshness(page, product)


def _freshness(page: Page, product: str, error: KbError | None = None) -> Response:
    newest = freshness.newest_releases(page.parts.catalog)
    product = product if product in newest else next(iter(newest), "")
    release = newest.get(product, "")
    return page.render(
        "authoring/freshness.html", message("fresh.title"), error.status if error else 200, newest=newest, product=product,
        release=release, overdue=freshness.overdue(page.session, page.actor, page.settings.review_days), error=error,
        unconfirmed=freshness.unconfirmed(page.session, product, release, page.parts.catalog, page.actor) if release else [],
        unused=freshness.unused(page.session, page.actor), done=page.request.query_params.get("done", ""),
        product_name=page.parts.catalog.product_name(product) if product else "",
    )  # fmt: skip


@router.post("/freshness")
def post_freshness(
    page: CurrentPage,
    session: WritingSession,
    changing: Annotated[Changing, Depends()],
    article: Text = "",
    action: Text = "",
    product: Text = "",
    release: Text = "",
    version: Version = 0,
) -> Response:
    """One decision about one article."""
    catalog, actor = page.parts.catalog, page.actor
    try:
        found = get_for_change(session, article[:20], actor)
        if found.version != version and action in ("cut", "archive"):
            raise StaleVersion(message("review.stale"))
        if action in ("confirm", "cut") and freshness.newest_releases(catalog).get(product) != release:
            raise InvalidInput(message("fresh.other_release"))
        if action == "cut":
            changing.settle(session, freshness.cut(session, found.id, product, release, catalog, actor))
        elif action == "archive":
            finish(session, changing, moves.archive(session, found.id, actor))
        elif action == "confirm":
            freshness.confirm(session, found.id, product, release, actor)
        else:
            freshness.set_review(session, found.id, utcnow() + timedelta(days=_days(page, found)), actor)
    except KbError as error:
        if error.status in (401, 403, 404):
            raise
        session.rollback()
        return _freshness(page, product, error)
    return RedirectResponse(
        f"/workbench/freshness?product={product if product in freshness.newest_releases(catalog) else ''}&done=1", 303
    )


def _days(page: Page, article: Article) -> int:
    products = read_applicability(page.session, article.applicability_key).products()
    return review_days(page.settings.review_days, article.type, products)


@router.post("/articles/{number}/schedule")
def post_schedule(
    page: CurrentPage,
    session: WritingSession,
    number: str,
    move: Text = "publish",
    due_at: Text = "",
    action: Text = "set",
) -> Response:
    """Set a waiting move (times are UTC), or take it back."""
    article = get_for_change(session, number, page.actor)
    if action == "cancel":
        scheduling.cancel(session, article.id, move, page.actor)
    else:
        scheduling.schedule(
            session, article.id, move if move in scheduling.MOVES else "publish", _moment(due_at), page.actor
        )
    return RedirectResponse(f"/workbench/articles/{article.number}/edit?done=scheduled", 303)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(message("schedule.bad"), "/due_at") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
