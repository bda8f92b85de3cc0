"""CSRF tokens (pure). A signed-in browser has one in its session row (synchroniser token); an anonymous page
gets a signed double-submit cookie whose value the form repeats (OWASP CSRF prevention sheet).
"""

from __future__ import annotations

import hmac
import secrets

FIELD = "csrf_token"
HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def make_token() -> str:
    """A random token for a session row."""
    return secrets.token_urlsafe(24)


def make_form_cookie(secret: bytes) -> str:
    """A signed random value for an anonymous page's cookie and forms."""
    nonce = secrets.token_urlsafe(18)
    return f"{nonce}.{_sign(secret, nonce)}"


def is_form_cookie(secret: bytes, value: str | None) -> bool:
    """Whether we signed this value."""
    nonce, _, signature = (value or "").partition(".")
    return bool(nonce) and is_same(signature, _sign(secret, nonce))


def is_same(sent: str | None, expected: str | None) -> bool:
    """Constant-time comparison; nothing equals a missing token."""
    if not sent or not expected:
        return False
    return hmac.compare_digest(sent.encode("utf-8", "replace"), expected.encode("utf-8"))


def _sign(secret: bytes, nonce: str) -> str:
    return hmac.new(secret, b"form:" + nonce.encode("utf-8", "replace"), "sha256").hexdigest()[:32]
