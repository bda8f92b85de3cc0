"""API keys as values (pure): ``kb_sk_…`` for servers, ``kb_pk_…`` for widgets in pages that everyone can read.

The key is shown once; only its SHA-256 is stored (256 random bits need no slow hash). ``prefix`` recognises it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

SECRET_PREFIX = "kb_sk_"  # noqa: S105 - what every key starts with
PUBLISHABLE_PREFIX = "kb_pk_"
_SHAPE = re.compile(r"kb_[sp]k_[A-Za-z0-9_-]{43}")
_SHOWN = 14


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: ``text`` for its owner, once; ``prefix`` and ``hash`` for the database."""

    text: str
    prefix: str
    hash: str


def make_key(is_publishable: bool) -> NewKey:
    """A new random key."""
    text = (PUBLISHABLE_PREFIX if is_publishable else SECRET_PREFIX) + secrets.token_urlsafe(32)
    return NewKey(text, text[:_SHOWN], hash_token(text))


def has_key_shape(text: str) -> bool:
    """Whether ``text`` can be a key at all; saves a query for what cannot."""
    return _SHAPE.fullmatch(text) is not None


def hash_token(text: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def canonical_origin(text: str) -> str | None:
    """``https://help.example.com[:port]`` in the form that browsers send (RFC 6454), else None."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        return None
    if parts.path not in ("", "/") or not re.fullmatch(r"[a-z0-9.:_-]+", parts.hostname):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != default else "")


def is_own_origin(origin: str, host: str | None) -> bool:
    """Whether a page of this host asks. The scheme is not compared: a proxy may have ended TLS before us."""
    return bool(host) and origin.partition("://")[2] == host
