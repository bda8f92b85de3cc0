"""/workbench/bulk: many articles changed at once: choose, look, change, take back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from kb_service.articles.requests import CurrentFeed, settle
from kb_service.auth.actors import Role, Scope
from kb_service.auth.models import User
from kb_service.authoring import bulk
from kb_service.authoring.bulk_rules import MOST
from kb_service.authoring.bulk_schemas import BulkEditIn
from kb_service.authoring.repository import WorkFilter, count_work, names_of
from kb_service.catalog.applies_to import read_applies_to
from kb_service.errors import InvalidInput, KbError
from kb_service.http import RowId, WritingSession
from kb_service.web.editor import form_items
from kb_service.web.editor_form import AppliesRow, Items, applies_rows, read_applies
from kb_service.web.editor_view import STANDARD_AUDIENCES
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page
from kb_service.web.workbench import FILTERS, filter_of

router = APIRouter(prefix="/workbench/bulk", include_in_schema=False)
Form = Annotated[Items, Depends(form_items)]
WRITERS = (Role.AGENT, Role.LEAD, Role.AUTHOR, Role.REVIEWER, Role.ADMIN)


@router.get("")
def read_bulk(page: CurrentPage) -> Response:
    """What is chosen, and the form of a change; what was done last."""
    page.actor.require(Scope.ARTICLES_WRITE)
    return _render(page, {})


@router.post("/preview")
def post_preview(page: CurrentPage, form: Form) -> Response:
    """The change article by article. Nothing is changed yet."""
    page.actor.require(Scope.ARTICLES_WRITE)
    try:
        edit = _edit_of(form)
        seen = bulk.preview(page.session, _chosen(page), edit.edit(), page.parts.catalog, page.actor)
    except KbError as error:
        if error.status in (401, 404):
            raise
        return _render(page, {"error": error, "typed": _typed(form)}, error.status)
    kept = edit.model_dump_json(exclude_defaults=True, exclude_none=True)
    return _render(page, {"seen": seen, "change": kept, "typed": _typed(form)})


@router.post("")
def post_bulk(page: CurrentPage, session: WritingSession, form: Form, feed: CurrentFeed) -> Response:
    """Make the change that was looked at."""
    page.actor.require(Scope.ARTICLES_WRITE)
    single = dict(form)
    try:
        edit = BulkEditIn.model_validate_json(single.get("change", ""))
    except ValidationError:
        raise InvalidInput(message("bulk.unreadable"), "/change") from None
    done = bulk.apply(session, _versions(form), edit.edit(), page.parts.catalog, page.actor)
    settle(session, feed, done.changes)
    state = {"did": done.row.id, "changed": len(done.changes), "refused": len(done.refused)}
    return RedirectResponse(f"/workbench/bulk?{urlencode(state)}", 303)


@router.post("/{id}/undo")
def post_undo(page: CurrentPage, session: WritingSession, id: RowId, feed: CurrentFeed) -> Response:
    """Take it back."""
    try:
        done = bulk.undo(session, id, page.parts.catalog, page.actor)
    except KbError as error:
        if error.status in (401, 404):
            raise
        session.rollback()
        return _render(page, {"error": error}, error.status)
    settle(session, feed, done.changes)
    state = {"undid": id, "changed": len(done.changes), "refused": len(done.refused)}
    return RedirectResponse(f"/workbench/bulk?{urlencode(state)}", 303)


def _chosen(page: Page) -> WorkFilter | list[int]:
    ids = [int(text) for text in page.request.query_params.getlist("id") if text.isdecimal() and len(text) < 10]
    return filter_of(page) if page.request.query_params.get("all") or not ids else ids[:MOST]


def _versions(form: Items) -> dict[int, int]:
    pairs = [value.partition(":") for name, value in form if name == "article"]
    found = {int(id): int(v) for id, _, v in pairs if id.isdecimal() and v.isdecimal() and len(id) < 10 and len(v) < 10}
    if not found:
        raise InvalidInput(message("bulk.none_chosen"), "/article")
    return found


def _edit_of(form: Items) -> BulkEditIn:
    """The change that the form states: only parts that are ticked count."""
    single = dict(form)
    given: dict[str, Any] = {}
    if "set_audience" in single:
        given["audience"] = [value for name, value in form if name == "audience"]
    if "set_owner" in single:
        given["owner"] = single.get("owner", "").strip()
    if "set_applies" in single:
        given["applies_to"] = read_applies(form)
    for name in ("add_keywords", "remove_keywords"):
        given[name] = [word.strip() for word in single.get(name, "").replace(",", "\n").splitlines() if word.strip()]
    given["archive"] = "archive" in single
    try:
        return BulkEditIn.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = str(first["loc"][0])
        raise InvalidInput(f"{message('bulk.' + where)}: {first['msg']}", f"/{where}") from None


def _typed(form: Items) -> dict[str, Any]:
    names = ("set_audience", "set_owner", "set_applies", "owner", "add_keywords", "remove_keywords", "archive")
    single: Mapping[str, str] = dict(form)
    typed: dict[str, Any] = {name: single.get(name, "") for name in names}
    return typed | {"audience": [value for name, value in form if name == "audience"], "applies_to": read_applies(form)}


def _render(page: Page, more: dict[str, Any], status: int = 200) -> Response:
    chosen, catalog = _chosen(page), page.parts.catalog
    params = page.request.query_params
    known = dict.fromkeys([*STANDARD_AUDIENCES, *sorted(page.actor.audiences)])
    names = [name for name in known if page.actor.may_read([name])]
    typed = _typed(()) | more.pop("typed", {})
    history = bulk.list_changes(page.session, page.actor)
    total = count_work(page.session, chosen) if isinstance(chosen, WorkFilter) else len(chosen)
    return page.render(
        "authoring/bulk.html", message("bulk.title"), status, total=total, audiences=names, typed=typed, most=MOST,
        is_filter=isinstance(chosen, WorkFilter), is_chosen=bool(params.get("all") or params.getlist("id")),
        query=urlencode([(k, v) for k, v in params.multi_items() if k in (*FILTERS, "id", "all")]), history=history,
        people=_people(page), products=catalog.products, systems=catalog.operating_systems,
        releases={p.slug: [r.version for r in p.releases] for p in catalog.products},
        row=next(iter(applies_rows(typed["applies_to"])), AppliesRow()), in_words=lambda name, value: _in_words(page, name, value),
        said={name: params.get(name, "")[:10] for name in ("did", "undid", "changed", "refused")},
        may_archive=page.actor.may(Scope.ARTICLES_PUBLISH), **{"error": None, "seen": None, "change": "", **more},
    )  # fmt: skip


def _people(page: Page) -> list[tuple[str, str]]:
    writers = select(User).where(User.disabled_at.is_(None), User.role.in_(WRITERS))
    rows = page.session.scalars(writers.order_by(User.name, User.id).limit(500))
    return [(f"user:{user.id}", user.name or user.email) for user in rows]


def _in_words(page: Page, name: str, value: Any) -> str:
    """A field's value for people."""
    if name == "owner":
        return names_of(page.session, [value]).get(value, value) if value else "–"
    if name == "applies_to":
        said = page.parts.catalog.describe(read_applies_to(tuple(value), page.parts.catalog))
        return ", ".join(said) or str(message("work.everything"))
    return ", ".join(value) if isinstance(value, list) else str(value)
