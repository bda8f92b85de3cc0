"""Administration: how the index and the jobs are, and the notice on the portal."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy import func, select
from starlette.responses import RedirectResponse, Response

from kb_service.articles.models import Article
from kb_service.articles.repository import is_published
from kb_service.auth.actors import Scope
from kb_service.db import outbox
from kb_service.db.base import utcnow
from kb_service.db.jobs import JobRow
from kb_service.db.outbox import OutboxRow
from kb_service.errors import InvalidInput
from kb_service.http import WritingSession
from kb_service.search.models import SiteState
from kb_service.text import clean_text
from kb_service.web.messages import message
from kb_service.web.shell import NOTICE, CurrentPage, Page

router = APIRouter(prefix="/admin", include_in_schema=False)
MAX_NOTICE = 1000


@router.get("")
def read_overview(page: CurrentPage) -> Response:
    """Figures of the index, each with its definition, and the periodic jobs."""
    page.actor.require(Scope.SITE_MANAGE)
    waiting, oldest = outbox.pending(page.session)
    dead = page.session.scalar(select(func.count(OutboxRow.id)).where(OutboxRow.dead_at.is_not(None))) or 0
    published = page.session.scalar(select(func.count(Article.id)).where(is_published())) or 0
    figures = [
        ("published", f"{published:,}"),
        ("waiting", f"{waiting:,}"),
        ("oldest", f"{oldest:%Y-%m-%d %H:%M} UTC" if oldest else message("admin.none")),
        ("dead", f"{dead:,}"),
    ]
    jobs = list(page.session.scalars(select(JobRow).order_by(JobRow.name)))
    return page.render("admin/overview.html", message("admin.title"), figures=figures, jobs=jobs)


@router.get("/notice")
def read_notice_form(page: CurrentPage) -> Response:
    """The notice as it is."""
    page.actor.require(Scope.SITE_MANAGE)
    row = page.session.get(SiteState, NOTICE)
    value = row.value if row else {}
    return _form(page, str(value.get("text", "")), str(value.get("link") or ""), {})


@router.post("/notice")
def post_notice(
    page: CurrentPage,
    session: WritingSession,
    text: Annotated[str, Form()] = "",
    link: Annotated[str, Form()] = "",
) -> Response:
    """Set the notice; an empty text takes it away."""
    page.actor.require(Scope.SITE_MANAGE)
    try:
        text = clean_text(text, "/text", longest=MAX_NOTICE)
    except InvalidInput as error:
        return _form(page, text, link, {"text": error.detail}, 422)
    link = link.strip()
    if link and not link.startswith(("/", "https://", "http://")):
        return _form(page, text, link, {"link": message("admin.bad_link")}, 422)
    row = session.get(SiteState, NOTICE)
    if row is None:
        row = SiteState(name=NOTICE, value={})
        session.add(row)
    row.value, row.updated_at = {"text": text, "link": link}, utcnow()
    return RedirectResponse("/admin/notice?saved=1", 303)


def _form(page: Page, text: str, link: str, errors: dict[str, str], status: int = 200) -> Response:
    return page.render(
        "admin/notice.html", message("admin.notice_title"), status, text=text, link=link, errors=errors,
        is_saved="saved" in page.request.query_params,
    )  # fmt: skip
