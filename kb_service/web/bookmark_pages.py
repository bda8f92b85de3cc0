"""Pages of bookmarks: the list of sets, and one set with its articles. Each change is one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kb_service.auth.actors import PUBLIC, Actor, Scope
from kb_service.bookmarks import repository, service, starters
from kb_service.bookmarks.rules import EVERY_AGENT, require_staff
from kb_service.bookmarks.schemas import BookmarkIn, BookmarkPatch, SetIn, SetPatch, SetSummary, StarterIn
from kb_service.bookmarks.views import Reader, view_set, view_sets
from kb_service.catalog.context import Context
from kb_service.errors import InvalidInput, NotFound
from kb_service.http import RowId, WritingSession
from kb_service.web.admin_catalog import form_values
from kb_service.web.admin_people import Errors, Values, attempt
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/bookmarks", include_in_schema=False)
Form = Annotated[Values, Depends(form_values)]
_ROLE_KEYS = frozenset({PUBLIC, "customer", "agent", "author"})


@router.get("")
def read_sets(page: CurrentPage) -> Response:
    """Every set that this colleague may see, and what to begin with."""
    require_staff(page.actor)
    return _list(page, {}, {}, 200)


@router.post("")
def post_sets(page: CurrentPage, session: WritingSession, values: Form) -> Response:
    """Make a set: an empty one, or of what colleagues use."""
    require_staff(page.actor)
    made: list[int] = []
    errors, status = attempt(session, lambda: made.append(_make(page, session, values)))
    if errors:
        return _list(page, values, errors, status)
    return RedirectResponse(f"/bookmarks/{made[0]}", 303)


def _make(page: Page, session: Session, values: Values) -> int:
    catalog, product = page.parts.catalog, values.get("product") or None
    if values.get("action") == "starter":
        body = StarterIn(product=product, name=message("bookmarks.starter"))
        return starters.take(session, body, catalog, page.actor).id
    kind = values.get("kind", "personal")
    new = SetIn(name=values.get("name", ""), kind=kind, team=values.get("team", ""), product=product)  # type: ignore[arg-type]
    return service.create_set(session, new, catalog, page.actor).id


def _list(page: Page, values: Values, errors: Errors, status: int) -> Response:
    actor, catalog = page.actor, page.parts.catalog
    sets = view_sets(page.session, repository.list_sets(page.session, actor), Reader(actor, catalog))
    product = page.state.product if catalog.product(page.state.product) else ""
    return page.render(
        "bookmarks/list.html", message("bookmarks.title"), status, groups=_grouped(sets), values=values, errors=errors,
        teams=teams_of(actor), kinds=_kinds(actor), adding=page.request.query_params.get("add", "")[:20],
        changeable=[found for found in sets if found.may_change],
        offer=starters.offer(page.session, Context(product), actor).articles, offered_for=product,
    )  # fmt: skip


def _kinds(actor: Actor) -> list[str]:
    return ["personal", "team", *(["starter"] if actor.may(Scope.SITE_MANAGE) else [])]


def teams_of(actor: Actor) -> list[str]:
    """Whom this actor may give a set to: every agent, and the groups of their own."""
    return [EVERY_AGENT, *sorted(actor.audiences - _ROLE_KEYS)]


def _grouped(sets: list[SetSummary]) -> list[tuple[str, list[SetSummary]]]:
    def group(found: SetSummary) -> str:
        if found.kind == "starter":
            return "starter"
        if found.kind == "team":
            return "team"
        return "mine" if found.is_mine else "followed" if found.is_subscribed else "shared"

    names = ("mine", "followed", "team", "starter", "shared")
    return [(name, mine) for name in names if (mine := [found for found in sets if group(found) == name])]


@router.get("/{set_id}")
def read_set(page: CurrentPage, set_id: RowId) -> Response:
    """One set."""
    require_staff(page.actor)
    return _one(page, page.session, set_id, {}, 200)


def _one(page: Page, session: Session, set_id: int, errors: Errors, status: int) -> Response:
    found = view_set(session, repository.find_set(session, set_id, page.actor), Reader(page.actor, page.parts.catalog))
    product = page.parts.catalog.product_name(found.product) if found.product else ""
    return page.render(
        "bookmarks/set.html", found.name, status, found=found, product=product, errors=errors,
        teams=teams_of(page.actor), is_saved="saved" in page.request.query_params,
    )  # fmt: skip


@router.post("/{set_id}")
def post_set(page: CurrentPage, session: WritingSession, set_id: RowId, values: Form) -> Response:
    """One change of a set; says where to go on."""
    require_staff(page.actor)
    where = [f"/bookmarks/{set_id}?saved=1"]
    errors, status = attempt(session, lambda: _change(page, session, set_id, values, where))
    if errors:
        return _one(page, session, set_id, errors, status)
    return RedirectResponse(where[0], 303)


def _change(page: Page, session: Session, set_id: int, values: Values, where: list[str]) -> None:
    action = values.get("action", "")
    if action in ("follow", "unfollow", "copy"):
        _take(page, session, set_id, action, where)
        return
    found = service.for_change(session, set_id, page.actor)
    if action == "settings":
        patch = SetPatch(name=values.get("name"), team=values.get("team"), product=values.get("product"))
        service.change_set(session, found, patch, page.parts.catalog, page.actor)
    elif action == "remove":
        service.delete_set(session, found, page.actor)
        where[0] = "/bookmarks"
    elif action == "keep":
        new = BookmarkIn(article=values.get("article", "").strip() or "0", note=values.get("note", ""))
        service.add(session, found, new, page.actor)
    elif action in _ITEM:
        _ITEM[action](page, session, set_id, values)
    else:
        raise InvalidInput("This form is not known.", "/action")


def _take(page: Page, session: Session, set_id: int, action: str, where: list[str]) -> None:
    found = repository.find_set(session, set_id, page.actor)
    if action == "copy":
        made = service.copy_set(session, found, page.actor, page.parts.catalog)
        where[0] = f"/bookmarks/{made.id}?saved=1"
    elif action == "follow":
        service.subscribe(session, found, page.actor)
    else:
        service.unsubscribe(session, found, page.actor)


def _article(values: Values) -> int:
    text = values.get("id", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound("This article is not in the set.")
    return int(text)


def _patch(page: Page, session: Session, set_id: int, values: Values) -> None:
    found, article = service.for_change(session, set_id, page.actor), _article(values)
    places = {row.article_id: row.place for row in repository.list_bookmarks(session, set_id)}
    step = {"up": -1, "down": 1}.get(values["action"])
    place = None if step is None else max(0, places.get(article, 0) + step)
    note = values.get("note", "") if values["action"] == "note" else None
    service.change_bookmark(
        session, found, article, BookmarkPatch(note=note, place=place, looked=values["action"] == "looked")
    )


def _remove(page: Page, session: Session, set_id: int, values: Values) -> None:
    service.remove(session, service.for_change(session, set_id, page.actor), _article(values), page.actor)


_ITEM: Mapping[str, Callable[[Page, Session, int, Values], None]] = {
    "up": _patch,
    "down": _patch,
    "note": _patch,
    "looked": _patch,
    "take_out": _remove,
}
