"""What a browser brings along: a random session id, and the context of an earlier visit. No personal data.

The remembered context only prefers (see architecture.md, stated and inferred); the visitor can forget it.
"""

from __future__ import annotations

import re
import secrets
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import Response

from kb_service.catalog.context import Context

CONTEXT_COOKIE = "kb_context"
SESSION_COOKIE = "kb_sid"
CONTEXT_SECONDS = 180 * 24 * 3600
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
_MAX_VALUE = 100


def session_id(request: Request) -> str:
    """The browser session's random id; made once and set by ``keep``."""
    known = request.cookies.get(SESSION_COOKIE, "")
    if _SESSION_ID.fullmatch(known):
        return known
    made: str = request.scope.setdefault("kb_sid", secrets.token_urlsafe(18))
    return made


def remembered(request: Request) -> Context:
    """The context of an earlier visit, as the cookie has it; empty when there is none."""
    raw = request.cookies.get(CONTEXT_COOKIE, "")[:400]
    values = {key: found[0][:_MAX_VALUE] for key, found in parse_qs(raw).items()}
    return Context(values.get("product"), values.get("version"), values.get("os"))


def keep_session(request: Request, response: Response) -> None:
    """Set the session cookie (until the browser closes) unless the browser has it."""
    if "kb_sid" in request.scope:
        _set(request, response, SESSION_COOKIE, request.scope["kb_sid"], None)


def remember(request: Request, response: Response, context: Context) -> None:
    """Remember a stated context for later visits."""
    pairs = {"product": context.product, "version": context.version, "os": context.os}
    value = urlencode({key: item for key, item in pairs.items() if item})
    if value and value != request.cookies.get(CONTEXT_COOKIE):
        _set(request, response, CONTEXT_COOKIE, value, CONTEXT_SECONDS)


def forget(request: Request, response: Response) -> None:
    """Remove the remembered context."""
    response.delete_cookie(CONTEXT_COOKIE, path="/", samesite="lax", httponly=True)


def _set(request: Request, response: Response, name: str, value: str, seconds: int | None) -> None:
    gate = request.app.state.gate
    response.set_cookie(
        name, value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=gate.is_secure(request)
    )
