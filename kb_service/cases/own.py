"""What customers do with their own requests: say something, which wakes an ended one, or close. Callers commit."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb_service.auth.actors import Actor
from kb_service.cases import service
from kb_service.cases.lifecycle import ENDED, Status
from kb_service.cases.models import Case
from kb_service.errors import InvalidInput


def act(session: Session, case: Case, action: str, words: str, actor: Actor) -> Case:
    """``message`` or ``close``; returns the case that goes on (a late message opens one that follows)."""
    if action == "close":
        if Status(case.status) not in ENDED:
            service.move(session, case, Status.CLOSED, "closed by the customer", actor)
        return case
    if action != "message":
        raise InvalidInput("One of message, close.", "/action")
    told, _ = service.tell(session, case, service.Message(words, "in", "portal"), actor)
    return session.get_one(Case, told.case_id)
