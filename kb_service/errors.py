"""Every error that a caller may see, in one tree.

KbError
├── InvalidInput          422  something in the request cannot be used; ``pointer`` names the field
├── UnknownCatalogEntry   422  a product, OS or topic that does not exist; names the nearest known
├── NotAuthenticated      401
├── NotAllowed            403  known to exist for the caller, yet not theirs to do
├── NotFound              404  absent, or not for the caller to know
├── Conflict              409  the state does not permit it; says what is possible
├── StaleVersion          412  If-Match names an older version
├── PreconditionRequired  428  If-Match is missing
├── TooLarge              413
├── RateLimited           429
└── Unavailable           503  a part is down; ``retry_after_seconds``

The HTTP edge renders each as RFC 9457 problem+json; the command line as one line with exit code 2.
"""

from __future__ import annotations

from typing import Any


class KbError(Exception):
    """An error with a stable ``code``, an HTTP ``status`` and words that say what to do."""

    status = 500
    code = "internal"
    title = "Something went wrong on our side"

    def __init__(self, detail: str = "", **extras: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extras = extras


class InvalidInput(KbError):
    """A field cannot be used; ``pointer`` is its JSON pointer."""

    status, code, title = 422, "invalid-input", "Some input cannot be used"

    def __init__(self, detail: str, pointer: str = "", **extras: Any) -> None:
        super().__init__(detail, errors=[{"pointer": pointer, "detail": detail}], **extras)
        self.pointer = pointer


class UnknownCatalogEntry(InvalidInput):
    """A product, operating system or topic that the catalogue does not hold."""

    code, title = "unknown-catalog-entry", "Not in the catalogue"

    def __init__(self, kind: str, value: str, nearest: list[str], pointer: str) -> None:
        hint = f" Did you mean {', '.join(nearest)}?" if nearest else ""
        super().__init__(f"There is no {kind} named {value!r}.{hint}", pointer, nearest=nearest)
        self.kind, self.value, self.nearest = kind, value, nearest


class NotAuthenticated(KbError):
    status, code, title = 401, "not-authenticated", "Sign in or send a valid API key"


class NotAllowed(KbError):
    status, code, title = 403, "not-allowed", "Your role does not allow this"


class NotFound(KbError):
    status, code, title = 404, "not-found", "There is nothing here"


class Conflict(KbError):
    status, code, title = 409, "conflict", "The current state does not allow this"


class StaleVersion(KbError):
    status, code, title = 412, "stale-version", "Somebody changed this in the meantime"


class PreconditionRequired(KbError):
    status, code, title = 428, "precondition-required", "Send If-Match with the version you read"


class TooLarge(KbError):
    status, code, title = 413, "too-large", "The request is too large"


class RateLimited(KbError):
    status, code, title = 429, "rate-limited", "Too many requests; try again shortly"


class Unavailable(KbError):
    status, code, title = 503, "unavailable", "A part of the service is not reachable"
