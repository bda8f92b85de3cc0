"""Compares what should be in the index with what is, in both directions, and repairs through the change feed.

Invariants: nothing is written to the index here, so that repairs and changes cannot overtake one another; what is
held is read before what is wanted, so that a change in between is repaired once too often at worst, and never the
wrong way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from indexers.engine import Engine
from indexers.planning import is_ahead, outdated

TOMBSTONE_SECONDS = 24 * 3600.0


class WantedVersions(Protocol):
    """The part of a ChangeSource that is needed here."""

    def wanted_versions(self) -> Mapping[int, int]:
        """article_id → signed index_version of every article."""


@dataclass(frozen=True)
class Reconciled:
    """``missing``: live, absent or old in the index; ``lingering``: found, though withdrawn or unknown to the database;

    ``ahead``: held at a version that the database has not reached (it was restored: build a new generation).
    """

    checked: int
    missing: int
    lingering: int
    ahead: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing had to be repaired."""
        return not (self.missing or self.lingering or self.ahead)

    def __str__(self) -> str:
        return f"checked {self.checked}, missing {self.missing}, lingering {self.lingering}, ahead {self.ahead}"


def reconcile(changes: WantedVersions, engine: Engine, enqueue: Callable[[Mapping[int, int]], object]) -> Reconciled:
    """Enqueue every article that the serving generation holds wrongly (``enqueue`` gets article_id → version).

    One that is being built is compared by its build, before it serves.
    """
    serving = engine.generations()[0]
    held = dict(engine.indexed_versions(serving))
    wanted = dict(changes.wanted_versions())
    wrong = {article_id: abs(wanted.get(article_id) or held[article_id]) for article_id in outdated(wanted, held)}
    withdrawn = {article_id for article_id in wrong if wanted.get(article_id, 0) <= 0}
    lingering = {
        article_id for article_id in withdrawn if held.get(article_id, 0) > 0
    }  # an old tombstone hides as well
    if wrong:
        enqueue(wrong)
    ahead = sum(is_ahead(version, held.get(article_id, 0)) for article_id, version in wanted.items())
    return Reconciled(len(wanted), len(wrong) - len(withdrawn), len(lingering), ahead)


def prune(engine: Engine, older_than_seconds: float = TOMBSTONE_SECONDS) -> int:
    """Forget tombstones that no write can be older than any more; returns how many."""
    return sum(engine.prune_tombstones(generation, older_than_seconds) for generation in engine.generations())
