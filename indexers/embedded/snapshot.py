"""One immutable state of an embedded generation: a view of the tables, the vectors and a tantivy searcher."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import tantivy

from indexers.embedded.lexical import LexicalLeg
from indexers.embedded.lexicon import PASSAGE_BITS, reference
from indexers.embedded.semantic import mean_cosines, retrieve_semantic
from indexers.embedded.suggesting import Suggester, WordLists
from indexers.embedded.tables import View
from indexers.embedded.vectors import VectorIndex
from indexers.engine import (
    BrowseItem,
    Filter,
    LexicalQuery,
    Retrieved,
    Snapshot,
    StoredPassage,
    Suggestion,
    Vector,
)

STORED_BATCH = 256


class EmbeddedSnapshot(Snapshot):
    """See the port. Safe in any thread; what is costly is made on first use."""

    def __init__(
        self, id: str, digest: str, view: View, vectors: VectorIndex, searcher: Any, schema: Any, lists: WordLists
    ) -> None:
        self.id = id
        self.recipe_digest = digest
        self.view = view
        self._vectors = vectors
        self._searcher = searcher
        self._schema = schema
        self._lists = lists
        self._lexical = LexicalLeg(searcher, schema, view)
        self._made_suggester: Suggester | None = None
        self._making = threading.Lock()

    def applicabilities(self) -> Mapping[str, str]:
        """See Snapshot."""
        return self.view.keys_in_use

    def retrieve_lexical(self, query: LexicalQuery, filter: Filter, depth: int) -> Retrieved:
        """See Snapshot."""
        return self._lexical.retrieve(query, self.view.admit(filter), depth)

    def retrieve_semantic(self, vector: Vector, filter: Filter, depth: int) -> Retrieved:
        """See Snapshot."""
        return retrieve_semantic(self.view, self._vectors, vector, self.view.admit(filter), depth)

    def mean_cosines(self, vector: Vector, filter: Filter, article_ids: Sequence[int]) -> Mapping[int, float]:
        """See Snapshot."""
        return mean_cosines(self.view, self._vectors, vector, self.view.admit(filter), article_ids)

    def stored(self, wanted: Sequence[tuple[int, int | None]]) -> dict[int, StoredPassage]:
        """See Snapshot; an article without a passage of its own key gives its lead (passage -1, empty text)."""
        refs = {
            reference(article, self._own_passage(article) if number is None else number) for article, number in wanted
        }
        found: dict[int, StoredPassage] = {}
        ordered = sorted(refs)
        for start in range(0, len(ordered), STORED_BATCH):
            batch = ordered[start : start + STORED_BATCH]
            query = tantivy.Query.term_set_query(self._schema, "ref", batch)
            addresses = [address for _, address in self._searcher.search(query, len(batch), count=False).hits]
            values = self._searcher.fast_field_values("ref", addresses) if addresses else []
            for address, ref in zip(addresses, values, strict=True):
                passage = self._read(address, ref)
                found[passage.article_id] = passage
        return found

    def _own_passage(self, article_id: int) -> int | None:
        (slot,) = self.view.slots_of(np.array([article_id]))
        if slot < 0:
            return None
        row = self.view.articles[slot]
        own = self.view.passages["key"][row["first"] : row["first"] + row["count"]] == row["key"]
        return int(np.argmax(own)) if own.any() else None

    def _read(self, address: Any, ref: int) -> StoredPassage:
        data = orjson.loads(self._searcher.doc(address)["data"][0])
        number = (ref & ((1 << PASSAGE_BITS) - 1)) - 1
        texts = (data.get(name, "") for name in ("anchor", "heading", "text"))
        article = ref >> PASSAGE_BITS
        return StoredPassage(article, data["revision"], data["number"], data["title"], data["short"], number, *texts)

    def suggest(self, text: str, filter: Filter, limit: int) -> list[Suggestion]:
        """See Snapshot."""
        return self._suggester().suggest(text, self.view.admit(filter), limit)

    def vocabulary(self, audiences: frozenset[str]) -> Mapping[str, int]:
        """See Snapshot."""
        return self._suggester().vocabulary(audiences, self.view.admit(Filter(audiences)))

    def _suggester(self) -> Suggester:
        with self._making:
            if self._made_suggester is None:
                self._made_suggester = Suggester(self.view, self._lists)
            return self._made_suggester

    def browse(self, filter: Filter, limit: int, offset: int = 0) -> tuple[list[BrowseItem], int]:
        """See Snapshot."""
        view = self.view
        order = view.newest_first
        admitted = order[view.admit(filter).articles[order]]
        chosen = view.articles[admitted[offset : offset + limit]]
        keys = view.values["key"]
        items = [
            BrowseItem(
                int(row["id"]), int(row["family"]), int(row["revision"]), keys[row["key"]], float(row["updated"])
            )
            for row in chosen
        ]
        return items, len(admitted)

    def term_statistics(self, terms: Sequence[str]) -> dict[str, int]:
        """See Snapshot."""
        return {term: self._lexical.document_frequency(term) for term in terms}

    def passage_count(self) -> int:
        """See Snapshot."""
        return self.view.live_count
