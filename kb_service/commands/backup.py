"""``kb backup`` and ``kb restore``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from kb_service.commands.context import using_database
from kb_service.errors import Conflict
from kb_service.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.command()
def backup(target: Path) -> None:
    """Write everything into a new folder, or into one file when TARGET ends in .tar. Services go on meanwhile."""
    from kb_service.backup.service import make_backup
    from kb_service.transfer.progress_bar import Bars

    with using_database() as database, Bars() as bars:
        manifest = make_backup(database, Settings().data_dir, target, bars)
    print(f"Wrote {manifest.rows} rows of {len(manifest.tables)} tables to {target}. It holds secrets: keep it safe.")


@app.command()
def restore(
    source: Path,
    force: bool = typer.Option(False, help="Replace what the database holds now."),
    check: bool = typer.Option(False, help="Only compare the backup's checksums."),
    index: bool = typer.Option(True, help="Then build the index; without, `kb reindex` does it later."),
) -> None:
    """Bring a backup back: stop services first. The database must be empty, or --force given."""
    from kb_service.backup.service import check_backup, restore_backup
    from kb_service.transfer.progress_bar import Bars

    settings = Settings()
    if check:
        found = check_backup(source, settings.data_dir)
        print(f"The backup of {found.made_at[:19]} UTC is whole: {found.rows} rows of {len(found.tables)} tables.")
        return
    from kb_service.db.session import Database

    database = Database(settings.effective_database_url)
    try:
        with nobody_feeds(settings), Bars() as bars:
            manifest = restore_backup(database, settings.data_dir, source, bars, force)
    finally:
        database.dispose()
    print(f"Brought back {manifest.rows} rows as of {manifest.made_at[:19]} UTC.")
    if index:
        from kb_service.commands.index import reindex

        reindex(progress=True)


@contextmanager
def nobody_feeds(settings: Settings) -> Iterator[None]:
    """Refuse while a service or worker feeds the embedded index, and keep others from it meanwhile."""
    if settings.opensearch_url:
        yield
        return
    from indexers.embedded.lock import WriterLock

    settings.index_dir.mkdir(parents=True, exist_ok=True)
    lock = WriterLock(settings.index_dir)
    if not lock.try_acquire():
        raise Conflict(f"{lock.describe_holder()}. Stop it, then restore.")
    try:
        yield
    finally:
        lock.release()
