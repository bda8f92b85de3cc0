"""The edge that every request passes, as pure ASGI: ids, client address, limits, headers, CORS, log, last resort.

Order, outermost first: Edge (id, headers, log, crash) → CrossOrigin → RateLimit → BodyLimit → the application.
Server-Timing and any header that an endpoint set itself pass untouched.
"""

from __future__ import annotations

import re
import secrets
import time
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kb_service.auth.csrf import SAFE_METHODS
from kb_service.auth.keys import canonical_origin, is_own_origin
from kb_service.auth.ratelimit import RateLimiter
from kb_service.db.failures import UNREACHABLE
from kb_service.errors import KbError, NotAllowed, RateLimited, TooLarge
from kb_service.metrics import observe_request
from kb_service.problems import on_unavailable, respond
from kb_service.settings import Settings
from kb_service.telemetry import Event, bind_request, log

if TYPE_CHECKING:
    from kb_service.auth.gate import Gate

MAX_BODY_BYTES = 1_000_000
MAX_UPLOAD_BYTES = 25_000_000
MAX_MAIL_BYTES = 100 * 1024 * 1024
"""What the edge lets through; KB_MAIL_MAX_MB says less, where the mail is taken."""
UPLOADS = re.compile(r"/(attachments|imports?)(/|$)")
MAIL = "/v1/channels/email"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
EXEMPT_FROM_LIMIT = ("/health/", "/static/")
ALLOWED_HEADERS = "authorization, content-type, if-match, idempotency-key, x-request-id"
EXPOSED_HEADERS = "ETag, Location, Retry-After, Server-Timing, X-Request-ID, Idempotency-Replayed"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_CSP = (
    "default-src 'self'; img-src 'self' data:{images}; object-src 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'"
)


def gate_of(scope: Scope) -> Gate:
    """The gate of the application that serves this request."""
    gate: Gate = scope["app"].state.gate
    return gate


def origin_of(url: str) -> str:
    """``https://host`` of a URL."""
    return "/".join(url.split("/")[:3])


class Edge:
    """Outermost: request id, client address behind trusted proxies, security headers, access log, and no traceback."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._proxies = tuple(part.strip() for part in settings.trusted_proxies.split(",") if part.strip())
        for proxy in self._proxies:
            ip_network(proxy, strict=False)  # a mistyped proxy stops the start, not the first request
        logo = canonical_origin(origin_of(settings.site_logo_url))
        self._headers = (
            ("content-security-policy", _CSP.format(images=f" {logo}" if logo else "")),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "private, no-cache"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        sent = Headers(scope=scope)
        scope["request_id"] = _request_id(sent.get("x-request-id"))
        bind_request(scope["request_id"])
        if self._proxies:
            _believe_proxy(scope, sent, self._proxies)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(scope, message)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as exc:  # noqa: BLE001 - the last resort: logged, and answered without its words
            log(Event.REQUEST_CRASHED, level="error", request_id=scope["request_id"], exc_info=exc)
            if not status:
                await _crash_response(scope, exc)(scope, receive, send_with_headers)
        finally:
            _log_request(scope, status, started)

    def _add_headers(self, scope: Scope, message: Message) -> None:
        headers = MutableHeaders(raw=message["headers"])
        for name, value in self._headers:
            headers.setdefault(name, value)
        headers["x-request-id"] = scope["request_id"]
        for cookie in scope.get("kb_set_cookies", ()):
            headers.append("set-cookie", cookie)
        message["headers"] = headers.raw


def _request_id(sent: str | None) -> str:
    return sent if sent and _REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)


def _crash_response(scope: Scope, exc: Exception) -> Response:
    if isinstance(exc, UNREACHABLE):  # of a middleware: the application answers its own
        return on_unavailable(Request(scope), exc)
    return respond(Request(scope), KbError("The error is logged under this request's id."))


def _log_request(scope: Scope, status: int, started: float) -> None:
    found = scope.get("route")
    route = getattr(found, "path", None) or ("static" if status < 400 else "unknown")
    seconds = time.perf_counter() - started
    observe_request(scope["method"] if scope["method"] in METHODS else "other", route, status, seconds)
    log(
        Event.REQUEST_SERVED,
        request_id=scope["request_id"],
        method=scope["method"],
        route=route,
        status=status,
        actor=scope["kb_actor"].id if "kb_actor" in scope else None,
        took_ms=round(seconds * 1000, 2),
    )


def _believe_proxy(scope: Scope, headers: Headers, proxies: tuple[str, ...]) -> None:
    """Take the client's address from X-Forwarded-For: the last one that is not a trusted proxy's."""
    peer = scope["client"][0] if scope.get("client") else ""
    if not _is_in(peer, proxies):
        return
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    address = next((hop for hop in reversed(hops) if not _is_in(hop, proxies)), hops[0] if hops else peer)
    scope["client"] = (address, 0)
    if headers.get("x-forwarded-proto") in ("http", "https"):
        scope["scheme"] = headers["x-forwarded-proto"]


@lru_cache(maxsize=4096)
def _is_in(address: str, networks: tuple[str, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in ip_network(network, strict=False) for network in networks)


class CrossOrigin:
    """CORS for the origins of publishable keys, and no changes on behalf of foreign pages.

    A preflight carries no key: it is granted to any origin that some live key allows; the key's own list is
    checked with the request itself (Gate). Cookies are never allowed across origins. A foreign page's form or
    fetch that would change something without a key of its own is refused.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._site = canonical_origin(origin_of(settings.base_url))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        origin = headers.get("origin")
        if origin is None or origin == self._site or is_own_origin(origin, headers.get("host")):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        is_granted = scope["path"].startswith("/v1/") and origin in await gate_of(scope).allowed_origins()
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            await _preflight(origin, is_granted)(scope, receive, send)
        elif _changes_something(request) and not is_granted:
            refusal = NotAllowed("Another site's page may not do this here.", reason="cross-origin")
            await respond(request, refusal)(scope, receive, send)
        else:
            await self._app(scope, receive, _granting(send, origin) if is_granted else send)


