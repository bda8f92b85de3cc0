"""An article's page, "did this help?" and the next step. What a reader may not know is a 404."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from kb_service.articles.access import find_linked, find_moved, get_known, is_published
from kb_service.articles.addresses import article_url
from kb_service.articles.feedback import Vote, give_feedback
from kb_service.articles.lifecycle import State
from kb_service.articles.models import Article
from kb_service.articles.renderings import Rendering, RenderingAids, render
from kb_service.articles.repository import (
    ListFilter,
    family_members,
    list_articles,
    read_applicabilities,
    read_applicability,
    to_content,
)
from kb_service.articles.views import shown_revision
from kb_service.auth.actors import PUBLIC
from kb_service.authoring.standing import standing_for
from kb_service.catalog.context import Context
from kb_service.errors import InvalidInput, KbError, NotFound
from kb_service.http import WritingSession
from kb_service.search.request import SearchOptions, SearchRequest
from kb_service.web import visitor
from kb_service.web.article_view import article_view, links_to, variant_views
from kb_service.web.contact import ways_to_reach_us
from kb_service.web.search_state import SearchState
from kb_service.web.search_view import Link
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(include_in_schema=False)
RELATED = 5
REASONS = ("wrong_version", "did_not_work", "unclear", "not_asked")
"""What the page offers; feedback knows more."""


@router.get("/articles/{number}")
@router.get("/a/{number}")
@router.get("/a/{number}/{slug}")
def read_article(page: CurrentPage, number: str, slug: str = "") -> Response:
    """The article in the context in force; another slug leads to the right address (301)."""
    try:
        article = get_known(page.session, number, page.actor)
    except NotFound:
        if (moved_to := find_moved(page.session, number, page.actor)) is None:
            raise
        return RedirectResponse(article_url(moved_to.number, moved_to.title), 301)
    url = article_url(article.number, shown_revision(page.session, article).title)
    if page.request.url.path != url:
        query = page.request.url.query
        return RedirectResponse(f"{url}?{query}" if query else url, 301)
    return _render(page, article)


@router.post("/a/{number}/feedback")
def post_feedback(
    page: CurrentPage,
    session: WritingSession,
    number: str,
    helpful: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    words: Annotated[str, Form()] = "",
) -> Response:
    """Keep the vote, and show the next step on the article's page at once."""
    article = get_known(session, number, page.actor)
    step = "yes" if helpful == "yes" else "sent" if reason or words.strip() else "no"
    if step in ("yes", "no") and helpful in ("yes", "no"):
        _vote(page, session, article, Vote(helpful == "yes"))
    elif step == "sent":
        _vote(
            page,
            session,
            article,
            Vote(False, reason=reason if reason in REASONS else "other", words=words[:4000] or None),
        )
    kept = [(k, v) for k, v in page.request.query_params.items() if k != "helped"]
    address = article_url(article.number, shown_revision(session, article).title)
    answer = RedirectResponse(f"{address}?{urlencode([*kept, ('helped', step)])}#helped", 303)
    visitor.keep_session(page.request, answer)  # by which the reason finds its vote
    return answer


def _vote(page: Page, session: WritingSession, article: Article, vote: Vote) -> None:
    query_id = page.request.query_params.get("from", "")[:40] or None
    sid = visitor.session_id(page.request)
    give_feedback(session, article.number, replace(vote, query_id=query_id, session_id=sid), page.actor)
    page.parts.search.record_event(
        {"query_id": query_id, "session_id": sid, "action": "helpful" if vote.is_helpful else "not_helpful",
         "article_id": article.id, "rank": None, "channel": "portal", "attributes": {"reason": vote.reason}}
    )  # fmt: skip


def _render(page: Page, article: Article) -> Response:
    state = page.state
    context, is_remembered = context_in_force(page, state, article)
    rendering = _rendering(page, article, context)
    catalog = page.parts.catalog
    key = shown_revision(page.session, article).applicability_key
    words = catalog.describe_context(context)
    view = article_view(rendering, catalog.describe(read_applicability(page.session, key)), words)
    is_public = PUBLIC in article.audience and is_published(article)
    helped = page.request.query_params.get("helped", "")
    address = article_url(article.number, rendering.title)
    _note_view(page, article)
    answer = page.render(
        "article.html",
        rendering.title,
        view=view,
        article=article,
        context_words=words,
        is_remembered=is_remembered,
        variants=_variants(page, article, context, state),
        related=_related(page, article, state),
        crumbs=_crumbs(page, article),
        standing=standing_for(page.session, article, context, catalog, page.settings.review_days, page.actor),
        flagged="flagged" in page.request.query_params,
        helped=helped if helped in ("yes", "no", "sent") else "",
        next_answers=_next_answers(page, article, context, state) if helped in ("no", "sent") else [],
        reasons=REASONS,
        feedback_url=f"/a/{article.number}/feedback?{page.request.url.query}",
        all_url=f"{address}?show=all",
        ways=ways_to_reach_us(page.settings),
        is_public=is_public,
        search_state=replace(SearchState(), query=state.query),
        canonical=page.absolute(address),
        description=rendering.short_answer,
        robots=page.robots(is_public),
    )
    if is_public:
        answer.headers["Link"] = f'<{page.absolute(address)}>; rel="canonical"'
    return answer


