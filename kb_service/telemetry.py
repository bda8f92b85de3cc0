"""Logs: structured, one JSON object a line on stdout, event names from one catalogue.

Never logged: query text, contents, personal data, query strings. Ids only.
"""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

import structlog

if TYPE_CHECKING:
    from structlog.typing import Processor

Level = Literal["debug", "info", "warning", "error"]


class Event(StrEnum):
    """Every event that this product logs. A new event starts with a line here."""

    SERVICE_STARTED = "service.started"
    SERVICE_STOPPED = "service.stopped"
    REQUEST_SERVED = "request.served"
    REQUEST_CRASHED = "request.crashed"
    CONSTRAINT_VIOLATED = "request.constraint_violated"
    PART_UNAVAILABLE = "part.unavailable"
    PART_DEGRADED = "part.degraded"
    SIGN_IN_SUCCEEDED = "auth.sign_in_succeeded"
    SIGN_IN_FAILED = "auth.sign_in_failed"
    SIGNED_OUT = "auth.signed_out"
    USER_CHANGED = "auth.user_changed"
    KEY_CREATED = "auth.key_created"
    KEY_REVOKED = "auth.key_revoked"
    WORKER_STARTED = "worker.started"
    WORKER_WAITING = "worker.waiting_for_lock"
    WORKER_STOPPED = "worker.stopped"
    WORKER_FAILED = "worker.failed"
    BATCH_INDEXED = "worker.batch_indexed"
    DOCUMENT_POISONED = "worker.document_poisoned"
    ARTICLE_WITHDRAWN = "index.article_withdrawn"
    GENERATION_STARTED = "index.generation_started"
    GENERATION_ACTIVATED = "index.generation_activated"
    INDEX_REPAIRED = "index.repaired"
    JOB_RAN = "job.ran"
    JOB_FAILED = "job.failed"
    QUERY_LOG_DROPPED = "search.query_log_dropped"
    SEARCH_DEGRADED = "search.degraded"
    MAIL_SENT = "mail.sent"
    MAIL_FAILED = "mail.failed"
    MAIL_RECEIVED = "mail.received"
    MAIL_REFUSED = "mail.refused"
    MAIL_NOT_FILED = "mail.not_filed"
    MAIL_LISTENING = "mail.listening"
    MAIL_LISTEN_FAILED = "mail.listen_failed"
    IMPORT_FINISHED = "transfer.import_finished"
    DESK_WATCH_FAILED = "desk.watch_failed"
    EXPORT_FINISHED = "transfer.export_finished"


def configure_logging(level: str = "info", to_stderr: bool = False) -> None:
    """Send events to stdout as JSON; a command, whose stdout is its answer, sends them to stderr."""
    threshold = getattr(logging, level.upper())
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
        structlog.processors.JSONRenderer(serializer=_dumps),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory((sys.stderr if to_stderr else sys.stdout).buffer),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(threshold, logging.WARNING), stream=sys.stderr, format="%(message)s", force=True)


def bind_request(request_id: str) -> None:
    """Name this request in every event that is logged on its behalf (threads of endpoints included)."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def log(event: Event, level: Level = "info", **fields: Any) -> None:
    """Log one event of the catalogue."""
    getattr(structlog.get_logger(), level)(event.value, **fields)


def _dumps(value: Any, **_options: Any) -> bytes:
    import orjson

    return orjson.dumps(value, default=str)