def _changes_something(request: Request) -> bool:
    return request.method not in SAFE_METHODS and "authorization" not in request.headers


def _preflight(origin: str, is_granted: bool) -> Response:
    headers = {"Vary": "Origin"}
    if is_granted:
        headers |= {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": "600",
        }
    return Response(status_code=204 if is_granted else 403, headers=headers)


def _granting(send: Send, origin: str) -> Send:
    async def send_granted(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers["access-control-allow-origin"] = origin
            headers["access-control-expose-headers"] = EXPOSED_HEADERS
            headers["timing-allow-origin"] = origin
            headers.add_vary_header("Origin")
        await send(message)

    return send_granted


class RateLimit:
    """So many requests a minute for each secret key, else for each address; 429 with Retry-After beyond."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._limiter = RateLimiter(settings.rate_limit_per_minute) if settings.rate_limit_per_minute else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._limiter is None or scope["type"] != "http" or scope["path"].startswith(EXEMPT_FROM_LIMIT):
            await self._app(scope, receive, send)
            return
        wait = self._limiter.take(_who(scope))
        if wait:
            await respond(Request(scope), RateLimited(retry_after_seconds=wait))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _who(scope: Scope) -> str:
    """A key counts by itself only once it proved valid: made-up keys count for the address that sends them."""
    authorization = Headers(scope=scope).get("authorization", "")
    known = gate_of(scope).known_key(authorization[7:].strip()) if authorization[:7].lower() == "bearer " else None
    if known and not known.is_publishable:
        return known.actor.id
    return scope["client"][0] if scope.get("client") else "unknown"


class BodyLimit:
    """No body above a megabyte, announced or streamed; uploads may be larger."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        limit = _limit_of(scope["path"])
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            await respond(Request(scope), _too_large(limit))(scope, receive, send)
            return
        await self._app(scope, _counting(receive, limit), send)


def _limit_of(path: str) -> int:
    if path == MAIL:
        return MAX_MAIL_BYTES
    return MAX_UPLOAD_BYTES if UPLOADS.search(path) else MAX_BODY_BYTES


def _counting(receive: Receive, limit: int) -> Receive:
    received = 0

    async def receive_counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(413, _too_large(limit).detail)  # FastAPI lets no other class through from here
        return message

    return receive_counted


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"At most {limit:,} bytes are accepted here.")
