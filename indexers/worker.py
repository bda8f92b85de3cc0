"""Drains a change feed into every live generation of the index. At least once, idempotent.

Invariants:
- A change is acknowledged only after a commit of every live generation that holds it (or something newer).
- The *current* state is written, never the one of the change's moment; order between changes therefore does not matter.
- The engine or the encoder being down costs no change: rows go back and wait. Only an article that fails by itself,
  ``MAX_ATTEMPTS`` times or as a PoisonDocument, becomes a dead letter; the rest of its batch goes on.
- Nothing is encoded while the write lock is held, so a withdrawal by another thread waits for no model.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from indexers.backoff import Backoff
from indexers.document import IndexedArticle
from indexers.embedding.port import Encoder, EncoderUnavailable
from indexers.engine import Engine, EngineUnavailable, PoisonDocument, Vector
from indexers.planning import Plan, Wanted, Write, plan, take
from indexers.vectors import GenerationVectors, KnowsTexts, encode, known_texts

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
BATCH_SECONDS = 0.5
MIN_PASSAGES, MAX_PASSAGES = 16, 512


class FeedUnavailable(Exception):
    """The change feed cannot be read now; no article is to blame."""


PART_FAILURES = (EngineUnavailable, EncoderUnavailable, FeedUnavailable, OSError, MemoryError)


@dataclass(frozen=True)
class Change:
    """Rows of the feed about one article, coalesced; ``index_version`` is the highest of them."""

    row_ids: tuple[int, ...]
    article_id: int
    index_version: int


@dataclass(frozen=True)
class Filled:
    """One slice of a build: articles settled, passages written, articles left over, articles that can never be
    indexed.
    """

    articles: int
    passages: int
    later: tuple[int, ...]
    poison: frozenset[int]


class ChangeSource(Protocol):
    """The change feed, as the service implements it over its outbox. Every call is a transaction of its own."""

    def claim(self, limit: int) -> list[Change]:
        """Up to ``limit`` articles' changes, leased to this caller."""

    def read(self, article_ids: Sequence[int]) -> Mapping[int, IndexedArticle | None]:
        """The current state of each article; None (or absent): it must not be found."""

    def acknowledge(self, row_ids: Sequence[int]) -> None:
        """Every live generation holds these changes."""

    def release(self, row_ids: Sequence[int], error: str) -> None:
        """Give rows back: with an error to be tried after a while, without one at once."""

    def bury(self, row_ids: Sequence[int], error: str) -> None:
        """Make rows dead letters: their article cannot be indexed as it is."""

    def wanted_versions(self) -> Mapping[int, int]:
        """article_id → index_version of every article; positive: live, negative: withdrawn."""


