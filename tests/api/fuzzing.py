"""schemathesis over the whole OpenAPI, for the short run here and the long one in tests/soak.

Every answer must be documented: its status, its content type, its schema; none may be a server error.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
KNOWN_IDS = (1, 1, 2, 3, 99)
"""What a path's number is replaced by in most cases, so that the requests get past the door."""
KEPT_ROWS = ("/v1/keys/{key_id}", "/v1/users/{user_id}/disable")
"""Not with known ids: the fuzzer would throw itself out."""
Headers = dict[str, str]


@schemathesis.serializer("message/rfc822")
def raw_message(_context: Any, value: Any) -> bytes:
    """A mail's bytes as they were made."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def operations(app: FastAPI) -> Iterator[Any]:
    """Every operation of the application's OpenAPI."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


def fuzz(operation: Any, headers: Headers, examples: int, start: int = 0) -> None:
    """``examples`` requests to one operation, valid and not; the first that breaks a check raises."""
    choice = random.Random(f"{start} {operation.label}")

    @seed(start)
    @settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy())
    def holds(case: schemathesis.Case) -> None:
        send(case, headers, choice)

    holds()


def send(case: schemathesis.Case, headers: Headers, choice: random.Random) -> None:
    """One request with the caller's headers, checked."""
    kept = {
        name: value for name, value in (case.headers or {}).items() if name.lower() not in ("authorization", "cookie")
    }
    if choice.random() < 0.7:
        kept["If-Match"] = "*"
    case.headers, case.cookies = {**kept, **headers}, {}
    if case.operation.path not in KEPT_ROWS and choice.random() < 0.7:
        case.path_parameters = {
            name: _known(name, value, choice) for name, value in (case.path_parameters or {}).items()
        }
    case.validate_response(case.call(), checks=CHECKS)


def _known(name: str, value: Any, choice: random.Random) -> Any:
    if name == "reference" or name.endswith("_id") or name in ("id", "number"):
        return choice.choice(KNOWN_IDS)
    return {"slug": "gateway", "path": "networking", "version": "11.2"}.get(name, value)
