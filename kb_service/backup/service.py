"""Making a backup beside a running service, and bringing one back into an empty installation.

A backup holds the database in one state, the encoded texts (so that the index is rebuilt without a model's work) and the
secret key. The index is not in it: it is a copy that is made again.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection

from indexers.embedding.cache import VECTORS_FILE
from kb_service.backup import archive
from kb_service.backup.archive import Manifest
from kb_service.backup.tables import Progress, continue_numbers, count_rows, dump, load, tables_of, unordered
from kb_service.db import migrate
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from kb_service.errors import Conflict, InvalidInput
from kb_service.secret import FILE_NAME as SECRET_FILE

PAGES = 2048


def make_backup(database: Database, data_dir: Path, target: Path, progress: Progress) -> Manifest:
    """Write everything to ``target``; services go on meanwhile. Raises Conflict when ``target`` exists."""
    with archive.making(target) as folder:
        (folder / "tables").mkdir()
        with database.reading() as session:
            connection = session.connection()
            _take_time(connection)
            manifest = _dump_all(connection, folder, progress)
        _copy_files(data_dir, folder)
        return archive.seal(folder, manifest)


def _dump_all(connection: Connection, folder: Path, progress: Progress) -> Manifest:
    tables = tables_of(connection)
    counts = count_rows(connection, tables)  # the first query: from here on the state is this one
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    done, total = 0, sum(counts.values())
    for name, table in tables.items():
        for rows in dump(connection, table, folder / "tables" / f"{name}.jsonl.gz"):
            done += rows
            progress("backup", done, total)
    return Manifest(str(revision), utcnow().isoformat(), counts)


def _copy_files(data_dir: Path, folder: Path) -> None:
    if (data_dir / SECRET_FILE).exists():
        shutil.copy2(data_dir / SECRET_FILE, folder / SECRET_FILE)
    if (data_dir / VECTORS_FILE).exists():
        with (
            closing(sqlite3.connect(f"file:{data_dir / VECTORS_FILE}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(folder / VECTORS_FILE)) as copy,
        ):
            source.backup(copy, pages=PAGES)


def restore_backup(database: Database, data_dir: Path, source: Path, progress: Progress, force: bool) -> Manifest:
    """Bring everything back, in one transaction. ``force``: what is there now is replaced.

    Raises InvalidInput for a damaged or newer backup, Conflict where something is there already. The caller rebuilds
    the index afterwards.
    """
    with archive.opened(source, data_dir) as (folder, manifest):
        _prepare_schema(database, manifest, force)
        with database.engine.connect() as raw:
            connection = raw.execution_options(kb_immediate=True)
            with connection.begin():
                _take_time(connection)
                _load_all(connection, folder, manifest, progress)
        migrate.upgrade(database)
        _put_files(data_dir, folder)
        return manifest


def check_backup(source: Path, room: Path) -> Manifest:
    """Only compare the checksums."""
    with archive.opened(source, room) as (_, manifest):
        return manifest


def _prepare_schema(database: Database, manifest: Manifest, force: bool) -> None:
    """An empty database at the backup's schema, or one of that schema whose content may go."""
    if not migrate.is_known(manifest.revision):
        raise InvalidInput("This backup was made by a newer version. Install that version, then restore.")
    current = migrate.current_revision(database)
    is_filled = current is not None and _is_filled(database)
    if is_filled and not force:
        raise Conflict("The database is not empty. Restore into an empty one, or say --force to replace all it holds.")
    if current == manifest.revision:
        return
    if is_filled:
        raise Conflict("The database has another schema than the backup. Restore into an empty one.")
    if current is not None:
        migrate.downgrade(database, "base")
    migrate.upgrade(database, manifest.revision)


def _is_filled(database: Database) -> bool:
    with database.engine.connect() as connection:
        return any(count_rows(connection, tables_of(connection)).values())


def _load_all(connection: Connection, folder: Path, manifest: Manifest, progress: Progress) -> None:
    tables = tables_of(connection)
    if missing := manifest.tables.keys() - tables.keys():
        raise InvalidInput(f"The database has no table {min(missing)}: this backup is of another schema.")
    done = 0
    with unordered(connection):
        for table in tables.values():
            connection.execute(table.delete())
        connection.execute(text("DELETE FROM job"))
        for name in manifest.tables:
            for rows in load(connection, tables[name], folder / "tables" / f"{name}.jsonl.gz"):
                done += rows
                progress("restore", done, manifest.rows)
    continue_numbers(connection, tables)
    if count_rows(connection, {name: tables[name] for name in manifest.tables}) != manifest.tables:
        raise InvalidInput("The backup does not hold what its manifest says; nothing was changed.")


def _put_files(data_dir: Path, folder: Path) -> None:
    """What this installation has of its own stays."""
    data_dir.mkdir(parents=True, exist_ok=True)
    for name in (SECRET_FILE, VECTORS_FILE):
        if (folder / name).exists() and not (data_dir / name).exists():
            shutil.copy2(folder / name, data_dir / name)


def _take_time(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {name} = 0"))
