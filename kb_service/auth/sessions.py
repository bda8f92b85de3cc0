"""Browser sessions: a random token in the cookie, its SHA-256 in the row, twelve hours from the last use.

A customer who came by a link has twelve hours from then: what they may read is decided anew at each sign-in.
Every sign-in makes a new token and ends the one that the browser came with (no fixation).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from kb_service.auth import csrf, passwords, repository
from kb_service.auth.actors import PUBLIC, SCOPES, Actor, Role, actor_for
from kb_service.auth.keys import hash_token
from kb_service.auth.models import BrowserSession, User
from kb_service.db.base import utcnow
from kb_service.errors import NotAuthenticated

LIFETIME = timedelta(hours=12)
SLIDE_AFTER = timedelta(minutes=15)
"""A session is prolonged at most this often, so that reading pages hardly ever writes."""


def sign_in(session: Session, email: str, password: str, former_token: str | None = None) -> str:
    """Check the password and start a session; returns the cookie's token.

    Raises NotAuthenticated, in the same words and the same time for unknown, disabled and mistaken alike.
    Callers at the edge use ``Gate.sign_in``, which also throttles.
    """
    user = repository.find_user(session, email)
    known = user is not None and user.disabled_at is None
    is_right = passwords.is_password(password, user.password_hash if user and known else None)
    if user is None or not is_right:
        raise NotAuthenticated("The e-mail address or the password is wrong.")
    if passwords.needs_rehash(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    return start_for_user(session, user, former_token)


def start_for_user(session: Session, user: User, former_token: str | None = None) -> str:
    """A session of a person who proved to be this user; ends the one that the browser came with."""
    return _start(session, BrowserSession(user_id=user.id), former_token)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A customer who proved to read an address of theirs. ``reads``: audiences beside the public."""

    customer_id: int
    name: str
    reads: list[str]


def start_for_customer(session: Session, customer: Newcomer, former_token: str | None = None) -> str:
    """A session of a customer who has no account; ends the one that the browser came with."""
    row = BrowserSession(customer_id=customer.customer_id, name=customer.name, reads=customer.reads)
    return _start(session, row, former_token)


def _start(session: Session, row: BrowserSession, former_token: str | None) -> str:
    if former_token:
        repository.delete_session(session, hash_token(former_token))
    token = secrets.token_urlsafe(32)
    row.token_hash, row.csrf_token = hash_token(token), csrf.make_token()
    row.expires_at = utcnow() + LIFETIME
    session.add(row)
    session.flush()
    return token


def sign_out(session: Session, token: str) -> None:
    """End the session of this cookie."""
    repository.delete_session(session, hash_token(token))


def actor_from_cookie(session: Session, token: str) -> Actor | None:
    """The signed-in person, or None when the session is unknown or over. Reads only."""
    found = _find(session, token)
    return actor_of_session(*found) if found else None


def needs_extension(session: Session, token: str) -> bool:
    """Whether the session's end should be moved now."""
    found = _find(session, token)
    return found is not None and found[1] is not None and found[0].expires_at - utcnow() < LIFETIME - SLIDE_AFTER


def extend(session: Session, token: str) -> None:
    """Let the session last its full time from now."""
    repository.extend_session(session, hash_token(token), utcnow() + LIFETIME)


def actor_of_session(row: BrowserSession, user: User | None) -> Actor:
    """The actor of a user or a customer in a browser, with the session's CSRF token."""
    if user is None:
        reads = frozenset({PUBLIC, *(row.reads or ())})
        actor = Actor(f"customer:{row.customer_id}", row.name, Role.CUSTOMER, reads, SCOPES[Role.CUSTOMER])
    else:
        actor = actor_for(f"user:{user.id}", user.name or user.email, Role(user.role), user.groups)
    return replace(actor, csrf_token=row.csrf_token, is_browser=True)


def _find(session: Session, token: str) -> tuple[BrowserSession, User | None] | None:
    return repository.find_session(session, hash_token(token), utcnow())
