"""What is kept only for a while."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from indexers.embedding.cache import VECTORS_FILE, VectorCache
from indexers.embedding.port import Encoder, Vectors
from indexers.embedding.recipe import Recipe
from kb_service.retention import forget_vectors


class Waiting(Encoder):
    """Encodes nothing: forgetting needs only the recipe."""

    recipe = Recipe(model="made", revision="1", dimensions=384, max_tokens=256)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("nothing is encoded")

    encode_passages = encode_queries


def test_vectors_beyond_the_size_are_forgotten_and_the_newest_stay(tmp_path: Path) -> None:
    encoder, cache = Waiting(), VectorCache(tmp_path / VECTORS_FILE, Waiting.recipe)
    texts = [f"text {number}" for number in range(4000)]
    cache.put_many(texts, np.eye(4000, 384, dtype=np.float32) + 0.1)
    cache.close()
    assert forget_vectors(tmp_path, encoder, 1000) == "forgot 0 vectors"
    assert int(forget_vectors(tmp_path, encoder, 1).split()[1]) > 1000
    _, missing = VectorCache(tmp_path / VECTORS_FILE, Waiting.recipe).get_many(texts)
    assert 0 in missing and 3999 not in missing
