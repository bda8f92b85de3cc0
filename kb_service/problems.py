"""Every error as RFC 9457 problem+json: the response, its OpenAPI description, the exception handlers.

A 500 never shows the exception's words; those go to the log under the request's id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from indexers.embedding.port import EncoderUnavailable
from indexers.engine import EngineUnavailable
from kb_service.db.failures import UNREACHABLE, explain, is_collision
from kb_service.errors import Conflict, InvalidInput, KbError, NotFound, StaleVersion, TooLarge, Unavailable
from kb_service.telemetry import Event, log

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
COLLISION_RETRY_SECONDS = 1

PageRenderer = Callable[[Request, KbError], Response | None]
"""What the pages install as ``app.state.render_error``: an HTML answer for a browser's page, else None."""


class MethodNotAllowed(KbError):
    """The address exists, the method does not."""

    status, code, title = 405, "method-not-allowed", "This address does not accept that method"


class BadRequest(KbError):
    """The request cannot be read at all."""

    status, code, title = 400, "bad-request", "The request cannot be read"


class ProblemResponse(Response):
    """A KbError as problem+json, with Retry-After and WWW-Authenticate where they belong."""

    media_type = MEDIA_TYPE

    def __init__(self, error: KbError, request_id: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        body = {
            "type": f"urn:kb:problem:{error.code}",
            "title": error.title,
            "status": error.status,
            "detail": error.detail,
            "code": error.code,
            **error.extras,
        }
        if request_id:
            body["request_id"] = request_id
        super().__init__(orjson.dumps(body, default=str), error.status, {**problem_headers(error), **(headers or {})})


def problem_headers(error: KbError) -> dict[str, str]:
    """Headers that an error calls for, whether it is rendered as JSON or as a page."""
    headers: dict[str, str] = {}
    if "retry_after_seconds" in error.extras:
        headers["Retry-After"] = str(max(1, round(float(error.extras["retry_after_seconds"]))))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "An error (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and what to do."},
        "code": {"type": "string", "description": "Stable; for programs."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_WORDS = {
    400: "The request cannot be read",
    401: "Not signed in, or the key is not valid",
    403: "Your role does not allow this",
    404: "Nothing here, or not for you to know",
    405: "This address does not accept that method",
    409: "The current state does not allow this",
    412: "Somebody changed this in the meantime",
    413: "The request is too large",
    422: "Some input cannot be used",
    428: "If-Match is missing",
    429: "Too many requests",
    500: "Something went wrong on our side",
    503: "A part of the service is not reachable",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, words in _WORDS.items()
}
"""For ``responses=``: the app applies it to every route, so that the OpenAPI says what can happen."""


def respond(request: Request, error: KbError, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to an error: a page where pages are served and wanted, problem+json everywhere else."""
    renderer: PageRenderer | None = getattr(request.app.state, "render_error", None)
    if renderer is not None and not request.url.path.startswith("/v1/"):
        page = renderer(request, error)
        if page is not None:
            page.headers.update({**problem_headers(error), **(headers or {})})
            return page
    return ProblemResponse(error, request.scope.get("request_id"), headers)


def install_error_handlers(app: FastAPI) -> None:
    """Make every foreseen way to fail a problem; what is not foreseen ends in ``middleware.Edge``."""
    app.add_exception_handler(KbError, _on_kb_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(StaleDataError, _on_stale_data)
    app.add_exception_handler(IntegrityError, _on_integrity_error)
    app.add_exception_handler(DataError, _on_data_error)
    for unavailable in (*UNREACHABLE, EngineUnavailable, EncoderUnavailable):
        app.add_exception_handler(unavailable, on_unavailable)


def _on_kb_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, KbError)
    return respond(request, exc)


def _on_validation_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    errors = [{"pointer": _pointer(item["loc"]), "detail": str(item["msg"])} for item in exc.errors()[:50]]
    first = errors[0] if errors else {"pointer": "", "detail": ""}
    error = InvalidInput(f"{first['pointer'] or 'The request'}: {first['detail']}", first["pointer"])
    error.extras["errors"] = errors
    return respond(request, error)


def _pointer(location: tuple[int | str, ...]) -> str:
    """A JSON pointer (RFC 6901): into the body for body fields, ``/query/limit`` for everything else."""
    parts = location[1:] if location and location[0] == "body" else location
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _on_http_exception(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    known: dict[int, type[KbError]] = {404: NotFound, 405: MethodNotAllowed, 400: BadRequest, 413: TooLarge}
    if exc.status_code in known:
        detail = str(exc.detail) if exc.status_code in (400, 413) else ""
        return respond(request, known[exc.status_code](detail), exc.headers)
    error = KbError(str(exc.detail))
    error.status, error.code, error.title = exc.status_code, f"http-{exc.status_code}", str(exc.detail)
    return respond(request, error, exc.headers)


def _on_stale_data(request: Request, exc: Exception) -> Response:
    return respond(request, StaleVersion("Somebody changed this while you did; read it again and repeat your change."))


def _on_integrity_error(request: Request, exc: Exception) -> Response:
    log(Event.CONSTRAINT_VIOLATED, level="warning", path=request.url.path, error=type(exc).__name__)
    return respond(request, Conflict("This contradicts what is already stored (a name or number is taken, or in use)."))


def _on_data_error(request: Request, exc: Exception) -> Response:
    return respond(request, InvalidInput("A value cannot be stored: too large, or not text."))


def on_unavailable(request: Request, exc: Exception) -> Response:
    """503: a part is down, and when to ask again."""
    is_database = isinstance(exc, SQLAlchemyError)
    log(Event.PART_UNAVAILABLE, level="error", part="database" if is_database else "search", error=type(exc).__name__)
    words = explain(exc) if is_database else "The search cannot be reached now."
    seconds = COLLISION_RETRY_SECONDS if is_collision(exc) else RETRY_AFTER_SECONDS
    return respond(request, Unavailable(words, retry_after_seconds=seconds))
