"""drain_index: brings what waits into the index, in this process when nobody else writes it.

Invariant: a running service is never disturbed: whoever holds the writer lock indexes, others only watch.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from kb_service.assembly import Parts
from kb_service.db.outbox import pending
from kb_service.indexing import IndexFeed
from kb_service.transfer.importing import Progress

IDLE_SECONDS = 0.2
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Drained:
    """``is_mine`` False: another process writes the index, and does it. ``left``: changes that still wait."""

    is_mine: bool
    articles: int
    left: int
    seconds: float


def drain_index(parts: Parts, progress: Progress | None = None) -> Drained:
    """Index until nothing waits, or nothing has moved for a minute."""
    started = time.monotonic()
    feed = IndexFeed.of(parts)
    feed.step()
    if not feed.is_writer:
        return Drained(False, 0, count_waiting(parts), 0.0)
    return _drain(parts, feed, progress, started)


def _drain(parts: Parts, feed: IndexFeed, progress: Progress | None, started: float) -> Drained:
    left = total = count_waiting(parts)
    moved_at = time.monotonic()
    while left and time.monotonic() - moved_at < PATIENCE_SECONDS:
        if feed.step():
            moved_at = time.monotonic()
        else:
            time.sleep(IDLE_SECONDS)
        left = count_waiting(parts)
        total = max(total, left)
        if progress:
            progress("indexing", total - left, total)
    return Drained(True, total - left, left, time.monotonic() - started)


def count_waiting(parts: Parts) -> int:
    """Changes that the index does not hold yet."""
    with parts.database.reading() as session:
        return pending(session)[0]
