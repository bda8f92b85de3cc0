"""Every table as JSON Lines, read in one state of the database and written in one transaction.

Tables are taken as the database describes them, not as this version's models do: a backup is read back at the schema
that it was made at, and migrated afterwards. Values are plain JSON, so SQLite's come back on PostgreSQL and the
other way.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import JSON, Column, Date, DateTime, LargeBinary, MetaData, Table, func, select, text
from sqlalchemy.engine import Connection

from kb_service.errors import InvalidInput

BATCH = 500
LEFT_OUT = frozenset({"alembic_version", "job"})
"""The schema's version stands in the manifest; periodic jobs and their leases belong to the running installation."""
_FOREIGN_KEYS = text(
    "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
)
Progress = Callable[[str, int, int], None]
Row = dict[str, Any]


def tables_of(connection: Connection) -> dict[str, Table]:
    """What belongs into a backup, by name."""
    metadata = MetaData()
    metadata.reflect(connection)
    return {name: metadata.tables[name] for name in sorted(metadata.tables) if name not in LEFT_OUT}


def count_rows(connection: Connection, tables: Mapping[str, Table]) -> dict[str, int]:
    """Rows of each table."""
    return {n: int(connection.scalar(select(func.count()).select_from(t)) or 0) for n, t in tables.items()}


def dump(connection: Connection, table: Table, path: Path) -> Iterator[int]:
    """Write a table; yields how many rows each piece had."""
    chosen = select(table).order_by(*table.primary_key.columns)
    rows = connection.execution_options(stream_results=True, yield_per=BATCH).execute(chosen)
    with gzip.open(path, "wb", compresslevel=3) as stream:
        for piece in rows.mappings().partitions(BATCH):
            stream.writelines(orjson.dumps({str(k): _plain(v) for k, v in row.items()}) + b"\n" for row in piece)
            yield len(piece)


def load(connection: Connection, table: Table, path: Path) -> Iterator[int]:
    """Insert what ``dump`` wrote; yields how many rows each piece had."""
    readers = {column.name: _reader(column) for column in table.columns}
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type = type(column.type)(none_as_null=True)
    piece: list[Row] = []
    with gzip.open(path, "rb") as stream:
        for line in stream:
            piece.append(_read(orjson.loads(line), readers, table.name))
            if len(piece) == BATCH:
                connection.execute(table.insert(), piece)
                yield len(piece)
                piece = []
    if piece:
        connection.execute(table.insert(), piece)
        yield len(piece)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return value


def _read(row: Row, readers: Mapping[str, Callable[[Any], Any]], table: str) -> Row:
    if unknown := row.keys() - readers.keys():
        raise InvalidInput(f"The table {table} has no column {min(unknown)}: this backup is of another schema.")
    return {name: None if value is None else readers[name](value) for name, value in row.items()}


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat
    if isinstance(column.type, Date):
        return date.fromisoformat
    if isinstance(column.type, LargeBinary):
        return base64.b64decode
    return _same


def _same(value: Any) -> Any:
    return value


@contextmanager
def unordered(connection: Connection) -> Iterator[None]:
    """Rows may come and go in any order within: what refers to what is checked at the end."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")  # checked at the commit
        yield
        return
    keys = list(connection.execute(_FOREIGN_KEYS))
    for table, name, _ in keys:
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    yield
    for table, name, definition in keys:
        connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"))


def continue_numbers(connection: Connection, tables: Mapping[str, Table]) -> None:
    """PostgreSQL: the next id of each table comes after those that were brought back."""
    if connection.dialect.name == "sqlite":
        return
    for name, table in tables.items():
        if "id" not in table.columns:
            continue
        sequence = connection.scalar(select(func.pg_get_serial_sequence(f'"{name}"', "id")))
        highest = connection.scalar(select(func.max(table.c.id)))
        if sequence and highest is not None:
            connection.execute(select(func.setval(sequence, highest)))
