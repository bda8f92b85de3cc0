"""One generation on disk: journal, tantivy, published pointer; its writer side and its readers' states.

Order of a commit, each step durable before the next: journal, tantivy, pointer. Invariants: a crash between any two
loses nothing that was acknowledged and shows nothing half-written; an older index_version never replaces a newer one
nor a tombstone of the same or a newer one; readers never block on the writer.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from indexers.document import IndexedArticle
from indexers.embedded import compaction
from indexers.embedded import records as rec
from indexers.embedded.files import read_json, sync_directory, write_json
from indexers.embedded.journal import Journal, JournalFormatError, encode_record
from indexers.embedded.lexicon import Lexicon, build_documents
from indexers.embedded.salvage import BuildDocuments, Staged, commit_bisecting
from indexers.embedded.snapshot import EmbeddedSnapshot
from indexers.embedded.state import Loaded, Pointer, load_published, load_reconciled
from indexers.engine import EngineUnavailable, PoisonDocument, Vector

OnPoint = Callable[[str], None]
FORMAT = 1
PENDING_LIMIT = 20_000  # documents; beyond it a batch commits by itself
CONSISTENT_TRIES = 100


class Generation:
    """An opened generation. Writing methods belong to the holder of the writer lock, one thread at a time."""

    def __init__(self, directory: Path, *, writable: bool, on_point: OnPoint) -> None:
        self.directory = directory
        self.name = directory.name
        meta = _read_meta(directory)
        self.recipe: dict[str, Any] = meta["recipe"]
        self._digest: str = meta["recipe_digest"]
        self._birth = f"{int(meta['created_at'] * 1000):x}"
        self._dimensions: int = meta["dimensions"]
        self._on_point = on_point
        self.build: BuildDocuments = build_documents
        self._lock = threading.RLock()
        self._lexicon = Lexicon(directory / "tantivy")
        self._pointer = Pointer.read(directory)
        self._writable = writable
        self._journal = self._open_journal(self._pointer)
        self._pending: dict[int, Staged] = {}
        self._pending_documents = 0
        self._is_lexicon_broken = False
        self._loaded, self._snapshot = self._load()
        self._append_at, self._sequence = self._loaded.end, self._loaded.sequence
        if writable:
            self._remove_leftovers()

    # -- opening ---------------------------------------------------------------------------------------------------

    def _open_journal(self, pointer: Pointer) -> Journal:
        path = self.directory / pointer.journal
        if not path.exists() and not self._writable:
            raise EngineUnavailable(f"{path} does not exist; run the indexing worker or rebuild the index")
        return Journal(path, self._dimensions, writable=self._writable)

    def _load(self) -> tuple[Loaded, EmbeddedSnapshot]:
        searcher, pointer, is_consistent = self._consistent_pair()
        self._pointer = pointer
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
        if pointer.journal != self._pointer.journal or pointer.length < self._loaded.end:
            self._journal = self._open_journal(pointer)
            self._loaded = load_published(self._journal, pointer)
        else:
            records = list(self._journal.scan(self._loaded.end, pointer.length))
            voided = rec.voided_by(records)
            if voided and min(voided) <= self._loaded.sequence:
                self._loaded = load_published(self._journal, pointer)
            else:
                self._loaded.replay(records, voided)
        self._pointer = pointer
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

    # -- writing ---------------------------------------------------------------------------------------------------

    def upsert(self, articles: Sequence[tuple[IndexedArticle, Vector]]) -> None:
        """Stage documents; see Engine.upsert. Raises PoisonDocument after staging the rest."""
        errors: dict[int, str] = {}
        with self._lock:
            for article, vectors in articles:
                try:
                    fault = rec.describe_fault(article, vectors, self._dimensions)
                    if fault is None and self._is_newer(article.article_id, article.index_version):
                        self._stage(article, vectors)
                except (JournalFormatError, ValueError, TypeError, AttributeError) as error:
                    fault = str(error)
                if fault is not None:
                    errors[article.article_id] = fault
            if self._pending_documents > PENDING_LIMIT:
                self.commit()
        if errors:
            raise PoisonDocument(errors)

    def withdraw(self, articles: Sequence[tuple[int, int]]) -> None:
        """Stage tombstones; see Engine.withdraw."""
        with self._lock:
            for article_id, version in articles:
                if version >= self._version_of(article_id)[0]:
                    meta = rec.tombstone_meta(article_id, version, self._next_sequence(), time.time())
                    self._append(meta, self._no_vectors())
                    self._keep(article_id, version, meta["seq"], None, [])

    def _is_newer(self, article_id: int, version: int) -> bool:
        held, is_tombstone = self._version_of(article_id)
        return version > held or (version == held and not is_tombstone)

    def _version_of(self, article_id: int) -> tuple[int, bool]:
        staged = self._pending.get(article_id)
        if staged is not None:
            return staged.version, staged.article is None
        return self._loaded.tables.version_held(article_id)

    def _stage(self, article: IndexedArticle, vectors: Vector) -> None:
        sequence = self._next_sequence()
        documents = self.build(article, sequence)
        self._append(rec.article_meta(article, sequence), rec.normalised_halves(vectors))
        self._keep(article.article_id, article.index_version, sequence, article, documents)

    def _keep(
        self, article_id: int, version: int, sequence: int, article: IndexedArticle | None, documents: list[Any]
    ) -> None:
        earlier = self._pending[article_id].sequences if article_id in self._pending else ()
        self._pending[article_id] = Staged(article_id, version, (*earlier, sequence), article)
        self._pending_documents += len(documents)
        if self._is_lexicon_broken:
            return
        try:
            self._lexicon.write([article_id], documents)
        except ValueError:
            self._is_lexicon_broken = True  # by this document or one before it: commit finds out

    def _append(self, meta: Mapping[str, Any], vectors: Any) -> None:
        self._append_at = self._journal.append([encode_record(meta, vectors)], self._append_at)

    def _next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    def _no_vectors(self) -> Any:
        return np.zeros((0, self._dimensions), dtype=np.float16)

    def commit(self) -> None:
        """Make everything staged durable and visible; see Engine.commit. After EngineUnavailable nothing is staged."""
        with self._lock:
            if self._append_at == self._loaded.end:
                return
            try:
                errors = self._commit_stores()
            except OSError as error:
                self._roll_back()
                raise EngineUnavailable(f"the index in {self.directory} could not be written: {error}") from error
            self._improve()
        if errors:
            raise PoisonDocument(errors)

    def _commit_stores(self) -> dict[int, str]:
        self._journal.sync()
        self._on_point("vectors_written")
        errors = self._commit_lexicon()
        self._on_point("tantivy_committed")
        if errors:
            bad = [sequence for article in errors for sequence in self._pending[article].sequences]
            self._append(rec.void_meta(bad, self._next_sequence()), self._no_vectors())
            self._journal.sync()
        new = list(self._journal.scan(self._loaded.end, self._append_at))
        self._loaded.replay(new, rec.voided_by(new))
        self._clear_pending()
        self._advance(self._lexicon.opstamp())
        self._on_point("swap")
        self._snapshot = self._publish(self._loaded, self._lexicon.searcher())
        return errors

    def _commit_lexicon(self) -> dict[int, str]:
        if not self._is_lexicon_broken:
            try:
                self._lexicon.commit()
            except ValueError:
                self._is_lexicon_broken = True
        if self._is_lexicon_broken:
            return commit_bisecting(self._lexicon, list(self._pending.values()), self.build)
        return {}

    def _clear_pending(self) -> None:
        self._pending.clear()
        self._pending_documents = 0
        self._is_lexicon_broken = False

    def _roll_back(self) -> None:
        """Forget what is staged; what tantivy may have committed is sorted out like after a crash."""
        self._lexicon.reopen()
        self._clear_pending()
        self._loaded, self._snapshot = self._load()
        self._append_at, self._sequence = self._loaded.end, self._loaded.sequence

    def _improve(self) -> None:
        """After the commit is visible: compact, and bring the approximate index up to date, where it is due."""
        if compaction.is_due(self._snapshot.view):
            self._compact()
        improved = self._loaded.vectors.improved() if self._loaded.vectors else None
        if improved is None or improved.approximate is None:
            return
        named = improved.approximate.save(self.directory)
        self._loaded.vectors = improved
        self._pointer = replace(self._pointer, approximate=named)
        self._advance(self._pointer.opstamp)
        self._snapshot = self._publish(self._loaded, self._lexicon.searcher())
        self._remove_leftovers()

    def _compact(self) -> None:
        name = compaction.next_name(self._pointer.journal)
        path = self.directory / name
        length = compaction.rewrite(
            self._journal, self._loaded.end, self._loaded.tables, path, self._dimensions, self._sequence
        )
        self._on_point("merge")
        pointer = replace(self._pointer, commit=self._pointer.commit + 1, journal=name, length=length, approximate="")
        pointer.write(self.directory)
        self._journal.close()
        self._journal = self._open_journal(pointer)
        self._pointer = pointer
        self._loaded = load_published(self._journal, pointer)
        self._append_at = self._loaded.end
        self._snapshot = self._publish(self._loaded, self._lexicon.searcher())
        self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        """Files of former states that the pointer does not name; readers that mapped them keep them."""
        named = {self._pointer.journal, self._pointer.approximate}
        for path in self.directory.iterdir():
            if path.name not in named and path.name.startswith(("journal-", "approximate-", ".commit.json.")):
                path.unlink(missing_ok=True)

    def _advance(self, opstamp: int, loaded: Loaded | None = None) -> None:
        loaded = loaded or self._loaded
        pointer = replace(
            self._pointer, commit=self._pointer.commit + 1, length=loaded.end, opstamp=opstamp, sequence=loaded.sequence
        )
        pointer.write(self.directory)
        self._pointer = pointer

    def prune_tombstones(self, older_than_seconds: float) -> int:
        """Forget tombstones older than this; durable at once."""
        with self._lock:
            limit = time.time() - older_than_seconds
            old = [article for article, (_, at) in self._loaded.tables.tombstones.items() if at <= limit]
            if old:
                self._append(rec.forget_meta(old, self._next_sequence()), self._no_vectors())
                self.commit()  # with whatever else is staged
            return len(old)

    def close(self) -> None:
        """Release writer, threads and files; staged writes are lost, as in a crash."""
        with self._lock:
            self._lexicon.reopen() if self._pending else None
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
