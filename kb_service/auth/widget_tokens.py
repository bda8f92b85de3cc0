"""Short-lived tokens for <kb-agent>, the desk's part in somebody else's desk (pure).

The host's server fetches one for its agent with a secret key; the agent's browser holds it for minutes. A token is signed
(HMAC-SHA256), not stored: it names its actor, what it may do, from which origin, and until when.

Invariants: a token never allows more than the key that fetched it *and* the person whom it names; only SCOPES at all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

import orjson

from kb_service.auth.actors import Actor, Role, Scope

PREFIX = "kb_wt_"
SCOPES = frozenset({
    Scope.SEARCH, Scope.ARTICLES_READ, Scope.ARTICLES_PROPOSE, Scope.ARTICLES_WRITE, Scope.CASES_READ, Scope.CASES_WRITE,
})  # fmt: skip
MAX_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says."""

    actor: Actor
    origin: str
    expires_at: float
    """Seconds since 1970."""


def narrowed(key: Actor, person: Actor | None) -> Actor:
    """Whom a token stands for: the person, with no more than the key holds; without a person, the key itself."""
    named = person or key
    scopes = key.scopes & named.scopes & SCOPES
    return Actor(named.id, named.name, named.role, key.audiences & named.audiences, scopes)


def make_token(secret: bytes, claims: Claims) -> str:
    """The token as text."""
    actor = claims.actor
    payload = orjson.dumps({
        "id": actor.id, "name": actor.name, "role": actor.role, "audiences": sorted(actor.audiences),
        "scopes": sorted(actor.scopes), "origin": claims.origin, "expires_at": claims.expires_at,
    })  # fmt: skip
    return f"{PREFIX}{_encode(payload)}.{_encode(_sign(secret, payload))}"


def read_token(secret: bytes, text: str, now: float) -> Claims | None:
    """What the token says; None when it is not ours, was changed, or is over."""
    body, dot, signature = text.removeprefix(PREFIX).partition(".")
    if not text.startswith(PREFIX) or not dot or len(text) > MAX_CHARACTERS:
        return None
    payload, signed = _decode(body), _decode(signature)
    if payload is None or signed is None or not hmac.compare_digest(_sign(secret, payload), signed):
        return None
    found = orjson.loads(payload)
    if found["expires_at"] <= now:
        return None
    role = Role(found["role"]) if found["role"] else None
    scopes = frozenset(Scope(scope) for scope in found["scopes"])
    actor = Actor(found["id"], found["name"], role, frozenset(found["audiences"]), scopes)
    return Claims(actor, found["origin"], found["expires_at"])


def _sign(secret: bytes, payload: bytes) -> bytes:
    return hmac.new(secret, b"widget token\0" + payload, hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        return None
