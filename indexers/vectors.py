"""Vectors for the passages of documents, for each generation the ones that it can hold.

Invariants: a generation made by another recipe than the encoder's gets zero vectors of its own width: its articles
are found by words until the new generation serves, and never by vectors that mean something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from indexers.document import IndexedArticle
from indexers.embedding.port import Encoder
from indexers.engine import Engine, Vector
from indexers.planning import Write


@runtime_checkable
class KnowsTexts(Protocol):
    """An encoder that can say which passages it would not have to encode."""

    def known(self, texts: Sequence[str]) -> set[str]:
        """Those of ``texts`` whose vectors are stored."""


def known_texts(encoder: Encoder, articles: Sequence[IndexedArticle]) -> set[str]:
    """The embedding texts of these articles that need no encoding (none, where the encoder cannot say)."""
    if not isinstance(encoder, KnowsTexts):
        return set()
    texts = {article.embedding_text(passage) for article in articles for passage in article.passages}
    return encoder.known(sorted(texts))


def encode(encoder: Encoder, writes: Sequence[Write]) -> list[tuple[IndexedArticle, Vector]]:
    """Each article with its (passages, d) vectors; one call of the encoder for all. Raises EncoderUnavailable."""
    articles = [write.article for write in writes]
    texts = [article.embedding_text(passage) for article in articles for passage in article.passages]
    rows = encoder.encode_passages(texts) if texts else np.zeros((0, encoder.dimensions), dtype=np.float32)
    documents, start = [], 0
    for article in articles:
        end = start + len(article.passages)
        documents.append((article, rows[start:end]))
        start = end
    return documents


class GenerationVectors:
    """Knows, per generation, whether the encoder's vectors fit; the answer is kept as long as the generation serves."""

    def __init__(self, engine: Engine, recipe: Mapping[str, Any]) -> None:
        self._engine = engine
        self.recipe = dict(recipe)
        self._serving: tuple[str, dict[str, Any]] | None = None

    def serving_recipe(self) -> dict[str, Any]:
        """The recipe of the generation that serves."""
        serving = self._engine.generations()[0]
        if self._serving is None or self._serving[0] != serving:
            self._serving = (serving, dict(self._engine.status().recipe))
        return self._serving[1]

    def fitted(
        self, generation: str, documents: Sequence[tuple[IndexedArticle, Vector]]
    ) -> list[tuple[IndexedArticle, Vector]]:
        """The documents with vectors that this generation can hold."""
        if generation != self._engine.generations()[0] or self.serving_recipe() == self.recipe:
            return list(documents)
        width = int(self.serving_recipe()["dimensions"])
        return [(article, np.zeros((len(vectors), width), dtype=np.float32)) for article, vectors in documents]


def index_recipe(encoder: Encoder) -> dict[str, Any]:
    """What is recorded with every generation: the encoder's recipe, so that both have one digest."""
    return encoder.recipe.to_dict()


def name_passages(encoder: Encoder) -> Encoder:
    """The encoder, its recipe naming the way in which passages are cut: another way makes another generation.

    Apply it to the outermost encoder, so that a cache beneath keeps its vectors when only the cutting changes.
    """
    from indexers.passages import PASSAGE_RECIPE

    encoder.recipe = replace(encoder.recipe, passage_recipe=str(PASSAGE_RECIPE))
    return encoder
