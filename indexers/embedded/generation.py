"""One generation on disk: opening, repairing after a crash, and following the commits of another process.

Invariants: a state is served only when tantivy and the published pointer name the same commit, or after both were
compared record by record; readers never block on the writer and never change a file.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from indexers.embedded import records as rec
from indexers.embedded.files import read_json, sync_directory, write_json
from indexers.embedded.journal import Journal, encode_record
from indexers.embedded.lexicon import Lexicon
from indexers.embedded.snapshot import EmbeddedSnapshot
from indexers.embedded.state import Loaded, Pointer, load_published, load_reconciled
from indexers.engine import EngineUnavailable

FORMAT = 1
CONSISTENT_TRIES = 100


class Generation:
    """An opened generation. ``writable`` belongs to the holder of the writer lock: it may repair the files."""

    def __init__(self, directory: Path, *, writable: bool = False) -> None:
        self.directory = directory
        self.name = directory.name
        meta = _read_meta(directory)
        self.recipe: dict[str, Any] = meta["recipe"]
        self._digest: str = meta["recipe_digest"]
        self._birth = f"{int(meta['created_at'] * 1000):x}"
        self._dimensions: int = meta["dimensions"]
        self._lock = threading.RLock()
        self._lexicon = Lexicon(directory / "tantivy")
        self._pointer = Pointer.read(directory)
        self._writable = writable
        self._journal = self._open_journal(self._pointer)
        self._loaded, self._snapshot = self._load()

    # -- opening ---------------------------------------------------------------------------------------------------

    def _open_journal(self, pointer: Pointer) -> Journal:
        path = self.directory / pointer.journal
        if not path.exists() and not self._writable:
            raise EngineUnavailable(f"{path} does not exist; run the indexing worker or rebuild the index")
        return Journal(path, self._dimensions, writable=self._writable)

    def _turn_to(self, pointer: Pointer) -> None:
        """Make ``pointer`` the known state, with its journal open; matrices mapped from a former one stay valid."""
        if self._journal.path.name != pointer.journal:
            former, self._journal = self._journal, self._open_journal(pointer)
            former.close()
        self._pointer = pointer

    def _load(self) -> tuple[Loaded, EmbeddedSnapshot]:
        searcher, pointer, is_consistent = self._consistent_pair()
        self._turn_to(pointer)
        if is_consistent:
            loaded = load_published(self._journal, pointer)
            is_consistent = loaded.end == pointer.length
        if is_consistent:
            if self._writable and self._journal.size > loaded.end:
                self._journal.truncate(loaded.end)
            return loaded, self._publish(loaded, searcher)
        loaded, repair = load_reconciled(self._journal, pointer, self._lexicon.leads())
        if self._writable:
            self._repair(loaded, repair.voided, repair.documents)
        return loaded, self._publish(loaded, self._lexicon.searcher())

    def _repair(self, loaded: Loaded, voided: Sequence[int], documents: Sequence[int]) -> None:
        """Make the files say what was found, so that the next opening needs no repair."""
        self._journal.truncate(loaded.end)
        if voided:
            loaded.sequence += 1
            record = encode_record(rec.void_meta(voided, loaded.sequence), self._no_vectors())
            loaded.end = self._journal.append([record], loaded.end)
            self._journal.sync()
        self._lexicon.write(documents, ())
        self._advance(self._lexicon.commit(), loaded)

    def _consistent_pair(self) -> tuple[Any, Pointer, bool]:
        """A searcher and the pointer that belongs to it; False when tantivy and the pointer stay apart."""
        for attempt in range(CONSISTENT_TRIES):
            pointer = Pointer.read(self.directory)
            searcher = self._lexicon.searcher()
            opstamp = self._lexicon.opstamp()
            if opstamp == pointer.opstamp and pointer == Pointer.read(self.directory):
                return searcher, pointer, True
            if self._writable:
                break
            time.sleep(0.002 * (attempt > 3))
        return searcher, pointer, False

    # -- reading ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> EmbeddedSnapshot:
        """The newest state known to this process."""
        return self._snapshot

    def refresh(self) -> None:
        """Follow commits of another process; at once when nothing changed. Another thread's refresh is not awaited."""
        if self._writable or not self._lock.acquire(blocking=False):
            return
        try:
            if Pointer.read(self.directory).commit != self._pointer.commit:
                self._follow()
        finally:
            self._lock.release()

    def _follow(self) -> None:
        searcher, pointer, is_consistent = self._consistent_pair()
        if not is_consistent:
            return
        is_same = pointer.journal == self._pointer.journal and pointer.length >= self._loaded.end
        self._turn_to(pointer)
        if not is_same:
            self._loaded = load_published(self._journal, pointer)
        else:
            records = list(self._journal.scan(self._loaded.end, pointer.length))
            voided = rec.voided_by(records)
            if voided and min(voided) <= self._loaded.sequence:
                self._loaded = load_published(self._journal, pointer)
            else:
                self._loaded.replay(records, voided)
        self._snapshot = self._publish(self._loaded, searcher)

    def _publish(self, loaded: Loaded, searcher: Any) -> EmbeddedSnapshot:
        named = self._pointer.approximate
        view, vectors = loaded.freeze(self._journal, self.directory / named if named else None)
        identity = f"{self.name}-{self._birth}:{self._pointer.commit}"
        return EmbeddedSnapshot(identity, self._digest, view, vectors, searcher, self._lexicon.schema, loaded.lists)

    def versions(self) -> Mapping[int, int]:
        """article_id → index_version that both stores hold durably; tombstones negative."""
        with self._lock:
            return self._loaded.tables.versions()

    @property
    def tombstones(self) -> int:
        """How many tombstones are kept."""
        return len(self._loaded.tables.tombstones)

    # -- files ------------------------------------------------------------------------------------------------------

    def _advance(self, opstamp: int, loaded: Loaded | None = None) -> None:
        loaded = loaded or self._loaded
        pointer = replace(
            self._pointer, commit=self._pointer.commit + 1, length=loaded.end, opstamp=opstamp, sequence=loaded.sequence
        )
        pointer.write(self.directory)
        self._pointer = pointer

    def _no_vectors(self) -> Any:
        return np.zeros((0, self._dimensions), dtype=np.float16)

    def close(self) -> None:
        """Release writer, threads and files; staged writes are lost, as in a crash."""
        with self._lock:
            self._lexicon.close()
            self._journal.close()


def create_generation(directory: Path, recipe: Mapping[str, object], digest: str, dimensions: int) -> None:
    """Write an empty generation's directory, durably; it is complete when meta.json is there."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    meta = {
        "format": FORMAT,
        "recipe": dict(recipe),
        "recipe_digest": digest,
        "dimensions": dimensions,
        "created_at": time.time(),
    }
    lexicon = Lexicon(directory / "tantivy")
    pointer = Pointer(opstamp=lexicon.opstamp())
    lexicon.close()
    Journal(directory / pointer.journal, dimensions, writable=True).close()
    pointer.write(directory)
    write_json(directory / "meta.json", meta)
    sync_directory(directory.parent)


def _read_meta(directory: Path) -> dict[str, Any]:
    meta = read_json(directory / "meta.json")
    if meta is None or meta.get("format") != FORMAT:
        raise EngineUnavailable(f"{directory} holds no generation of format {FORMAT}; rebuild the index")
    return meta
