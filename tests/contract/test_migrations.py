"""Migrations: the schema is what the models say, on SQLite and PostgreSQL; reversible; safe to run at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from kb_service.assembly import open_database
from kb_service.db import migrate
from kb_service.db.session import Database
from kb_service.errors import Unavailable
from kb_service.settings import Settings
from tests.support.databases import opened

ROOT = Path(__file__).parents[2]


@pytest.fixture
def database(empty_url: str) -> Iterator[Database]:
    with opened(empty_url) as made:
        yield made


def test_the_migrated_schema_is_what_the_models_say(database: Database) -> None:
    migrate.upgrade(database)
    migrate.check(database)
    assert migrate.current_revision(database) == migrate.head_revision()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate.upgrade(database)
    migrate.upgrade(database)
    migrate.check(database)


def test_every_migration_goes_back_and_forth(database: Database) -> None:
    migrate.upgrade(database)
    migrate.downgrade(database, "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    assert migrate.current_revision(database) is None
    migrate.upgrade(database)
    migrate.check(database)


def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    code = f"from kb_service.db import migrate, session; migrate.upgrade(session.Database({empty_url!r}))"
    running = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    errors = [process.communicate(timeout=100)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 4, errors
    with opened(empty_url) as database:
        migrate.check(database)
        with database.reading() as session:
            assert session.scalar(text("SELECT count(*) FROM alembic_version")) == 1


def test_the_release_before_still_starts_on_a_newer_schema(any_url: str, tmp_path: Path) -> None:
    with opened(any_url) as database, database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    open_database(Settings(data_dir=tmp_path, database_url=any_url)).dispose()


def test_a_server_database_must_have_been_migrated(postgres_server, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Unavailable, match="kb migrate"):
        open_database(Settings(data_dir=tmp_path, database_url=postgres_server.create()))


def test_numbers_are_never_used_twice(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'kb.sqlite3'}") as database:
        migrate.upgrade(database)
        with database.engine.connect() as connection:
            tables = "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"
            assert {row[0] for row in connection.exec_driver_sql(tables)} >= {"article", "outbox"}
