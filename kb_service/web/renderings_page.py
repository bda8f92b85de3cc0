"""/workbench/articles/{number}/renderings: every channel's form of an article on one page; own texts in their place."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from kb_service.articles.access import get_known
from kb_service.articles.addresses import article_url
from kb_service.articles.channel_forms import Channel
from kb_service.articles.models import Article
from kb_service.articles.overrides import confirm_override, get_for_override, remove_override, set_override
from kb_service.articles.rendering_views import view_renderings
from kb_service.auth.actors import Scope
from kb_service.catalog.context import Context
from kb_service.errors import InvalidInput, KbError, StaleVersion
from kb_service.http import WritingSession
from kb_service.text import clean_text
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/workbench/articles/{number}/renderings", include_in_schema=False)


@router.get("")
def read_renderings(page: CurrentPage, number: str) -> Response:
    """Every form in the context that the address names; for writers."""
    page.actor.require(Scope.ARTICLES_WRITE)
    return _render(page, get_known(page.session, number, page.actor))


@router.post("/{channel}")
def post_override(
    page: CurrentPage,
    session: WritingSession,
    number: str,
    channel: Channel,
    action: Annotated[str, Form()] = "save",
    text: Annotated[str, Form()] = "",
    subject: Annotated[str, Form()] = "",
    version: Annotated[int, Form()] = 0,
) -> Response:
    """Write, confirm or remove an own text."""
    article = get_for_override(session, number, page.actor)
    try:
        if article.version != version:
            raise StaleVersion()
        if action == "confirm":
            confirm_override(session, article, channel, page.actor)
        elif action == "remove":
            remove_override(session, article, channel, page.actor)
        else:
            words = clean_text(text, "/text", longest=20_000, shortest=1)
            line = clean_text(subject, "/subject", longest=300, is_line=True)
            set_override(session, article, channel, {"text": words, "subject": line}, page.actor)
    except KbError as error:
        session.rollback()
        return _render(page, get_known(page.session, number, page.actor), (channel, text, error))
    kept = [(key, value) for key, value in page.request.query_params.items() if key != "saved"]
    return RedirectResponse(
        f"{page.request.url.path.rsplit('/', 1)[0]}?{urlencode([*kept, ('saved', '1')])}#{channel}", 303
    )


def _render(page: Page, article: Article, refused: tuple[Channel, str, KbError] | None = None) -> Response:
    state = page.state
    asked = state.context
    try:
        context = page.parts.catalog.resolve_context(asked.product, asked.version, asked.os)
    except InvalidInput:
        context = Context()
    view = view_renderings(page.session, article, context, page.parts.catalog, page.absolute(""), page.actor)
    status = refused[2].status if refused else 200
    return page.render(
        "authoring/renderings.html",
        message("renderings.title"),
        status,
        article=article,
        view=view,
        html={form.channel: Markup(form.text) for form in view.forms if form.channel is Channel.EMAIL_HTML},  # noqa: S704 - sanitised
        search_state=state,
        refused=refused,
        is_saved="saved" in page.request.query_params,
        context_words=page.parts.catalog.describe_context(context),
        article_address=article_url(article.number, article.title),
        here=page.request.url.query,
    )
