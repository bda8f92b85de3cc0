"""The PostgreSQL engine: limits for every connection, dead connections noticed before they are used."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Dialect, Engine, create_engine, event

CONNECT_SECONDS = 5
POOL_WAIT_SECONDS = 5.0
IDLE_IN_TRANSACTION_SECONDS = 120
RECYCLE_SECONDS = 1800
RETRY_SECONDS = 1.0
DRIVER = "postgresql+psycopg"


@dataclass(frozen=True)
class Limits:
    """``pool_size``: connections kept open, as many again in a rush; seconds 0: no limit."""

    pool_size: int = 20
    statement_seconds: float = 30.0
    lock_seconds: float = 5.0


def with_driver(url: URL) -> URL:
    """``postgres://`` and ``postgresql://`` mean the driver that this product brings."""
    return url.set(drivername=DRIVER) if url.drivername in ("postgres", "postgresql") else url


def make_engine(url: URL, limits: Limits) -> Engine:
    """An engine whose sessions speak UTC and never wait for ever."""
    engine = create_engine(
        url,
        pool_size=limits.pool_size,
        max_overflow=limits.pool_size,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        pool_pre_ping=True,
        connect_args=_connect_args(url, limits),
    )
    event.listen(engine, "do_connect", _ConnectGuard().connect)
    return engine


class _ConnectGuard:
    """A server that refused is asked again once a second, by one caller at a time; the others need not wait for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next_try_at = 0.0
        self._error: Exception | None = None

    def connect(self, dialect: Dialect, _record: object, args: Any, options: Any) -> Any:
        """A connection, or the last error."""
        error, now = self._error, self._clock()
        if error is not None:
            if now < self._next_try_at:
                raise type(error)(*error.args)
            self._next_try_at = now + CONNECT_SECONDS
        try:
            connection = dialect.connect(*args, **options)
        except Exception as refused:
            self._error, self._next_try_at = refused, self._clock() + RETRY_SECONDS
            raise
        self._error = None
        return connection


def _connect_args(url: URL, limits: Limits) -> dict[str, Any]:
    session = {
        "timezone": "UTC",
        "statement_timeout": _milliseconds(limits.statement_seconds),
        "lock_timeout": _milliseconds(limits.lock_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(IDLE_IN_TRANSACTION_SECONDS),
    }
    ours = " ".join(f"-c {name}={value}" for name, value in session.items())
    theirs = url.query.get("options", "")
    defaults: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "kb-service",
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,  # a cut network is noticed within seconds, also while an answer is awaited
    }
    kept = {name: value for name, value in defaults.items() if name not in url.query}
    return {**kept, "options": f"{ours} {theirs}".strip()}


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
