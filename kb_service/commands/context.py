"""What every command opens: settings, the database, all parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kb_service.settings import Settings

if TYPE_CHECKING:
    from kb_service.assembly import Parts
    from kb_service.db.session import Database


@contextmanager
def using_database() -> Iterator[Database]:
    """The configured database, migrated."""
    from kb_service.assembly import open_database

    database = open_database(Settings())
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def using_parts(writable: bool = False) -> Iterator[Parts]:
    """All parts; ``writable``: this process may become the writer of the index."""
    from kb_service.assembly import assemble

    parts = assemble(Settings(), writable)
    try:
        yield parts
    finally:
        parts.close()


def print_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as their widest cell; plain text, for people and for cut(1) alike."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    for row in (header, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