def _note_view(page: Page, article: Article) -> None:
    """A reading, so that a case can tell what its customer has read and for how long."""
    if page.actor.is_staff or not is_published(article):
        return
    sid = visitor.session_id(page.request)
    page.parts.search.record_event(
        {"query_id": None, "session_id": sid, "action": "view", "article_id": article.id, "rank": None,
         "channel": "portal", "attributes": {}}
    )  # fmt: skip


def context_in_force(page: Page, state: SearchState, article: Article) -> tuple[Context, bool]:
    """The stated context, else the remembered one where it is about this article's product; and which it is."""
    if page.request.query_params.get("show") == "all":
        return Context(), False
    asked = state.context
    try:
        stated = page.parts.catalog.resolve_context(asked.product, asked.version, asked.os)
    except InvalidInput:
        stated = Context()
    if not stated.is_empty:
        return stated, False
    kept = page.remembered()
    products = read_applicability(page.session, article.applicability_key).products()
    is_about = kept.product is None or kept.product in products
    return (kept, not kept.is_empty) if is_about else (Context(), False)


def _rendering(page: Page, article: Article, context: Context) -> Rendering:
    def resolve(target: str) -> str | None:
        found = find_linked(page.session, target, article.source, page.actor)
        return article_url(found.number, found.title) if found else None

    revision = shown_revision(page.session, article)
    applies = read_applicability(page.session, revision.applicability_key)
    catalog = page.parts.catalog
    aids = RenderingAids(resolve, catalog.describe, catalog.named_versions(context.product))
    return render(to_content(revision, applies), context, aids)


def _variants(page: Page, article: Article, context: Context, state: SearchState) -> list[object]:
    members = family_members(page.session, article.family_id, page.actor.audiences)
    meanings = read_applicabilities(page.session, (member.applicability_key for member in members))
    pairs = [(member, meanings[member.applicability_key]) for member in members]
    return list(variant_views(pairs, article, context, page.parts.catalog.describe, state))


def _related(page: Page, article: Article, state: SearchState) -> list[Link]:
    """Answers of the same topic, other families only."""
    if not article.topics:
        return []
    wanted = ListFilter(page.actor.audiences, State.PUBLISHED, topic=article.topics[0])
    found = [a for a in list_articles(page.session, wanted, RELATED * 4) if a.family_id != article.family_id]
    mine = read_applicability(page.session, article.applicability_key).products()
    meanings = read_applicabilities(page.session, (a.applicability_key for a in found))
    found.sort(key=lambda a: not (mine & meanings[a.applicability_key].products()))
    return links_to(found, replace(state, query=""), RELATED)


def _next_answers(page: Page, article: Article, context: Context, state: SearchState) -> list[Link]:
    """Other answers to the same question (or to the article's title), by the one path."""
    request = SearchRequest(
        query=state.query or article.title,
        stated=context if state.query else Context(),
        actor=page.actor,
        channel="portal",
        session_id=visitor.session_id(page.request),
        limit=RELATED,
        options=SearchOptions(facets=False, log=False),
    )
    try:
        hits = page.parts.search.search(request).hits
    except KbError:
        return []
    return [Link(state.article_url(hit.url), hit.title) for hit in hits if hit.article != article.id][:3]


def _crumbs(page: Page, article: Article) -> list[Link]:
    catalog = page.parts.catalog
    products = sorted(read_applicability(page.session, article.applicability_key).products())
    crumbs = [Link(f"/p/{products[0]}", catalog.product_name(products[0]))] if len(products) == 1 else []
    if article.topics:
        path = article.topics[0]
        base = f"/p/{products[0]}" if crumbs else "/t"
        crumbs.append(Link(f"{base}/{path}", catalog.topic_name(path)))
    return crumbs
