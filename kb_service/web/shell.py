"""The frame of every page: what templates know of the site and the reader, and how a page is rendered.

Invariants: autoescape is on; templates take words from `messages` alone; no page carries inline script or style.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse

from kb_service.auth.actors import Actor, Scope
from kb_service.catalog.context import Context
from kb_service.db.failures import UNREACHABLE
from kb_service.errors import InvalidInput
from kb_service.http import CurrentActor, CurrentParts, FormToken, ReadingSession
from kb_service.search.models import SiteState
from kb_service.search.request import AXES
from kb_service.settings import Settings
from kb_service.web import visitor
from kb_service.web.forms import context_choices
from kb_service.web.markup import highlighted, notice_html, with_code
from kb_service.web.messages import message, type_label
from kb_service.web.search_state import SearchState

HERE = Path(__file__).parent
STATIC = HERE / "static"
NOTICE = "notice"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=message, type_label=type_label)
    environment.filters.update(day=day, highlighted=highlighted, with_code=with_code)
    return environment


def day(moment: datetime | str | None) -> str:
    """A date for people: 5 March 2026."""
    if not moment:
        return ""
    when = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{when.day} {when:%B %Y}"


@dataclass(frozen=True, slots=True)
class Page:
    """What every page needs of its request."""

    request: Request
    actor: Actor
    parts: CurrentParts
    session: Session
    form_token: str

    @property
    def settings(self) -> Settings:
        """The site's settings."""
        return self.parts.settings

    @property
    def state(self) -> SearchState:
        """What the address says."""
        return SearchState.parse(self.request.query_params)

    def remembered(self, stated: Context = Context()) -> Context:
        """The earlier visit's context where it does not contradict what is stated now; empty when unusable."""
        kept = visitor.remembered(self.request)
        try:
            known = self.parts.catalog.resolve_context(kept.product, kept.version, kept.os)
        except InvalidInput:
            return Context()
        if stated.product and known.product != stated.product:
            known = Context(None, None, known.os)
        free = {axis: getattr(known, axis) for axis in AXES if getattr(stated, axis) is None}
        return Context(free.get("product") or stated.product, free.get("version"), free.get("os"))

    def render(self, template: str, title: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page, with the browser session's cookie."""
        search_state = values.pop("search_state", None) or SearchState()
        html = self._template(template, title, search_state, values)
        response = HTMLResponse(html, status)
        visitor.keep_session(self.request, response)
        return response

    def _template(self, name: str, title: str, search_state: SearchState, values: dict[str, Any]) -> str:
        frame = {
            "site": self.settings,
            "actor": self.actor,
            "may_manage": self.actor.may(Scope.CATALOG_WRITE) or self.actor.may(Scope.SITE_MANAGE),
            "csrf_token": self.form_token,
            "title": title,
            "notice": read_notice(self.session),
            "state": search_state,
            "choices": context_choices(self.parts.catalog, search_state),
            "path": self.request.url.path,
            "canonical": "",
            "description": "",
            "robots": "noindex",
        }
        return _ENVIRONMENT.get_template(name).render({**frame, **values})

    def absolute(self, path: str) -> str:
        """A full address of this site."""
        base = self.settings.base_url.rstrip("/") or f"{self.request.url.scheme}://{self.request.url.netloc}"
        return base + path

    def robots(self, is_public: bool = True) -> str:
        """The robots directive of a page."""
        return "index" if is_public and self.settings.indexable else "noindex"


@dataclass(frozen=True, slots=True)
class Notice:
    """The known problem that an admin announces: safe HTML, and a link."""

    html: str
    link: str


def read_notice(session: Session) -> Notice | None:
    """The notice in force; none while the database is out, when the results page goes on without it."""
    try:
        row = session.get(SiteState, NOTICE)
    except UNREACHABLE:
        return None
    text = str(row.value.get("text", "")) if row else ""
    if row is None or not text.strip():
        return None
    return Notice(notice_html(text), str(row.value.get("link") or ""))


def get_page(
    request: Request, actor: CurrentActor, parts: CurrentParts, session: ReadingSession, token: FormToken
) -> Page:
    """The page of this request."""
    return Page(request, actor, parts, session, token)


CurrentPage = Annotated[Page, Depends(get_page)]
_ENVIRONMENT = _environment()
