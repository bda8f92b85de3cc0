"""``kb migrate``."""

from __future__ import annotations

import typer

from kb_service.settings import Settings

app = typer.Typer()


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema. Safe to run again, and by several machines at once."""
    from kb_service.db import migrate as migrations
    from kb_service.db.session import Database

    database = Database(Settings().effective_database_url)
    try:
        migrations.import_models()
        before = migrations.current_revision(database)
        migrations.upgrade(database)
        after = migrations.current_revision(database)
    finally:
        database.dispose()
    print(f"Schema {after}." if before == after else f"Schema {before or 'empty'} → {after}.")
