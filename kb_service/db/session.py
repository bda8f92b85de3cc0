"""Engines and sessions.

SQLite runs with WAL, foreign keys and synchronous=FULL. A session that will write begins IMMEDIATE:
a deferred transaction that reads and then writes would fail at once when another has written.
PostgreSQL (postgres.py) reads in one snapshot, as SQLite does, and writes under row locks.
Services never commit; the edge that opened the session does.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import Session, sessionmaker

from kb_service.db import postgres
from kb_service.db.failures import UNREACHABLE, is_collision
from kb_service.db.postgres import Limits

BUSY_TIMEOUT_SECONDS = 30
ATTEMPTS = 5
T = TypeVar("T")


class Database:
    """One database: reading and writing sessions over one engine."""

    def __init__(self, url: str, limits: Limits = Limits()) -> None:
        self.url = postgres.with_driver(make_url(url))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else postgres.make_engine(self.url, limits)
        self._factory = sessionmaker(self.engine, expire_on_commit=False)
        self._readers = sessionmaker(self.engine if self.is_sqlite else _snapshots(self.engine), expire_on_commit=False)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading one state of the database; rolled back at the end."""
        with self._readers() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session in one writing transaction; committed at the end, rolled back on any error."""
        with self._factory() as session:
            if self.is_sqlite:
                session.connection(execution_options={"kb_immediate": True})
            yield session
            session.commit()

    def write(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in a writing transaction, and again when another transaction was in its way.

        ``work`` may run several times: it must do nothing outside its session.
        """
        for attempt in range(1, ATTEMPTS):
            try:
                with self.writing() as session:
                    return work(session)
            except UNREACHABLE as error:
                if not is_collision(error):
                    raise
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
        with self.writing() as session:
            return work(session)

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _snapshots(engine: Engine) -> Engine:
    """The same connections, for transactions that see one state and cannot write."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite_engine(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}, pool_size=20, max_overflow=40,
        pool_use_lifo=True,  # each connection has pages of its own in memory: the fewest that suffice are used
    )  # fmt: skip
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=FULL",
        "cache_size=-8192",
        "mmap_size=268435456",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("kb_immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
