"""The two cookies: HttpOnly, SameSite=Lax, host-only; Secure unless the site is reached at a loopback address.

A Secure cookie carries the ``__Host-`` prefix, so that no other host of the domain can set it for us.
"""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

SESSION = "kb_session"
FORM = "kb_form"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_secure(request: HTTPConnection, secure_cookies: bool) -> bool:
    """Whether cookies for this request carry Secure."""
    return secure_cookies and (request.url.hostname or "") not in _LOOPBACK


def read_cookie(request: HTTPConnection, name: str, secure: bool) -> str | None:
    """A cookie's value; only under the name that we would set it by."""
    return request.cookies.get(_full_name(name, secure))


def set_cookie(response: Response, name: str, value: str, secure: bool) -> None:
    """Set one of our cookies until the browser closes; the server decides when a session ends."""
    response.set_cookie(_full_name(name, secure), value, path="/", secure=secure, httponly=True, samesite="lax")


def clear_cookie(response: Response, name: str, secure: bool) -> None:
    """Remove one of our cookies."""
    response.delete_cookie(_full_name(name, secure), path="/", secure=secure, httponly=True, samesite="lax")


def cookie_header(name: str, value: str, secure: bool) -> str:
    """The Set-Cookie header for what the middleware adds to a page."""
    carrier = Response()
    set_cookie(carrier, name, value, secure)
    return carrier.headers["set-cookie"]


def _full_name(name: str, secure: bool) -> str:
    return f"__Host-{name}" if secure else name
