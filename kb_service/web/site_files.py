"""What machines ask for: robots.txt, sitemap.xml, the brand's style sheet, and the widget's example host page."""

from __future__ import annotations

from datetime import timedelta
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter
from sqlalchemy import select
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from kb_service.articles.addresses import article_url
from kb_service.articles.models import Article
from kb_service.articles.repository import is_published, is_readable
from kb_service.auth.actors import PUBLIC, Scope
from kb_service.db.base import utcnow
from kb_service.http import CurrentParts, JsonResponse, ReadingSession
from kb_service.search.models import SiteState
from kb_service.web.shell import STATIC, CurrentPage
from kb_service.web.theme import stylesheet

router = APIRouter(include_in_schema=False)
DEMO = "demo"
MAX_SITEMAP = 50_000
"""The protocol's limit for one file (sitemaps.org)."""


@router.get("/theme.css")
def read_theme(parts: CurrentParts) -> Response:
    """The brand colour, legible in both schemes."""
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(stylesheet(parts.settings.brand_colour), media_type="text/css", headers=headers)


@router.get("/robots.txt")
def read_robots(page: CurrentPage) -> PlainTextResponse:
    """What search engines may visit."""
    if not page.settings.indexable:
        return PlainTextResponse("User-agent: *\nDisallow: /\n")
    closed = ("/search", "/admin", "/sign-in", "/v1/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), f"Sitemap: {page.absolute('/sitemap.xml')}"]
    return PlainTextResponse("\n".join(lines) + "\n")


@router.get("/sitemap.xml")
def read_sitemap(page: CurrentPage) -> Response:
    """Every public article; empty where search engines are not wanted."""
    statement = (
        select(Article.number, Article.title, Article.updated_at)
        .where(is_published(), is_readable([PUBLIC]))
        .order_by(Article.id)
        .limit(MAX_SITEMAP)
    )
    rows = page.session.execute(statement).all() if page.settings.indexable else []
    urls = "".join(
        f"<url><loc>{escape(page.absolute(article_url(number, title)))}</loc>"
        f"<lastmod>{changed:%Y-%m-%d}</lastmod></url>\n"
        for number, title, changed in rows
    )
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'
    return Response(body, media_type="application/xml")


@router.get("/examples/agent")
def read_agent_example() -> HTMLResponse:
    """A desk of somebody else that hosts ``<kb-agent>``."""
    return HTMLResponse((STATIC / "example-agent-host.html").read_text("utf-8"))


@router.post("/examples/agent/token")
def post_agent_token(page: CurrentPage) -> JsonResponse:
    """What the host's server of the example does: a token for the agent who is signed in here, for a few minutes."""
    page.actor.require(Scope.CASES_WRITE)
    expires_at = utcnow() + timedelta(minutes=5)
    origin = page.absolute("")
    token = page.request.app.state.gate.widget_token(page.actor, page.actor, origin, expires_at)
    return JsonResponse({"token": token})


@router.get("/examples/widget")
def read_example(session: ReadingSession) -> HTMLResponse:
    """A page of somebody else that embeds ``<kb-search>``, with the demonstration's publishable key if there is one."""
    row = session.get(SiteState, DEMO)
    key = str(row.value.get("widget_key", "")) if row else ""
    html = (STATIC / "example-host.html").read_text("utf-8")
    return HTMLResponse(html.replace("<kb-search ", f"<kb-search key={quoteattr(key)} ") if key else html)
