"""People who sign in: add, give a role, disable, enable. Each change leaves an audit row."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import SecretStr
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kb_service.auth import repository, service
from kb_service.auth.actors import Actor, Role, Scope
from kb_service.auth.schemas import UserIn
from kb_service.errors import InvalidInput, NotAllowed
from kb_service.http import WritingSession
from kb_service.web.admin_catalog import form_values
from kb_service.web.admin_people import Errors, Values, attempt, groups_of, note
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/admin", include_in_schema=False)


@router.get("/users")
def read_users(page: CurrentPage) -> Response:
    """Everyone who can sign in."""
    page.actor.require(Scope.USERS_MANAGE)
    return _render(page, {}, {}, 200)


@router.post("/users")
def post_users(page: CurrentPage, session: WritingSession, values: Annotated[Values, Depends(form_values)]) -> Response:
    """Make one change: ``action`` names it."""
    page.actor.require(Scope.USERS_MANAGE)
    errors, status = attempt(session, lambda: _change(session, page.actor, values))
    if errors:
        return _render(page, values, errors, status)
    return RedirectResponse("/admin/users?saved=1", 303)


def _change(session: Session, actor: Actor, values: Values) -> None:
    action = values.get("action", "")
    if action == "add":
        _add(session, actor, values)
        return
    user_id = int(values["id"]) if values.get("id", "").isascii() and values.get("id", "").isdigit() else 0
    if actor.id == f"user:{user_id}":
        raise NotAllowed("You cannot change your own role or shut yourself out.")
    if action == "disable":
        service.disable_user(session, user_id)
    elif action == "enable":
        service.enable_user(session, user_id)
    elif action == "role" and values.get("role") in set(Role):
        service.set_role(session, user_id, Role(values["role"]))
    else:
        raise InvalidInput("This form is not known.", "/action")
    note(
        session,
        actor,
        f"user.{action}",
        f"user:{user_id}",
        {"role": values.get("role", "")} if action == "role" else {},
    )


def _add(session: Session, actor: Actor, values: Values) -> None:
    new = UserIn(
        email=values.get("email", ""), name=values.get("name", ""), role=values.get("role", ""),  # type: ignore[arg-type]
        groups=groups_of(values.get("groups", "")), password=SecretStr(values.get("password", "")),
    )  # fmt: skip
    user = service.create_user(session, new)
    note(session, actor, "user.add", f"user:{user.id}", {"role": user.role, "groups": user.groups})


def _render(page: Page, values: Values, errors: Errors, status: int) -> Response:
    return page.render(
        "admin/users.html", message("admin.users"), status, users=repository.list_users(page.session),
        roles=list(Role), values=values, errors=errors, is_saved="saved" in page.request.query_params,
    )  # fmt: skip
