"""Actors (pure): who asks, what they may read (audiences) and what they may do (scopes).

An article is readable when its audience set meets the actor's. Everyone holds ``public``; the other keys
come from the role and from groups ("partner", "payroll"), which are handled like any other key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from kb_service.errors import NotAllowed, NotAuthenticated


class Role(StrEnum):
    """What a person or machine is to us."""

    CUSTOMER = "customer"
    COLLEAGUE = "colleague"
    AGENT = "agent"
    LEAD = "lead"
    AUTHOR = "author"
    REVIEWER = "reviewer"
    ADMIN = "admin"


class Scope(StrEnum):
    """What an actor may do."""

    SEARCH = "search"
    ARTICLES_READ = "articles:read"
    ARTICLES_PROPOSE = "articles:propose"
    ARTICLES_WRITE = "articles:write"
    ARTICLES_PUBLISH = "articles:publish"
    CATALOG_WRITE = "catalog:write"
    INDEX_MANAGE = "index:manage"
    USERS_MANAGE = "users:manage"
    SITE_MANAGE = "site:manage"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    MAIL_RECEIVE = "mail:receive"


PUBLIC = "public"
_AGENT_READS = frozenset({PUBLIC, "customer", "agent"})
_AUTHOR_READS = _AGENT_READS | {"author"}
AUDIENCES: dict[Role, frozenset[str]] = {
    Role.CUSTOMER: frozenset({PUBLIC, "customer"}),
    Role.COLLEAGUE: _AGENT_READS,
    Role.AGENT: _AGENT_READS,
    Role.LEAD: _AGENT_READS,
    Role.AUTHOR: _AUTHOR_READS,
    Role.REVIEWER: _AUTHOR_READS,
    Role.ADMIN: _AUTHOR_READS,
}
_READ = frozenset({Scope.SEARCH, Scope.ARTICLES_READ})
_PROPOSE = _READ | {Scope.ARTICLES_PROPOSE}
_WRITE = _PROPOSE | {Scope.ARTICLES_WRITE}
_CASES = frozenset({Scope.CASES_READ, Scope.CASES_WRITE, Scope.MAIL_RECEIVE})
_PUBLISH = _WRITE | {Scope.ARTICLES_PUBLISH}
SCOPES: dict[Role, frozenset[Scope]] = {
    Role.CUSTOMER: _READ,
    Role.COLLEAGUE: _PROPOSE,
    Role.AGENT: _WRITE | _CASES,
    Role.LEAD: _PUBLISH | _CASES | {Scope.SITE_MANAGE},
    Role.AUTHOR: _PUBLISH,
    Role.REVIEWER: _PUBLISH,
    Role.ADMIN: frozenset(Scope),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever makes a request. ``id`` is stable and safe to write into an audit row."""

    id: str
    name: str
    role: Role | None
    audiences: frozenset[str]
    scopes: frozenset[Scope]
    csrf_token: str | None = None
    is_browser: bool = False

    @property
    def is_anonymous(self) -> bool:
        """Nobody signed in and no key was sent."""
        return self.role is None

    @property
    def is_staff(self) -> bool:
        """Reads what agents read."""
        return "agent" in self.audiences

    def may_read(self, audience: Iterable[str]) -> bool:
        """Whether an article for ``audience`` may be read by this actor."""
        return not self.audiences.isdisjoint(audience)

    def may(self, scope: Scope) -> bool:
        """Whether this actor holds ``scope``."""
        return scope in self.scopes

    def require(self, scope: Scope) -> None:
        """Raise NotAuthenticated or NotAllowed unless this actor holds ``scope``."""
        if self.may(scope):
            return
        if self.is_anonymous:
            raise NotAuthenticated(f"Sign in: this needs the scope {scope.value}.")
        raise NotAllowed(f"This needs the scope {scope.value}, which {self.name or self.id} does not hold.")


ANONYMOUS = Actor("anonymous", "", None, frozenset({PUBLIC}), _READ)
SYSTEM = Actor("system", "system", Role.ADMIN, _AUTHOR_READS, frozenset(Scope))


def actor_for(
    id: str, name: str, role: Role, groups: Iterable[str] = (), scopes: Iterable[Scope] | None = None
) -> Actor:
    """An actor with its role's audiences plus ``groups``; ``scopes`` may only narrow the role's."""
    held = SCOPES[role] if scopes is None else SCOPES[role] & frozenset(scopes)
    return Actor(id, name, role, AUDIENCES[role] | frozenset(groups), held)
