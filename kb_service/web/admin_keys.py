"""API keys: make (shown once), list, revoke. Each change leaves an audit row."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kb_service.auth import repository, service
from kb_service.auth.actors import Actor, Role, Scope
from kb_service.auth.schemas import KeyIn
from kb_service.db.base import utcnow
from kb_service.errors import InvalidInput
from kb_service.http import WritingSession
from kb_service.web.admin_catalog import form_values
from kb_service.web.admin_people import Errors, Values, attempt, groups_of, note
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/admin", include_in_schema=False)


@router.get("/keys")
def read_keys(page: CurrentPage) -> Response:
    """All keys, without their secrets."""
    page.actor.require(Scope.USERS_MANAGE)
    return _render(page, {}, {}, 200)


@router.post("/keys")
def post_keys(page: CurrentPage, session: WritingSession, values: Annotated[Values, Depends(form_values)]) -> Response:
    """Make a key and show it, or revoke one."""
    page.actor.require(Scope.USERS_MANAGE)
    made: list[str] = []
    errors, status = attempt(session, lambda: _change(session, page.actor, values, made))
    if errors:
        return _render(page, values, errors, status)
    session.commit()
    page.request.app.state.gate.forget()
    if not made:
        return RedirectResponse("/admin/keys?saved=1", 303)
    answer = _render(page, {}, {}, 200, (values.get("name", ""), made[0]))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _change(session: Session, actor: Actor, values: Values, made: list[str]) -> None:
    if values.get("action") == "revoke" and values.get("id", "").isascii() and values.get("id", "").isdigit():
        row = service.revoke_key(session, int(values["id"]))
        note(session, actor, "key.revoke", f"key:{row.id}", {"name": row.name})
    elif values.get("action") == "add":
        row, new = service.create_key(session, _key_in(values))
        note(session, actor, "key.add", f"key:{row.id}", {"name": row.name, "role": row.role})
        made.append(new.text)
    else:
        raise InvalidInput("This form is not known.", "/action")


def _key_in(values: Values) -> KeyIn:
    is_publishable = bool(values.get("publishable"))
    return KeyIn(
        name=values.get("name", ""),
        role=Role.CUSTOMER if is_publishable else values.get("role", ""),  # type: ignore[arg-type]
        groups=[] if is_publishable else groups_of(values.get("groups", "")),
        is_publishable=is_publishable,
        origins=values.get("origins", "").split(),
    )


def _render(page: Page, values: Values, errors: Errors, status: int, made: tuple[str, str] | None = None) -> Response:
    page.session.expire_all()
    return page.render(
        "admin/keys.html", message("admin.keys"), status, keys=repository.list_keys(page.session), now=utcnow(),
        roles=list(Role), values=values, errors=errors, made=made, is_saved="saved" in page.request.query_params,
    )  # fmt: skip
