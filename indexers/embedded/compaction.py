"""Rewrites a journal without its dead rows.

Invariants: the new file holds the live records byte for byte, in order, then tombstones; it is durable before the
published pointer names it; the old file is removed after. A crash between leaves a file that nobody names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from indexers.embedded.files import sync_directory
from indexers.embedded.journal import Journal, Record, encode_record
from indexers.embedded.records import ARTICLE, tombstone_meta
from indexers.embedded.tables import Tables, View

DEAD_SHARE = 0.3
DEAD_MINIMUM_ROWS = 2_048
BATCH = 256


def is_due(view: View) -> bool:
    """Whether more than 30 % of the passage rows are dead, and enough to matter."""
    total = len(view.passages)
    dead = total - view.live_count
    return dead > max(DEAD_MINIMUM_ROWS, DEAD_SHARE * total)


def next_name(name: str) -> str:
    """journal-7.log → journal-8.log."""
    return f"journal-{int(name.removeprefix('journal-').removesuffix('.log')) + 1}.log"


def rewrite(journal: Journal, end: int, tables: Tables, path: Path, dimensions: int, sequence: int) -> int:
    """Write the compacted journal to ``path``; returns its length. ``sequence`` is the newest one in use."""
    path.unlink(missing_ok=True)
    target = Journal(path, dimensions, writable=True)
    try:
        length, batch = 0, []
        for block in _live_blocks(journal, end, tables):
            batch.append(block)
            if len(batch) == BATCH:
                length, batch = target.append(batch, length), []
        none = np.zeros((0, dimensions), dtype=np.float16)
        for article_id, (version, at) in tables.tombstones.items():
            batch.append(encode_record(tombstone_meta(article_id, version, sequence, at), none))
        length = target.append(batch, length)
        target.sync()
    finally:
        target.close()
    sync_directory(path.parent)
    return length


def _live_blocks(journal: Journal, end: int, tables: Tables) -> Iterator[bytes]:
    start = 0
    with journal.path.open("rb") as stream:
        for record in journal.scan(0, end):
            if _is_live(record, tables):
                stream.seek(start)
                yield stream.read(record.end - start)
            start = record.end


def _is_live(record: Record, tables: Tables) -> bool:
    return bool(record.meta["kind"] == ARTICLE and tables.sequence_of(record.meta["id"]) == record.meta["seq"])
