"""Alembic's environment: migrates the connection it is given, else the database that the settings name."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Connection

from alembic import context
from kb_service.db.base import Base, UtcDateTime
from kb_service.db.migrate import import_models
from kb_service.db.session import Database
from kb_service.settings import Settings

import_models()


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Scripts name database types only: ours may change, a script that has run may not."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def run(connection: Connection) -> None:
    """Run all migrations in the connection's one transaction (SQLite's DDL is transactional, too)."""
    is_sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=is_sqlite,
        render_item=render_item,
        transactional_ddl=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    database = Database(Settings().effective_database_url)
    with database.engine.begin() as connection:
        run(connection)
