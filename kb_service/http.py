"""What every endpoint uses of the edge: the actor, sessions, parts, ETags and idempotent creation.

One request is one transaction. ``WritingSession`` commits before the response is sent (scope="function"),
so a failed commit is never answered with 200. Endpoints are ``def``; they run in a thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import Depends, Header, Request
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.responses import Response

from kb_service.articles.models import IdempotencyRecord
from kb_service.assembly import Parts
from kb_service.auth.actors import Actor
from kb_service.errors import Conflict, InvalidInput, PreconditionRequired, StaleVersion
from kb_service.problems import PROBLEMS, ProblemResponse, install_error_handlers

if TYPE_CHECKING:
    from kb_service.indexing import IndexFeed

__all__ = [
    "PROBLEMS",
    "Created",
    "CurrentActor",
    "CurrentFeed",
    "CurrentParts",
    "FormToken",
    "IdempotencyKey",
    "JsonResponse",
    "ProblemResponse",
    "ReadingSession",
    "RowId",
    "WritingSession",
    "etag",
    "idempotent",
    "install_error_handlers",
    "require_if_match",
]

RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""A row's id from outside: a number beyond this range is a 422, not an error of the database."""

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="A repeated request with the same key gets the first answer again.",
    ),
]


class JsonResponse(Response):
    """JSON by orjson, for answers that are already plain data."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Serialise plain data, dataclasses and times."""
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)


def parts_of(request: Request) -> Parts:
    """The parts of this process."""
    parts: Parts = request.app.state.parts
    return parts


async def get_parts(request: Request) -> Parts:
    """The same as a dependency; a coroutine, for a plain function would cost a thread on every request."""
    return parts_of(request)


CurrentParts = Annotated[Parts, Depends(get_parts)]


async def get_feed(request: Request) -> IndexFeed:
    """The feed of this process, for changes that the caller waits for."""
    feed: IndexFeed = request.app.state.feed
    return feed


CurrentFeed = Annotated["IndexFeed", Depends(get_feed)]


async def get_actor(request: Request) -> Actor:
    """Whoever makes this request; on the hot path without a thread and without a query."""
    actor: Actor = await request.app.state.gate.actor_of(request)
    return actor


CurrentActor = Annotated[Actor, Depends(get_actor)]


def get_form_token(request: Request, actor: CurrentActor) -> str:
    """The CSRF token to render into a form as the hidden field ``csrf_token``."""
    token: str = request.app.state.gate.form_token(request, actor)
    return token


FormToken = Annotated[str, Depends(get_form_token)]


def open_reading(request: Request) -> Iterator[Session]:
    """A session for reading."""
    with parts_of(request).database.reading() as session:
        yield session


def open_writing(request: Request) -> Iterator[Session]:
    """A session in one writing transaction, committed when the endpoint returns."""
    with parts_of(request).database.writing() as session:
        yield session


ReadingSession = Annotated[Session, Depends(open_reading, scope="function")]
WritingSession = Annotated[Session, Depends(open_writing, scope="function")]


def etag(version: int) -> str:
    """A strong entity tag (RFC 9110 section 8.8.3)."""
    return f'"v{version}"'


def require_if_match(request: Request, version: int) -> None:
    """Raise unless If-Match names ``version`` (or ``*``): 428 when it is missing, 412 when it names another."""
    header = request.headers.get("if-match")
    if header is None:
        raise PreconditionRequired(f"Send If-Match: {etag(version)} (the ETag that you read).")
    tags = [tag.strip() for tag in header.split(",")]
    if "*" not in tags and etag(version) not in tags:
        raise StaleVersion(f"The current version is {etag(version)}; read it again.", version=version)


@dataclass(frozen=True, slots=True)
class Created:
    """The answer to a creating POST: what is stored for its Idempotency-Key and replayed."""

    body: BaseModel | Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 201

    def plain(self) -> dict[str, Any]:
        """The body as JSON data."""
        return self.body.model_dump(mode="json") if isinstance(self.body, BaseModel) else dict(self.body)


def idempotent(
    request: Request, session: Session, actor: Actor, body: BaseModel, create: Callable[[], Created]
) -> Response:
    """Run ``create`` once for each Idempotency-Key of this actor and address, in the caller's transaction.

    The same key with the same body replays the stored answer (header ``Idempotency-Replayed``); with another
    body it is a Conflict. Without a key, ``create`` simply runs. Declare ``key: IdempotencyKey = None`` on the
    endpoint too, so that the OpenAPI names the header.
    """
    sent = request.headers.get("idempotency-key")
    if sent is None:
        created = create()
        return JsonResponse(created.plain(), created.status, dict(created.headers))
    if not 1 <= len(sent) <= 200:
        raise InvalidInput("Idempotency-Key has 1 to 200 characters.", "/header/Idempotency-Key")
    key = _digest(_owner(request, actor), request.method, request.url.path, sent)
    fingerprint = _digest(body.model_dump_json())
    stored = session.get(IdempotencyRecord, key)
    return _replay(stored, fingerprint) if stored else _create_once(session, key, fingerprint, create)


def _create_once(session: Session, key: str, fingerprint: str, create: Callable[[], Created]) -> Response:
    record = IdempotencyRecord(key=key, fingerprint=fingerprint, status=0, body={})
    try:
        with session.begin_nested():
            session.add(record)
    except IntegrityError as exc:
        raise Conflict("A request with this Idempotency-Key is being answered; repeat it in a moment.") from exc
    created = create()
    plain, headers = created.plain(), dict(created.headers)
    record.status, record.body = created.status, {"body": plain, "headers": headers}
    session.flush()
    return JsonResponse(plain, created.status, headers)


def _replay(stored: IdempotencyRecord, fingerprint: str) -> Response:
    if stored.fingerprint != fingerprint:
        raise Conflict("This Idempotency-Key was used with another body; use a new key.")
    headers = {**stored.body.get("headers", {}), "Idempotency-Replayed": "true"}
    return JsonResponse(stored.body.get("body", {}), stored.status, headers)


def _owner(request: Request, actor: Actor) -> str:
    if actor.is_anonymous:
        return f"anonymous {request.client.host if request.client else ''}"
    return actor.id


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