class Worker:
    """Turns changes into index writes. ``write_lock`` is held around engine writes and commits, never around
    encoding.
    """

    def __init__(
        self,
        changes: ChangeSource,
        engine: Engine,
        encoder: Encoder,
        batch: int = 64,
        recipe: Mapping[str, Any] | None = None,
    ) -> None:
        self.write_lock = threading.RLock()
        self.backoff = Backoff()
        self.poisoned = 0
        self._changes = changes
        self._engine = engine
        self._encoder = encoder
        self._vectors = GenerationVectors(engine, encoder.recipe.to_dict() if recipe is None else recipe)
        self._batch = batch
        self._limit = min(batch, 16)
        self._passages = float(2 * MIN_PASSAGES)
        self._failures: Counter[int] = Counter()

    def drain_once(self) -> int:
        """Index one small batch; returns how many articles were acknowledged. 0 while a failed part is given time."""
        if self.backoff.is_waiting:
            return 0
        changes = self._changes.claim(self._limit)
        if not changes:
            return 0
        try:
            mine, poison = self._index(changes)
        except PART_FAILURES as error:
            self._give_time(changes, error)
            return 0
        except Exception as error:  # noqa: BLE001 - something about one of them: find out which
            return self._isolate(changes, error)
        self.backoff.succeeded()
        return self._conclude(mine, poison)

    def _isolate(self, changes: list[Change], error: Exception) -> int:
        if len(changes) > 1:
            return sum(self._index_alone(change) for change in changes)
        self._blame(changes[0], error)
        return 0

    def _index_alone(self, change: Change) -> int:
        try:
            mine, poison = self._index([change])
        except PART_FAILURES as error:
            self._give_time([change], error)
        except Exception as error:  # noqa: BLE001 - the article is to blame, the rest goes on
            self._blame(change, error)
        else:
            return self._conclude(mine, poison)
        return 0

    def _give_time(self, changes: Sequence[Change], error: Exception) -> None:
        """A part is down: wait, and leave the rows as they were."""
        logger.warning("worker.failed", extra={"cause": repr(error)})
        self.backoff.failed()
        self._changes.release(_rows(changes), f"{type(error).__name__}: {error}")

    def _blame(self, change: Change, error: Exception) -> None:
        """Count a failure that is the article's own; the last attempt makes a dead letter."""
        self._failures[change.article_id] += 1
        message = f"{type(error).__name__}: {error}"
        if self._failures[change.article_id] >= MAX_ATTEMPTS:
            self._bury(change, message)
        else:
            self._changes.release(change.row_ids, message)

    def _bury(self, change: Change, message: str) -> None:
        logger.error("worker.document_poisoned", extra={"article_id": change.article_id})
        self._failures.pop(change.article_id, None)
        self.poisoned += 1
        self._changes.bury(change.row_ids, message)

    def _index(self, changes: list[Change]) -> tuple[list[Change], dict[int, str]]:
        """Write what fits into one batch; returns the changes dealt with and the poison among them."""
        wanted = self._wanted(changes)
        made = self._plan(wanted)
        now, later = take(made.writes, int(self._passages))
        if self._is_too_long(now):
            later, now = [*now, *later], []
        postponed = {write.article.article_id for write in later}
        mine = [change for change in changes if change.article_id not in postponed]
        if later:
            self._changes.release(_rows([change for change in changes if change.article_id in postponed]), "")
        poison = self.write(Plan(tuple(now), made.withdrawals))
        self._limit = max(8, min(self._batch, 2 * len(mine)))
        return mine, poison

    def _conclude(self, changes: Sequence[Change], poison: Mapping[int, str]) -> int:
        good = [change for change in changes if change.article_id not in poison]
        for change in changes:
            if change.article_id in poison:
                self._bury(change, poison[change.article_id])
            else:
                self._failures.pop(change.article_id, None)
        if good:
            self._changes.acknowledge(_rows(good))
        return len(good)

    def _wanted(self, changes: Sequence[Change]) -> list[Wanted]:
        current = self._changes.read([change.article_id for change in changes])
        return [_state(change.article_id, change.index_version, current.get(change.article_id)) for change in changes]

    def _plan(self, wanted: Sequence[Wanted], generations: Sequence[str] = ()) -> Plan:
        """What any of the generations (default: all live ones) lacks; a write goes to all of them."""
        known = known_texts(self._encoder, [state.article for state in wanted if state.article is not None])
        writes: dict[int, Write] = {}
        withdrawals: dict[int, int] = {}
        for generation in generations or self._engine.generations():
            held = self._engine.held_versions(generation, [state.article_id for state in wanted])
            made = plan(wanted, held, known.__contains__)
            writes |= {write.article.article_id: write for write in made.writes}
            withdrawals |= dict(made.withdrawals)
        return Plan(tuple(writes.values()), tuple(withdrawals.items()))

    def _is_too_long(self, now: Sequence[Write]) -> bool:
        """Encode the head of one very long article for the cache, so that others get their turn in between."""
        if not isinstance(self._encoder, KnowsTexts) or len(now) != 1 or len(now[0].new_texts) <= 2 * self._passages:
            return False
        self._encoder.encode_passages(now[0].new_texts[: int(self._passages)])
        return True

    def write(self, made: Plan, generations: Sequence[str] = ()) -> dict[int, str]:
        """Write and commit a plan to the generations (default: all live ones); returns the poison articles' errors."""
        documents = self._encode(made.writes)
        poison: dict[int, str] = {}
        with self.write_lock:
            for generation in generations or self._engine.generations():
                poison |= self._write_to(generation, documents, made.withdrawals)
        return poison

    def _encode(self, writes: Sequence[Write]) -> list[tuple[IndexedArticle, Vector]]:
        started = time.monotonic()
        documents = encode(self._encoder, writes)
        fresh = sum(len(write.new_texts) for write in writes)
        if fresh:
            rate = fresh / max(time.monotonic() - started, 1e-3)
            aim = min(max(rate * BATCH_SECONDS, MIN_PASSAGES), MAX_PASSAGES)
            self._passages = (self._passages + aim) / 2
        return documents

    def _write_to(
        self,
        generation: str,
        documents: Sequence[tuple[IndexedArticle, Vector]],
        withdrawals: Sequence[tuple[int, int]],
    ) -> dict[int, str]:
        poison: dict[int, str] = {}
        if withdrawals:
            self._engine.withdraw(generation, withdrawals)
        if documents:
            try:
                self._engine.upsert(generation, self._vectors.fitted(generation, documents))
            except PoisonDocument as error:
                poison = error.errors
        if withdrawals or documents:
            self._engine.commit(generation)
        return poison

    def apply_now(self, article_id: int, index_version: int) -> bool:
        """Bring one article's current state into every live generation, in the caller's thread, without any encoding.

        What would have to be encoded is withdrawn up to the version before, and the feed brings it back. Raises
        EngineUnavailable. False: the article is poison.
        """
        state = _state(article_id, index_version, self._changes.read([article_id]).get(article_id))
        article = state.article
        if article is None:
            return not self.write(Plan(withdrawals=((article_id, state.index_version),)))
        texts = {article.embedding_text(passage) for passage in article.passages}
        if texts - known_texts(self._encoder, [article]):
            return not self.write(Plan(withdrawals=((article_id, state.index_version - 1),)))
        return not self.write(Plan((Write(article),)))

    def fill(self, generation: str, wanted: Mapping[int, int]) -> Filled:
        """Bring some articles (signed wanted versions) into one generation: a slice of its build."""
        current = self._changes.read(list(wanted))
        states = [_state(article_id, abs(version), current.get(article_id)) for article_id, version in wanted.items()]
        made = self._plan(states, [generation])
        now, later = take(made.writes, int(self._passages))
        slice_ = Plan(tuple(now), made.withdrawals, made.unchanged)
        poison = self.write(slice_, [generation])
        passages = sum(len(write.article.passages) for write in now)
        left = tuple(write.article.article_id for write in later)
        return Filled(len(wanted) - len(left), passages, left, frozenset(poison))


def _state(article_id: int, index_version: int, article: IndexedArticle | None) -> Wanted:
    return Wanted(article_id, article.index_version if article is not None else index_version, article)


def _rows(changes: Sequence[Change]) -> list[int]:
    return [row_id for change in changes for row_id in change.row_ids]
