"""What bookmark sets say to search: a small bonus for staff's own, followed, team and starter sets, with its reason.

A view per person is kept for a moment, so that a search costs at most one small query more. search/lifting.py caps
what is said here and lets nothing rise that the search by itself would not have shown.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from kb_service.auth.actors import Actor
from kb_service.bookmarks import repository
from kb_service.bookmarks.rules import Kind, words_for
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.session import Database
from kb_service.search.signals import Signal, SignalSource

NAME = "bookmark"
BONUS = {Kind.PERSONAL: 0.05, Kind.TEAM: 0.05, Kind.STARTER: 0.03}
KEEP_SECONDS = 2.0
MAX_PEOPLE = 5000
_Key = tuple[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What one person's sets say, and when it was read."""

    signals: Mapping[int, tuple[Signal, ...]]
    stamp: int
    read_at: float


class BookmarkSignals(SignalSource):
    """Signals out of the sets that the asking colleague works with. Thread-safe."""

    def __init__(self, database: Database, catalog: Catalog, keep_seconds: float = KEEP_SECONDS) -> None:
        self._database, self._catalog, self._keep_seconds = database, catalog, keep_seconds
        self._kept: OrderedDict[_Key, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def stamp(self, actor: Actor) -> Hashable:
        """Changes with whatever this actor's sets say; None for those who have none."""
        if not actor.is_staff:
            return None
        kept = self._of(actor)
        return kept.stamp if kept.signals else None

    def signals(self, article_ids: Sequence[int], actor: Actor) -> Mapping[int, Sequence[Signal]]:
        """Signals of those articles that stand in a set of the actor's."""
        if not actor.is_staff:
            return {}
        known = self._of(actor).signals
        return {article: known[article] for article in article_ids if article in known}

    def forget(self) -> None:
        """Read again at the next question."""
        with self._lock:
            self._kept.clear()

    def _of(self, actor: Actor) -> Kept:
        key = (actor.id, actor.audiences)
        found, now = self._kept.get(key), time.monotonic()
        if found is None or now - found.read_at >= self._keep_seconds:
            found = self._read(actor, now)
            with self._lock:
                self._kept[key] = found
                self._kept.move_to_end(key)
                while len(self._kept) > MAX_PEOPLE:
                    self._kept.popitem(last=False)
        return found

    def _read(self, actor: Actor, now: float) -> Kept:
        best: dict[int, Signal] = {}
        with self._database.reading() as session:
            for found, article in repository.used_sets(session, actor):
                name = self._catalog.product_name(found.product) if found.product else ""
                bonus = BONUS[Kind(found.kind)]
                if article not in best or best[article].value < bonus:
                    best[article] = Signal(NAME, bonus, words_for(found, actor.id, name))
        signals = {article: (signal,) for article, signal in best.items()}
        return Kept(signals, hash(tuple(sorted((a, s.value, s.detail) for a, s in best.items()))), now)
