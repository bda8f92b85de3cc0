"""What the forms of people and of keys share: one change, its errors at their fields, its audit row."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import ValidationError
from sqlalchemy.orm import Session

from kb_service.articles.models import AuditEvent
from kb_service.auth.actors import Actor
from kb_service.errors import KbError
from kb_service.web.forms import field_of
from kb_service.web.messages import MESSAGES, message

Values = Mapping[str, str]
Errors = dict[str, str]


def attempt(session: Session, change: Callable[[], None]) -> tuple[Errors, int]:
    """Make one change or none. Errors by field ("" for the form as a whole) and the status; empty and 200 when done."""
    try:
        with session.begin_nested():
            change()
    except ValidationError as error:
        return {str(found["loc"][0]): _words(str(found["loc"][0]), found["msg"]) for found in error.errors()}, 422
    except KbError as error:
        if error.status in (401, 403):
            raise
        return {field_of(error).rstrip("0123456789") or "": error.detail}, error.status
    return {}, 200


def _words(name: str, fallback: str) -> str:
    key = f"admin.bad_{name}"
    return message(key) if key in MESSAGES else fallback


def groups_of(text: str) -> list[str]:
    """Groups as people write them (partner, payroll), as a list."""
    return [part.strip() for part in text.split(",") if part.strip()]


def note(session: Session, actor: Actor, action: str, target: str, detail: Mapping[str, object]) -> None:
    """Write who did what."""
    session.add(AuditEvent(actor=actor.id, action=action, target=target, detail=dict(detail)))
