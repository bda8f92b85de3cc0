"""The gate: from a request's headers to its actor, and the sign-in that throttles.

Keys are cached for at most 60 seconds, so that a key costs no query on the hot path; ``forget`` clears this
process at once. Sessions are read on every request. A publishable key works only from its origins.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from anyio import to_thread
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from kb_service.auth import cookies, csrf, repository, service, sessions, widget_tokens
from kb_service.auth.actors import ANONYMOUS, Actor
from kb_service.auth.keys import has_key_shape, hash_token, is_own_origin
from kb_service.auth.ratelimit import RateLimiter
from kb_service.db.base import utcnow
from kb_service.db.failures import UNREACHABLE
from kb_service.db.session import Database
from kb_service.errors import NotAllowed, NotAuthenticated, RateLimited
from kb_service.settings import Settings
from kb_service.telemetry import Event, log

CACHE_SECONDS = 60.0
CACHE_SIZE = 10_000
SEARCHES = ("/v1/search", "/v1/suggest", "/v1/answers", "/search")
"""What is answered for anybody, from the index, while the database is out (search/outage.py)."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key as cached: its actor, where it may be used from, and until when this is believed."""

    actor: Actor
    origins: frozenset[str]
    is_publishable: bool
    until: float


class Gate:
    """One per process, at ``app.state.gate``."""

    def __init__(self, settings: Settings, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._secure_cookies = settings.secure_cookies
        self._secret = settings.secret_key.get_secret_value().encode()
        self._keys: dict[str, KnownKey] = {}
        self._origins: tuple[frozenset[str], float] = (frozenset(), 0.0)
        self._sign_ins = RateLimiter(settings.sign_in_limit_per_minute, settings.sign_in_limit_per_minute or None)

    # who asks

    async def actor_of(self, request: Request) -> Actor:
        """The actor of a request, decided once. Raises NotAuthenticated for a key that is not valid."""
        known: Actor | None = request.scope.get("kb_actor")
        if known is None:
            known = request.scope["kb_actor"] = await self._decide(request)
        return known

    async def _decide(self, request: Request) -> Actor:
        authorization = request.headers.get("authorization")
        if authorization is not None:
            return await self._actor_of_key(request, authorization)
        token = self.session_token(request)
        actor = await self._actor_of_session(request, token) if token else None
        await self._check_form(request, actor)
        return actor or ANONYMOUS

    async def _actor_of_session(self, request: Request, token: str) -> Actor | None:
        """While the database is out nobody is known: who searches gets what anybody may see, everything else is a 503."""
        try:
            return await to_thread.run_sync(self._actor_of_token, token)
        except UNREACHABLE:
            if request.url.path not in SEARCHES:
                raise
            return None

    async def _actor_of_key(self, request: Request, authorization: str) -> Actor:
        scheme, _, text = authorization.partition(" ")
        text = text.strip()
        if scheme.lower() == "bearer" and text.startswith(widget_tokens.PREFIX):
            return self._actor_of_widget(request, text)
        if scheme.lower() != "bearer" or not has_key_shape(text):
            raise NotAuthenticated("Send Authorization: Bearer kb_sk_… with a valid key.")
        known = self.known_key(text) or await to_thread.run_sync(self._load_key, text)
        if known is None:
            raise NotAuthenticated("This key is unknown, revoked or expired.")
        if known.is_publishable and not _is_allowed_origin(request, known.origins):
            raise NotAllowed("This publishable key may not be used from here; add the page's origin to the key.")
        return known.actor

    def _actor_of_widget(self, request: Request, text: str) -> Actor:
        claims = widget_tokens.read_token(self._secret, text, utcnow().timestamp())
        if claims is None:
            raise NotAuthenticated("This widget token is over or not ours; let your server fetch another one.")
        if not _is_allowed_origin(request, frozenset({claims.origin})):
            raise NotAllowed("This widget token may not be used from here; its origin is another page's.")
        return claims.actor

    def widget_token(self, key: Actor, person: Actor | None, origin: str, expires_at: datetime) -> str:
        """A token for <kb-agent> in a page of ``origin``."""
        actor = widget_tokens.narrowed(key, person)
        return widget_tokens.make_token(self._secret, widget_tokens.Claims(actor, origin, expires_at.timestamp()))

    def known_key(self, text: str) -> KnownKey | None:
        """A cached key, without a query."""
        known = self._keys.get(hash_token(text))
        return known if known and known.until > self._clock() else None

    def _load_key(self, text: str) -> KnownKey | None:
        digest = hash_token(text)
        with self._database.reading() as session:
            row = repository.find_key(session, digest, utcnow())
        if row is None:
            self._keys.pop(digest, None)
            return None
        if len(self._keys) >= CACHE_SIZE:
            self._keys.clear()
        actor = service.actor_of_key(row)
        seconds = CACHE_SECONDS
        if row.expires_at:
            seconds = min(seconds, (row.expires_at - utcnow()).total_seconds())
        known = KnownKey(actor, frozenset(row.origins), row.is_publishable, self._clock() + seconds)
        self._keys[digest] = known
        return known

    def _actor_of_token(self, token: str) -> Actor | None:
        with self._database.reading() as session:
            actor = sessions.actor_from_cookie(session, token)
            is_due = actor is not None and sessions.needs_extension(session, token)
        if is_due:
            with self._database.writing() as session:
                sessions.extend(session, token)
        return actor

    def forget(self) -> None:
        """Forget cached keys and origins, after a change to one of them was committed."""
        self._keys.clear()
        self._origins = (frozenset(), 0.0)

    async def allowed_origins(self) -> frozenset[str]:
        """Origins of all live publishable keys, at most 60 seconds old (for preflights, which carry no key)."""
        origins, until = self._origins
        if until <= self._clock():
            origins = await to_thread.run_sync(self._load_origins)
            self._origins = (origins, self._clock() + CACHE_SECONDS)
        return origins

    def _load_origins(self) -> frozenset[str]:
        with self._database.reading() as session:
            return repository.list_origins(session, utcnow())

    # forms and cookies

    async def _check_form(self, request: Request, actor: Actor | None) -> None:
        """CSRF: changes by cookie need the session's token, anonymous forms the one of their signed cookie."""
        if request.method in csrf.SAFE_METHODS:
            return
        is_form = request.headers.get("content-type", "").startswith(
            ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
        )
        if actor is None and not is_form:
            return  # no authority travels with it
        sent: object = request.headers.get(csrf.HEADER)
        if sent is None and is_form:
            sent = (await request.form()).get(csrf.FIELD)
        if not csrf.is_same(sent if isinstance(sent, str) else None, self._expected_token(request, actor)):
            raise NotAllowed("This form is too old or not ours; reload the page and send it again.", reason="csrf")

    def _expected_token(self, request: Request, actor: Actor | None) -> str | None:
        if actor is not None:
            return actor.csrf_token
        value = cookies.read_cookie(request, cookies.FORM, self.is_secure(request))
        return value if csrf.is_form_cookie(self._secret, value) else None

    def form_token(self, request: Request, actor: Actor) -> str:
        """The token for a form on this page; an anonymous browser gets its cookie with the response."""
        if actor.csrf_token:
            return actor.csrf_token
        secure = self.is_secure(request)
        value = cookies.read_cookie(request, cookies.FORM, secure) or request.scope.get("kb_form_cookie")
        if value is None or not csrf.is_form_cookie(self._secret, value):
            value = request.scope["kb_form_cookie"] = csrf.make_form_cookie(self._secret)
            request.scope.setdefault("kb_set_cookies", []).append(cookies.cookie_header(cookies.FORM, value, secure))
        return value

    def is_secure(self, request: Request) -> bool:
        """Whether this request's cookies carry Secure."""
        return cookies.is_secure(request, self._secure_cookies)

    def session_token(self, request: Request) -> str | None:
        """The session cookie's token, if one was sent."""
        return cookies.read_cookie(request, cookies.SESSION, self.is_secure(request))

    # signing in and out

    def sign_in(self, request: Request, session: Session, email: str, password: str) -> str:
        """A new session's token for ``set_session``. Raises NotAuthenticated, or RateLimited after too many tries."""
        self.throttle(request, email)
        try:
            token = sessions.sign_in(session, email, password, self.session_token(request))
        except NotAuthenticated:
            log(Event.SIGN_IN_FAILED, level="warning")
            raise
        log(Event.SIGN_IN_SUCCEEDED)
        return token

    def throttle(self, request: Request, email: str) -> None:
        """Count a try to sign in, by where it comes from and by whom it names. Raises RateLimited."""
        address = request.client.host if request.client else ""
        waits = [self._sign_ins.take(f"address {address}"), self._sign_ins.take(f"email {email.strip().casefold()}")]
        if max(waits) > 0:
            raise RateLimited("Too many attempts to sign in; try again shortly.", retry_after_seconds=max(waits))

    def set_session(self, request: Request, response: Response, token: str) -> None:
        """Give the browser its session cookie."""
        cookies.set_cookie(response, cookies.SESSION, token, self.is_secure(request))

    def sign_out(self, request: Request, session: Session, response: Response) -> None:
        """End this browser's session and remove the cookie."""
        token = self.session_token(request)
        if token:
            sessions.sign_out(session, token)
            log(Event.SIGNED_OUT)
        cookies.clear_cookie(response, cookies.SESSION, self.is_secure(request))


def _is_allowed_origin(request: Request, origins: frozenset[str]) -> bool:
    sent = request.headers.get("origin")
    if sent is None:
        return request.headers.get("sec-fetch-site") == "same-origin"
    return sent in origins or is_own_origin(sent, request.headers.get("host"))
