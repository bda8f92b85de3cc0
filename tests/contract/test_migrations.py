"""Migrations: the schema is what the models say, on SQLite and PostgreSQL; reversible; safe to run at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect

from kb_service.db import migrate
from kb_service.db.session import Database

ROOT = Path(__file__).parents[2]


def urls() -> list[str]:
    """SQLite always; PostgreSQL where KB_TEST_POSTGRES_URL names an empty database."""
    return ["sqlite", os.environ.get("KB_TEST_POSTGRES_URL", "postgresql")]


@pytest.fixture(params=urls())
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url: str = request.param
    if url == "postgresql":
        pytest.skip("no PostgreSQL: this version is tested on SQLite; set KB_TEST_POSTGRES_URL to try one")
    database = Database(f"sqlite:///{tmp_path / 'kb.sqlite3'}" if url == "sqlite" else url)
    yield database
    migrate.downgrade(database, "base")
    database.dispose()


def test_the_migrated_schema_is_what_the_models_say(database: Database) -> None:
    migrate.upgrade(database)
    migrate.check(database)
    assert migrate.current_revision(database) == migrate.head_revision()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate.upgrade(database)
    migrate.upgrade(database)
    migrate.check(database)


def test_every_migration_goes_back(database: Database) -> None:
    migrate.upgrade(database)
    migrate.downgrade(database, "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    assert migrate.current_revision(database) is None


def test_several_processes_may_migrate_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kb.sqlite3'}"
    code = f"from kb_service.db import migrate, session; migrate.upgrade(session.Database({url!r}))"
    running = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    errors = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 4, errors
    database = Database(url)
    migrate.check(database)
    database.dispose()


def test_numbers_are_never_used_twice(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'kb.sqlite3'}")
    migrate.upgrade(database)
    with database.engine.connect() as connection:
        tables = "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"
        assert {row[0] for row in connection.exec_driver_sql(tables)} >= {"article", "outbox"}
    database.dispose()
