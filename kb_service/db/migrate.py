"""Brings a database to the schema that this code needs.

Invariants: safe to run by several processes at once (one lock, one transaction; whoever comes second
finds nothing to do); the scripts are found in a checkout (``alembic/``) and in an installed wheel
(``kb_service/_alembic``, where the build puts the same files).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import kb_service
from alembic import command
from kb_service.db.session import Database

DDL_LOCK_SECONDS = 10
_LOCK_ID = 7_214_559_032  # any number, the same in every process


def script_location() -> Path:
    """Where the migration scripts lie."""
    package = Path(kb_service.__file__).parent
    packaged = package / "_alembic"
    return packaged if packaged.is_dir() else package.parent / "alembic"


def import_models() -> None:
    """Import every module that maps tables, so that the metadata is whole."""
    package = Path(kb_service.__file__).parent
    tables = sorted(f"{path.parent.name}.{path.stem}" for path in package.glob("*/*models.py"))
    for name in (*tables, "db.outbox", "db.jobs"):
        importlib.import_module(f"kb_service.{name}")


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply what is missing, up to ``revision``, in one transaction."""
    if revision == "head" and not is_behind(database):
        return
    with _locked(database) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take migrations back down to ``revision`` ("base": all of them)."""
    with _locked(database) as connection:
        command.downgrade(_config(connection), revision)


def check(database: Database) -> None:
    """Raise alembic.util.CommandError when the models and the migrated schema differ."""
    with _locked(database) as connection:
        command.check(_config(connection))


def current_revision(database: Database) -> str | None:
    """The revision that the database is at; None when it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_behind(database: Database) -> bool:
    """Whether the database lacks a migration of this code. One that a newer release has migrated does not: during a
    rolling upgrade the release before still starts.
    """
    current = current_revision(database)
    scripts = ScriptDirectory(str(script_location()))
    known = {script.revision for script in scripts.walk_revisions()}
    return current is None or (current in known and current != scripts.get_current_head())


def is_known(revision: str) -> bool:
    """Whether this code knows the revision; one of a newer release it does not."""
    return revision in {script.revision for script in ScriptDirectory(str(script_location())).walk_revisions()}


def head_revision() -> str | None:
    """The newest revision that this code knows."""
    return ScriptDirectory(str(script_location())).get_current_head()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _take_turn(connection: Connection) -> None:
    """Wait for other migrations however long they take; then wait for tables only so long as readers can bear it."""
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(text(f"SET LOCAL {name} = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK_ID})
    connection.execute(text(f"SET LOCAL lock_timeout = '{DDL_LOCK_SECONDS}s'"))


@contextmanager
def _locked(database: Database) -> Iterator[Connection]:
    with database.engine.connect() as connection:
        connection = connection.execution_options(kb_immediate=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                _take_turn(connection)
            yield connection
