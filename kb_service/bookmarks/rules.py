"""Who may see and change a set, what a bookmark warns of, and in which words search names a set (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, TypeVar

from kb_service.auth.actors import Actor, Scope
from kb_service.errors import Conflict, NotAllowed, NotAuthenticated

EVERY_AGENT = "agents"
T = TypeVar("T")


class Kind(StrEnum):
    """Whose a set is."""

    PERSONAL = "personal"
    TEAM = "team"
    STARTER = "starter"


class Warning(StrEnum):
    """What a bookmark says when its article is not what it was."""

    CHANGED = "changed"
    ARCHIVED = "archived"
    NO_LONGER_APPLIES = "no_longer_applies"


class Owned(Protocol):
    """A set as these rules see it."""

    kind: str
    owner: str
    owner_name: str
    name: str
    team: str


def require_staff(actor: Actor) -> None:
    """Bookmarks are for colleagues. Raises NotAuthenticated or NotAllowed."""
    if actor.is_anonymous:
        raise NotAuthenticated("Sign in to see bookmarks.")
    if not actor.is_staff:
        raise NotAllowed("Bookmarks are for agents and their colleagues.")


def is_in_team(actor: Actor, team: str) -> bool:
    """Whether the set of ``team`` is meant for this actor."""
    return team == EVERY_AGENT or (bool(team) and actor.may_read([team]))


def may_see(actor: Actor, found: Owned) -> bool:
    """Starter sets are everybody's; the rest belongs to its owner and to whom it was given."""
    return found.kind == Kind.STARTER or found.owner == actor.id or is_in_team(actor, found.team)


def may_change(actor: Actor, found: Owned) -> bool:
    """A personal set: its owner. A team's: the team. A starter set: who leads."""
    if found.kind == Kind.PERSONAL:
        return found.owner == actor.id
    if found.kind == Kind.TEAM:
        return found.owner == actor.id or is_in_team(actor, found.team)
    return actor.may(Scope.SITE_MANAGE)


def warnings_of(kept: int, now: int | None, is_archived: bool, applies: bool) -> list[Warning]:
    """``kept``: the revision last looked at; ``now``: the published one (None: withdrawn)."""
    if is_archived or now is None:
        return [Warning.ARCHIVED]
    changed = [Warning.CHANGED] if now != kept else []
    return changed if applies else [*changed, Warning.NO_LONGER_APPLIES]


def moved(order: Sequence[T], item: T, place: int) -> list[T]:
    """The order with ``item`` at ``place`` (from 0; beyond the end: the end)."""
    rest = [other for other in order if other != item]
    return [*rest[:place], item, *rest[place:]]


def words_for(found: Owned, reader: str, product_name: str) -> str:
    """How a result names the set: in Mia's set for Gateway."""
    about = f"for {product_name}" if product_name else f"“{found.name}”"
    if found.kind == Kind.STARTER:
        return f"in the starter set {about}"
    if found.kind == Kind.TEAM:
        return f"in the team’s set {about}"
    if found.owner == reader:
        return f"in your set {about}"
    first = found.owner_name.split(" ")[0] or "a colleague"
    return f"in {first}’s set {about}"


def check_room(count: int, most: int) -> None:
    """Raise Conflict when a set is full."""
    if count >= most:
        raise Conflict(f"A set holds at most {most} articles; take some out first, or start another one.")
