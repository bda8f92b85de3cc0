"""The embedded engine: tantivy and vectors in a local directory, in this process, without a server.

Layout: ``writer.lock``, ``CURRENT`` and ``generations/<name>/`` with ``meta.json`` (recipe, dimensions),
``commit.json`` (the published state), ``journal-<n>.log`` (metadata, vectors, tombstones) and ``tantivy/`` (text).
Invariants: one process writes, on one machine; any number of processes read and follow within a second; snapshots never
change. Errors: EngineUnavailable (no index, not the writer, another machine, disk), PoisonDocument.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from indexers.document import IndexedArticle
from indexers.embedded.catalog import Catalog
from indexers.embedded.files import directory_size
from indexers.embedded.generation import Generation, create_generation
from indexers.embedded.lock import WriterLock
from indexers.embedded.snapshot import EmbeddedSnapshot
from indexers.embedded.writing import OnPoint, WritableGeneration
from indexers.engine import Engine, EngineUnavailable, IndexStatus, Vector
from indexers.generations import Current, digest_of

FOLLOW_SECONDS = 0.2


class EmbeddedEngine(Engine):
    """See the port. Opened for reading only, it can become the writer by ``try_acquire_writer``."""

    def __init__(
        self,
        directory: Path,
        recipe: Mapping[str, object],
        dimensions: int,
        *,
        writable: bool = True,
        on_point: OnPoint | None = None,
    ) -> None:
        """``recipe`` and ``dimensions`` are used for the first generation; an existing one keeps its own.

        ``on_point`` is called at "vectors_written", "tantivy_committed", "swap" and "merge" (kill tests).
        Raises EngineUnavailable when ``writable`` and another process holds the writer lock.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._recipe = dict(recipe)
        self._dimensions = dimensions
        self._on_point: OnPoint = on_point or (lambda _: None)
        self._catalog = Catalog(directory)
        self._writer = WriterLock(directory)
        self._lock = threading.RLock()
        self._opened: dict[str, Generation] = {}
        self._current: Current | None = None
        self._served: Generation | None = None
        """What questions read, replaced in one step: other threads ask while a generation is being opened."""
        self._mark = -2
        self._checked_at = 0.0
        if writable:
            self._writer.acquire()
            self._open_for_writing()
        else:
            self._writer.refuse_other_machine(is_locked=False)

    # -- opening ---------------------------------------------------------------------------------------------------

    @property
    def is_writer(self) -> bool:
        """Whether this engine may write."""
        return self._writer.is_held

    def try_acquire_writer(self) -> bool:
        """Become the writer if no living process is; cheap, to be polled by a waiting worker."""
        with self._lock:
            if self._writer.is_held:
                return True
            if not self._writer.try_acquire():
                return False
            self._open_for_writing()
            return True

    def _open_for_writing(self) -> None:
        try:
            current = self._catalog.read()
            if current is None:
                current = Current(self._create(self._recipe))
                self._catalog.write(current)
            self._catalog.collect_garbage(current)
            former, self._opened = self._opened, {}
            self._current = current
            for name in current.live:
                self._open(name)
            self._served = self._opened[current.serving]
            for generation in former.values():
                generation.close()
        except BaseException:
            self._writer.release()
            raise

    def _create(self, recipe: Mapping[str, object]) -> str:
        name = self._catalog.next_name()
        dimensions = recipe.get("dimensions", self._dimensions)
        if not isinstance(dimensions, int) or dimensions < 8:
            raise ValueError(f"a recipe with {dimensions!r} dimensions cannot be indexed")
        create_generation(self._catalog.path(name), recipe, digest_of(recipe), dimensions)
        return name

    def _open(self, name: str) -> Generation:
        generation = self._opened.get(name)
        if generation is None:
            path = self._catalog.path(name)
            generation = WritableGeneration(path, self._on_point) if self._writer.is_held else Generation(path)
            self._opened[name] = generation
        return generation

    # -- reading ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> EmbeddedSnapshot:
        """See the port; looks for commits of another process at most five times a second."""
        now = time.monotonic()
        if not self._writer.is_held and (self._current is None or now - self._checked_at >= FOLLOW_SECONDS):
            self._checked_at = now
            self._follow()
        return self._serving().snapshot()

    def _follow(self) -> None:
        with self._lock:
            mark = self._catalog.mark()
            if mark != self._mark:
                self._current = self._catalog.read()
                self._mark = mark
            if self._current is None:
                self._served = None
                return
            self._served = serving = self._open(self._current.serving)
            for name in [name for name in self._opened if name != self._current.serving]:
                self._opened.pop(name).close()
        serving.refresh()

    def _serving(self) -> Generation:
        serving = self._served
        if serving is None:
            raise EngineUnavailable("there is no index yet; start the indexing worker, which makes it")
        return serving

    def generations(self) -> tuple[str, ...]:
        """See the port."""
        current = self._current if self._writer.is_held else self._catalog.read()
        return () if current is None else current.live

    def indexed_versions(self, generation: str) -> Mapping[int, int]:
        """See the port: only what both stores hold durably."""
        return self._live(generation).versions()

    def status(self) -> IndexStatus:
        """See the port."""
        snapshot = self.snapshot()
        serving = self._serving()
        versions = serving.versions()
        articles = sum(1 for version in versions.values() if version > 0)
        size = directory_size(serving.directory)
        return IndexStatus(
            "embedded", serving.name, serving.recipe, articles, snapshot.passage_count(), serving.tombstones, size,
            self.generations(),
        )  # fmt: skip

    # -- writing ---------------------------------------------------------------------------------------------------

    def upsert(self, generation: str, articles: Sequence[tuple[IndexedArticle, Vector]]) -> None:
        """See the port."""
        self._writable(generation).upsert(articles)

    def withdraw(self, generation: str, articles: Sequence[tuple[int, int]]) -> None:
        """See the port."""
        self._writable(generation).withdraw(articles)

    def commit(self, generation: str) -> None:
        """See the port."""
        self._writable(generation).commit()

    def recipe_of(self, generation: str) -> Mapping[str, object]:
        """The recipe that a live generation was begun with."""
        with self._lock:
            return dict(self._open(generation).recipe)

    def previous_generation(self) -> str | None:
        """See the port."""
        current = self._catalog.read()
        return None if current is None else current.previous

    def begin_generation(self, recipe: Mapping[str, object]) -> str:
        """See the port."""
        with self._lock:
            current = self._require_writer()
            name = self._create(recipe)
            self._catalog.write(Current(current.serving, (*current.building, name), current.previous))
            self._current = self._catalog.read()
            self._open(name)
            return name

    def activate(self, generation: str) -> None:
        """See the port; what was staged is committed first. The generation before the former one is removed."""
        with self._lock:
            current = self._require_writer()
            if generation not in current.kept:
                raise EngineUnavailable(
                    f"there is no generation {generation}; there are {', '.join(sorted(current.kept))}"
                )
            opened = self._open(generation)
            if isinstance(opened, WritableGeneration):
                opened.commit()
            swapped = current.activated(generation)
            self._on_point("swap")
            self._catalog.write(swapped)
            self._current, self._served = swapped, opened
            for name in [name for name in self._opened if name not in swapped.live]:
                self._opened.pop(name).close()
            self._catalog.collect_garbage(swapped)

    def discard(self, generation: str) -> None:
        """See the port; raises ValueError for the serving one."""
        with self._lock:
            remaining = self._require_writer().without(generation)
            self._catalog.write(remaining)
            self._current = remaining
            if opened := self._opened.pop(generation, None):
                opened.close()
            shutil.rmtree(self._catalog.path(generation), ignore_errors=True)

    def prune_tombstones(self, generation: str, older_than_seconds: float) -> int:
        """See the port."""
        return self._writable(generation).prune_tombstones(older_than_seconds)

    def _require_writer(self) -> Current:
        if not self._writer.is_held or self._current is None:
            raise EngineUnavailable(f"this process only reads the index: {self._writer.describe_holder()}")
        return self._current

    def _writable(self, name: str) -> WritableGeneration:
        self._require_writer()
        generation = self._live(name)
        if not isinstance(generation, WritableGeneration):
            raise EngineUnavailable(f"generation {name} was opened for reading")
        return generation

    def _live(self, name: str) -> Generation:
        if name not in self.generations():
            raise EngineUnavailable(f"generation {name} receives no changes; live are {', '.join(self.generations())}")
        with self._lock:
            return self._open(name)

    def close(self) -> None:
        """See the port."""
        with self._lock:
            for generation in self._opened.values():
                generation.close()
            self._opened.clear()
            self._current = self._served = None
            self._mark = -2
            self._writer.release()
