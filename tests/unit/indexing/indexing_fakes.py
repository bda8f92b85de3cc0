"""An engine and a change feed in memory, true to their ports' contracts, with switches that make them fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from indexers.document import IndexedArticle, Passage
from indexers.embedding.port import EncoderUnavailable, HashingEncoder, Vectors
from indexers.engine import Engine, EngineUnavailable, IndexStatus, PoisonDocument, Snapshot, Vector
from indexers.worker import Change


def make_article(article_id: int, index_version: int, texts: Iterable[str] = ("alpha",)) -> IndexedArticle:
    passages = tuple(Passage(i, "", "", text, "all") for i, text in enumerate(texts))
    return IndexedArticle(
        article_id, index_version, f"KB{article_id:06}", 1, article_id, "", "", (), "all", ("public",), "en",
        "problem", (), 0.0, passages, {"all": "[]"}, )  # fmt: skip


class MemoryEngine(Engine):
    """Signed versions, documents and vectors per generation; visible and durable only after ``commit``."""

    def __init__(self, recipe: Mapping[str, Any]) -> None:
        self.live: dict[str, dict[int, int]] = {"g1": {}}
        self.committed: dict[str, dict[int, int]] = {"g1": {}}
        self.documents: dict[tuple[str, int], tuple[IndexedArticle, Vector]] = {}
        self.recipes: dict[str, Mapping[str, Any]] = {"g1": recipe}
        self.serving = "g1"
        self.is_down = False
        self.poison: set[int] = set()
        self.upserts = 0

    def snapshot(self) -> Snapshot:
        raise NotImplementedError

    def generations(self) -> tuple[str, ...]:
        return (self.serving, *(g for g in self.live if g > self.serving))

    def indexed_versions(self, generation: str) -> Mapping[int, int]:
        return self.live[generation]

    def upsert(self, generation: str, articles: Sequence[tuple[IndexedArticle, Vector]]) -> None:
        self._check()
        errors = {}
        for article, vectors in articles:
            assert vectors.shape == (len(article.passages), self.recipes[generation]["dimensions"])
            if article.article_id in self.poison:
                errors[article.article_id] = "a field of the wrong type"
            elif self._takes(generation, article):
                self.live[generation][article.article_id] = article.index_version
                self.documents[generation, article.article_id] = (article, vectors)
                self.upserts += 1
        if errors:
            raise PoisonDocument(errors)

    def withdraw(self, generation: str, articles: Sequence[tuple[int, int]]) -> None:
        self._check()
        for article_id, version in articles:
            if abs(self.live[generation].get(article_id, 0)) <= version:
                self.live[generation][article_id] = -version

    def commit(self, generation: str) -> None:
        self._check()
        self.committed[generation] = dict(self.live[generation])

    def begin_generation(self, recipe: Mapping[str, object]) -> str:
        name = f"g{len(self.recipes) + 1}"
        self.live[name], self.committed[name], self.recipes[name] = {}, {}, recipe
        return name

    def activate(self, generation: str) -> None:
        self.serving = generation

    def discard(self, generation: str) -> None:
        del self.live[generation]

    def prune_tombstones(self, generation: str, older_than_seconds: float) -> int:
        dead = [a for a, version in self.live[generation].items() if version < 0]
        for article_id in dead:
            del self.live[generation][article_id]
        return len(dead)

    def status(self) -> IndexStatus:
        return IndexStatus("memory", self.serving, self.recipes[self.serving], 0, 0, 0, 0, self.generations())

    def close(self) -> None:
        pass

    def _takes(self, generation: str, article: IndexedArticle) -> bool:
        held = self.live[generation].get(article.article_id, 0)
        return abs(held) < article.index_version or held == article.index_version

    def _check(self) -> None:
        if self.is_down:
            raise EngineUnavailable("the cluster is away")


class MemoryChanges:
    """A ChangeSource over dictionaries; ``log`` keeps the order of acknowledgements."""

    def __init__(self) -> None:
        self.state: dict[int, IndexedArticle | None] = {}
        self.versions: dict[int, int] = {}
        self.rows: dict[int, tuple[int, int]] = {}
        self.dead: dict[int, str] = {}
        self.released: list[str] = []
        self.broken: set[int] = set()
        self._next = 1

    def set(self, article: IndexedArticle) -> None:
        self.state[article.article_id] = article
        self._enqueue(article.article_id, article.index_version)

    def withdraw(self, article_id: int, version: int) -> None:
        self.state[article_id] = None
        self._enqueue(article_id, version)

    def enqueue(self, versions: Mapping[int, int]) -> None:
        for article_id, version in versions.items():
            self.rows[self._next] = (article_id, version)
            self._next += 1

    def claim(self, limit: int) -> list[Change]:
        by_article: dict[int, list[int]] = {}
        for row_id, (article_id, _) in self.rows.items():
            by_article.setdefault(article_id, []).append(row_id)
        return [
            Change(tuple(ids), article_id, max(self.rows[i][1] for i in ids))
            for article_id, ids in list(by_article.items())[:limit]
        ]

    def read(self, article_ids: Sequence[int]) -> Mapping[int, IndexedArticle | None]:
        if self.broken & set(article_ids):
            raise ValueError("this article cannot be rendered")
        return {article_id: self.state.get(article_id) for article_id in article_ids}

    def acknowledge(self, row_ids: Sequence[int]) -> None:
        for row_id in row_ids:
            del self.rows[row_id]

    def release(self, row_ids: Sequence[int], error: str) -> None:
        self.released.append(error)

    def bury(self, row_ids: Sequence[int], error: str) -> None:
        for row_id in row_ids:
            self.dead[self.rows.pop(row_id)[0]] = error

    def wanted_versions(self) -> Mapping[int, int]:
        return {a: v if self.state[a] is not None else -v for a, v in self.versions.items()}

    def _enqueue(self, article_id: int, version: int) -> None:
        self.versions[article_id] = version
        self.enqueue({article_id: version})


class CountingEncoder(HashingEncoder):
    """Remembers what it encoded, so that it can say what it knows; ``is_down`` makes it fail."""

    def __init__(self, dimensions: int = 16) -> None:
        super().__init__(dimensions)
        self.encoded: list[str] = []
        self.stored: set[str] = set()
        self.is_down = False

    def known(self, texts: Sequence[str]) -> set[str]:
        return self.stored & set(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        fresh = [text for text in texts if text not in self.stored]
        if fresh and self.is_down:
            raise EncoderUnavailable("the model is away")
        self.encoded += fresh
        self.stored |= set(fresh)
        return super().encode_passages(texts) if texts else np.zeros((0, self.dimensions), dtype=np.float32)
