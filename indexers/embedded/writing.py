"""The writer's side of a generation: staging, commit, rollback, compaction.

Order of a commit, each step durable before the next: journal, tantivy, pointer. Invariants: a crash between any two
loses nothing that was acknowledged and shows nothing half-written; an older index_version never replaces a newer one
nor a tombstone of the same or a newer one; what fails leaves nothing staged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from indexers.document import IndexedArticle
from indexers.embedded import compaction
from indexers.embedded import records as rec
from indexers.embedded.generation import Generation
from indexers.embedded.journal import JournalFormatError, encode_record
from indexers.embedded.lexicon import build_documents
from indexers.embedded.salvage import BuildDocuments, Staged, commit_bisecting
from indexers.embedded.state import load_published
from indexers.engine import EngineUnavailable, PoisonDocument, Vector

OnPoint = Callable[[str], None]
PENDING_LIMIT = 20_000  # documents; beyond it a batch commits by itself


class WritableGeneration(Generation):
    """A generation whose writer lock this process holds; one thread writes at a time."""

    def __init__(self, directory: Path, on_point: OnPoint) -> None:
        super().__init__(directory, writable=True)
        self.on_point = on_point
        self.build: BuildDocuments = build_documents
        self._pending: dict[int, Staged] = {}
        self._pending_documents = 0
        self._is_lexicon_broken = False
        self._append_at, self._sequence = self._loaded.end, self._loaded.sequence
        self._remove_leftovers()

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
        self.on_point("vectors_written")
        errors = self._commit_lexicon()
        self.on_point("tantivy_committed")
        if errors:
            bad = [sequence for article in errors for sequence in self._pending[article].sequences]
            self._append(rec.void_meta(bad, self._next_sequence()), self._no_vectors())
            self._journal.sync()
        new = list(self._journal.scan(self._loaded.end, self._append_at))
        self._loaded.replay(new, rec.voided_by(new))
        self._clear_pending()
        self._advance(self._lexicon.opstamp())
        self.on_point("swap")
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
        saved = improved.approximate.save(self.directory)
        self._loaded.vectors = replace(improved, approximate=saved)
        self._pointer = replace(self._pointer, approximate=saved.file_name)
        self._advance(self._pointer.opstamp)
        self._snapshot = self._publish(self._loaded, self._lexicon.searcher())
        self._remove_leftovers()

    def _compact(self) -> None:
        name = compaction.next_name(self._pointer.journal)
        path = self.directory / name
        length = compaction.rewrite(
            self._journal, self._loaded.end, self._loaded.tables, path, self._dimensions, self._sequence
        )
        self.on_point("merge")
        pointer = replace(self._pointer, commit=self._pointer.commit + 1, journal=name, length=length, approximate="")
        pointer.write(self.directory)
        self._turn_to(pointer)
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
        """See Generation.close."""
        with self._lock:
            if self._pending:
                self._lexicon.reopen()
            super().close()
