"""Whether an actor sees the cases of a queue (pure); the same rule as cases/repository.py, for events in memory."""

from __future__ import annotations

from collections.abc import Sequence

from kb_service.auth.actors import Actor, Role, Scope


def sees_queue(actor: Actor, groups: Sequence[str]) -> bool:
    """Leads and admins see every queue; agents those of their groups and those of everybody."""
    if not actor.may(Scope.CASES_READ):
        return False
    return actor.role in (Role.LEAD, Role.ADMIN) or not groups or actor.may_read(groups)
