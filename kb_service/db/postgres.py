"""The PostgreSQL engine: limits for every connection, dead connections noticed before they are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Engine, create_engine

CONNECT_SECONDS = 5
POOL_WAIT_SECONDS = 5.0
IDLE_IN_TRANSACTION_SECONDS = 120
RECYCLE_SECONDS = 1800
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
    return create_engine(
        url,
        pool_size=limits.pool_size,
        max_overflow=limits.pool_size,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        pool_pre_ping=True,
        connect_args=_connect_args(url, limits),
    )


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
