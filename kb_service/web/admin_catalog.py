"""The catalogue's forms: one address takes each small change, errors stand at their field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kb_service.articles.uses import ArticleUses
from kb_service.auth.actors import Scope
from kb_service.catalog import service, trees
from kb_service.catalog.repository import load_catalog
from kb_service.errors import InvalidInput, KbError
from kb_service.http import WritingSession
from kb_service.web.forms import field_of
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/admin", include_in_schema=False)
Values = Mapping[str, str]
USES = ArticleUses()
FIELDS = ("name", "slug", "version", "target", "kind", "parent", "description")


@dataclass(frozen=True, slots=True)
class FormError:
    """What was wrong with which form. ``field`` empty: the form as a whole."""

    form: str
    field: str
    detail: str
    values: Values


@router.get("/catalog")
def read_catalog(page: CurrentPage) -> Response:
    """Products with releases, operating systems, topics, and their other names."""
    page.actor.require(Scope.CATALOG_WRITE)
    return _render(page, None, 200)


async def form_values(request: Request) -> Values:
    """The texts of a form; files are left out."""
    form = await request.form()
    return {key: value.strip() for key, value in form.items() if isinstance(value, str)}


@router.post("/catalog")
def post_catalog(
    page: CurrentPage, session: WritingSession, values: Annotated[Mapping[str, str], Depends(form_values)]
) -> Response:
    """Make one change: ``action`` names it."""
    page.actor.require(Scope.CATALOG_WRITE)
    try:
        with session.begin_nested():
            _change(session, values)
    except KbError as error:
        if error.status in (401, 403):
            raise
        return _render(page, FormError(values.get("form", ""), field_of(error), error.detail, values), error.status)
    return RedirectResponse(f"/admin/catalog?saved=1#{values.get('section', '')}", 303)


def _change(session: Session, values: Values) -> None:
    action = ACTIONS.get(values.get("action", ""))
    if action is None:
        raise InvalidInput("This form is not known.", "/action")
    action(session, {**dict.fromkeys(FIELDS, ""), **values})


def _add_product(session: Session, v: Values) -> None:
    service.create_product(session, v["name"], v["slug"] or None, v["description"])


def _rename(session: Session, v: Values) -> None:
    if v["kind"] == "product":
        service.update_product(session, v["target"], {"name": v["name"]}, USES)
    else:
        trees.update_node(session, _tree(v), v["target"], {"name": v["name"]}, USES)


def _remove(session: Session, v: Values) -> None:
    if v["kind"] == "product":
        service.delete_product(session, v["target"], USES)
    elif v["kind"] == "release":
        service.delete_release(session, v["target"], v["version"], USES)
    else:
        trees.delete_node(session, _tree(v), v["target"], USES)


def _add_release(session: Session, v: Values) -> None:
    service.add_release(session, v["target"], v["version"], v["name"])


def _add_node(session: Session, v: Values) -> None:
    trees.create_node(session, _tree(v), v["name"], v["parent"] or None, v["slug"] or None)


def _add_alias(session: Session, v: Values) -> None:
    if v["kind"] not in service.ALIAS_KINDS:
        raise InvalidInput("This kind is not known.", "/kind")
    try:
        service.add_alias(session, v["kind"], v["name"], v["target"])
    except InvalidInput as error:
        raise InvalidInput(error.detail, "/name") from None


def _remove_alias(session: Session, v: Values) -> None:
    catalog_texts = [a for a in _aliases(session, v["kind"], v["target"]) if a != v["name"]]
    service.set_aliases(session, v["kind"], v["target"], catalog_texts)


def _aliases(session: Session, kind: str, target: str) -> list[str]:
    entries = load_catalog(session).indexes.entries
    return [alias.text for alias in entries.aliases_of(kind) if alias.target == target]


def _tree(v: Values) -> str:
    if v["kind"] not in trees.MODELS:
        raise InvalidInput("This kind is not known.", "/kind")
    return v["kind"]


ACTIONS: dict[str, Callable[[Session, Values], None]] = {
    "add-product": _add_product,
    "add-release": _add_release,
    "add-node": _add_node,
    "add-alias": _add_alias,
    "rename": _rename,
    "remove": _remove,
    "remove-alias": _remove_alias,
}


def _render(page: Page, error: FormError | None, status: int) -> Response:
    catalog = page.parts.catalog
    return page.render(
        "admin/catalog.html",
        message("admin.catalog"),
        status,
        products=catalog.products,
        trees=[
            ("os", message("admin.systems"), message("admin.add_os"), catalog.operating_systems),
            ("topic", message("admin.topics"), message("admin.add_topic"), catalog.topics),
        ],
        error=error,
        is_saved="saved" in page.request.query_params,
    )
