"""The pages, put into the application: routers, static files, old addresses, errors as pages."""

from __future__ import annotations

import re
from urllib.parse import unquote

from fastapi import APIRouter, FastAPI, Request
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from kb_service.articles.access import is_published
from kb_service.articles.addresses import article_url
from kb_service.articles.models import Article
from kb_service.articles.repository import find_redirect
from kb_service.auth.actors import ANONYMOUS, Actor
from kb_service.errors import KbError, NotFound
from kb_service.web import (
    admin,
    admin_catalog,
    admin_curation,
    admin_floor,
    admin_keys,
    admin_users,
    article_page,
    bookmark_pages,
    browse,
    case_contact,
    case_links,
    case_pages,
    case_reply,
    checks_page,
    desk_pages,
    editor,
    findings_page,
    gaps_page,
    impact_page,
    mail_pages,
    measure_pages,
    portal,
    proposals_page,
    renderings_page,
    sign_in,
    sign_in_link,
    site_files,
    widget,
    workbench,
    workbench_bulk,
    workbench_care,
    workbench_flow,
)
from kb_service.web.messages import MESSAGES, message
from kb_service.web.shell import STATIC, CurrentPage, Page

ROUTERS = (
    portal.router,
    article_page.router,
    browse.router,
    sign_in.router,
    sign_in_link.router,
    admin.router,
    admin_catalog.router,
    case_contact.router,
    case_links.router,
    case_reply.router,
    mail_pages.router,
    case_pages.router,
    bookmark_pages.router,
    desk_pages.router,
    measure_pages.router,
    admin_floor.router,
    admin_curation.router,
    admin_users.router,
    admin_keys.router,
    renderings_page.router,
    findings_page.router,
    workbench.router,
    checks_page.router,
    workbench_bulk.router,
    workbench_care.router,
    workbench_flow.router,
    editor.router,
    gaps_page.router,
    impact_page.router,
    proposals_page.router,
    site_files.router,
)


_ZENDESK = re.compile(r"/hc/(?:[A-Za-z-]+/)?articles/(\d{1,20})(?=[-/]|$)")


class OldAddress(Convertor[str]):
    """Any path that no other part owns."""

    regex = "(?!(?:v1|static|attachments|health|docs|openapi[.]json)(?:/|$)).+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


old_addresses = APIRouter(include_in_schema=False)
register_url_convertor("old_address", OldAddress())


@old_addresses.get("/{path:old_address}")
def follow_old_address(page: CurrentPage, path: str) -> Response:
    """An imported address leads to its article (301), when the reader may read that; everything else is a 404."""
    target = _find(page, "/" + path)
    if target is None:
        raise NotFound()
    return RedirectResponse(article_url(target.number, target.title), 301)


def _find(page: Page, path: str) -> Article | None:
    query = page.request.url.query
    plain = path.rstrip("/") or "/"
    spellings = dict.fromkeys([f"{path}?{query}" if query else path, path, plain, unquote(plain), plain + "/"])
    if match := _ZENDESK.match(path):
        spellings[f"/hc/articles/{match[1]}"] = None  # titles change, and so does what follows the number
    found = (find_redirect(page.session, spelling) for spelling in spellings)
    target = next((article for article in found if article is not None), None)
    article = page.session.get(Article, target) if target is not None else None
    is_readable = article is not None and is_published(article) and page.actor.may_read(article.audience)
    return article if is_readable else None


def install(app: FastAPI) -> None:
    """Add every page; call it after the API's routers, for old addresses take what is left."""
    app.include_router(widget.router)  # before the static files, among which its source lies
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in (*ROUTERS, old_addresses):
        app.include_router(router)
    app.state.render_error = render_error


def render_error(request: Request, error: KbError) -> Response | None:
    """An error as a page with a way on; None where no browser asks."""
    if "text/html" not in request.headers.get("accept", "") or request.url.path.startswith("/static/"):
        return None
    if error.status == 401 and request.method == "GET":
        return RedirectResponse(f"/sign-in?next={request.url.path}", 303)
    actor: Actor = request.scope.get("kb_actor") or ANONYMOUS
    parts = request.app.state.parts
    status = error.status if f"error.{error.status}" in MESSAGES else 500
    try:
        with parts.database.reading() as session:
            page = Page(request, actor, parts, session, request.app.state.gate.form_token(request, actor))
            return _error_page(page, error, status)
    except Exception:  # noqa: BLE001 - the page of an error must not fail in its place; problem+json follows
        return None


def _error_page(page: Page, error: KbError, status: int) -> Response:
    key = f"error.{status}_next"
    detail = message(key) if key in MESSAGES else error.detail
    return page.render("error.html", message(f"error.{status}"), error.status, detail=detail)
