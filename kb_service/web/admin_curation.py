"""/admin/curation: pins and synonym sets with their effect before they are saved, and why an article is not found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from kb_service.articles.access import get_known
from kb_service.auth.actors import Scope
from kb_service.errors import InvalidInput, KbError
from kb_service.search import curating
from kb_service.search.curating_schemas import EffectOut, PinIn, SynonymsIn
from kb_service.search.curating_views import view_effect, view_pin, view_synonyms
from kb_service.search.models import Pin, SynonymSet
from kb_service.search.request import SearchOptions, SearchRequest
from kb_service.search.why_not import WhyNot, explain_absence
from kb_service.web.admin_catalog import form_values
from kb_service.web.forms import field_of
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/admin", include_in_schema=False)
Values = Mapping[str, str]
SCOPE_FIELDS = ("product", "versions", "os")


@router.get("/curation")
def read_curation(page: CurrentPage, query: str = "", article: str = "") -> Response:
    """Everything that is pinned or means the same; with ``query`` and ``article`` also why that is not found."""
    page.actor.require(Scope.SITE_MANAGE)
    if not (query.strip() and article.strip()):
        return _render(page, {}, {})
    asked = {"query": query, "article": article, "form": "why"}
    try:
        request = SearchRequest(query[:20_000], actor=page.actor, options=SearchOptions(log=False))
        found = get_known(page.session, article.strip(), page.actor)
        return _render(page, asked, {}, why=explain_absence(page.parts.search, page.session, request, found))
    except KbError as error:
        return _render(page, asked, {"why": error.detail}, error.status)


@router.post("/curation")
def post_curation(page: CurrentPage, values: Annotated[Values, Depends(form_values)]) -> Response:
    """Check, save or take away one pin or synonym set: ``action`` names it."""
    page.actor.require(Scope.SITE_MANAGE)
    effect: EffectOut | None = None
    try:
        if values.get("action") == "remove":
            _remove(page, values)
        else:
            effect = _check(page, values)
            if values.get("action") == "check":
                return _render(page, values, {}, effect=effect)
            if effect.worse and not values.get("accept_worse"):
                return _render(page, values, {}, 409, effect)
            _add(page, values)
    except ValidationError as error:
        return _render(page, values, {str(found["loc"][0]): found["msg"] for found in error.errors()}, 422, effect)
    except KbError as error:
        if error.status in (401, 403):
            raise
        return _render(page, values, {field_of(error): error.detail}, error.status, effect)
    page.parts.search.curation.invalidate()
    return RedirectResponse("/admin/curation?saved=1", 303)


def _check(page: Page, values: Values) -> EffectOut:
    row = _row(page, values)
    return view_effect(curating.check(page.parts.search, page.actor, row), page.parts.catalog)


def _row(page: Page, values: Values) -> Pin | SynonymSet:
    catalog = page.parts.catalog
    if values.get("form") == "pin":
        with page.parts.database.reading() as session:
            return curating.make_pin(session, _pin_in(values), catalog, page.actor)
    if values.get("form") == "synonyms":
        return curating.make_synonyms(_synonyms_in(values), catalog, page.actor)
    raise InvalidInput(message("error.404"), "/form")


def _add(page: Page, values: Values) -> None:
    row = _row(page, values)
    with page.parts.database.writing() as session:
        if isinstance(row, Pin):
            curating.add(session, row, page.actor)
        else:
            curating.add(session, row, page.actor)


def _remove(page: Page, values: Values) -> None:
    wanted = values.get("id", "")
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0
    with page.parts.database.writing() as session:
        if values.get("form") == "pin":
            curating.remove(session, curating.get_pin(session, number, page.actor, lock=True)[0], page.actor)
        else:
            curating.remove(session, curating.get_synonyms(session, number, lock=True), page.actor)


def _pin_in(values: Values) -> PinIn:
    return PinIn(phrase=values.get("phrase", ""), article=values.get("article", ""), **_limits(values))


def _synonyms_in(values: Values) -> SynonymsIn:
    terms = [part.strip() for part in values.get("terms", "").split(",") if part.strip()]
    return SynonymsIn(terms=terms, **_limits(values))


def _limits(values: Values) -> dict[str, Any]:
    given: dict[str, Any] = {name: values.get(name) or None for name in SCOPE_FIELDS}
    return given | {name: _day(values, name) for name in ("starts_at", "ends_at")}


def _day(values: Values, name: str) -> datetime | None:
    text = values.get(name, "")
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text else None
    except ValueError:
        raise InvalidInput(message("curation.bad_day"), f"/{name}") from None


def _render(
    page: Page, values: Values, errors: dict[str, str], status: int = 200, effect: EffectOut | None = None,
    why: WhyNot | None = None,
) -> Response:  # fmt: skip
    with page.parts.database.reading() as session:
        pins = [view_pin(session, pin, article) for pin, article in curating.list_pins(session, page.actor)]
        synonyms = [view_synonyms(row) for row in curating.list_synonyms(session)]
    return page.render(
        "admin/curation.html", message("admin.curation"), status, pins=pins, synonyms=synonyms, values=values,
        errors=errors, effect=effect, why=why, is_saved="saved" in page.request.query_params,
    )  # fmt: skip
