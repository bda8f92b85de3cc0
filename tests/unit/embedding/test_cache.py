"""The cache never fails a caller and never gives a wrong vector."""

import multiprocessing
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from indexers.embedding.cache import CachedEncoder, VectorCache
from indexers.embedding.port import HashingEncoder, Vectors
from indexers.embedding.recipe import Recipe

TEXTS = [f"passage number {i} about printers" for i in range(40)]


class CountingEncoder(HashingEncoder):
    """Remembers what it was asked to encode."""

    def __init__(self, dimensions: int = 64) -> None:
        super().__init__(dimensions)
        self.passages: list[str] = []
        self.queries: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.passages += texts
        return super().encode_passages(texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        self.queries += texts
        return super().encode_queries(texts)


@pytest.fixture
def encoder() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "vectors.sqlite"


def fill(path: Path, encoder: HashingEncoder, texts: Sequence[str] = TEXTS) -> None:
    cache = VectorCache(path, encoder.recipe)
    cache.put_many(texts, HashingEncoder(encoder.dimensions).encode_passages(texts))
    cache.close()


def test_what_was_put_is_found_by_another_opening_and_the_rest_is_named_missing(
    path: Path, encoder: CountingEncoder
) -> None:
    fill(path, encoder, TEXTS[:3])
    vectors, missing = VectorCache(path, encoder.recipe).get_many([TEXTS[2], "new", TEXTS[0], "\ud800"])
    assert missing == [1, 3]
    assert vectors.dtype == np.float32
    expected = HashingEncoder(64).encode_passages([TEXTS[2], TEXTS[0]])
    assert np.allclose(vectors[[0, 2]], expected, atol=5e-4)
    assert np.allclose(np.linalg.norm(vectors[[0, 2]], axis=1), 1, atol=1e-5)


def test_another_recipe_does_not_find_them(path: Path, encoder: CountingEncoder) -> None:
    fill(path, encoder)
    assert VectorCache(path, Recipe("other", "1", 64, 512)).get_many(TEXTS[:2])[1] == [0, 1]


def test_more_texts_than_one_statement_takes_are_found(path: Path, encoder: CountingEncoder) -> None:
    texts = [str(i) for i in range(1203)]
    fill(path, encoder, texts)
    assert VectorCache(path, encoder.recipe).get_many(texts)[1] == []


@pytest.mark.parametrize("damage", ["garbage", "truncated", "header", "middle", "empty"])
def test_a_damaged_file_is_discarded_and_the_cache_works_on(path: Path, encoder: CountingEncoder, damage: str) -> None:
    fill(path, encoder)
    content = path.read_bytes()
    broken = {
        "garbage": b"not a database at all" * 1000,
        "truncated": content[: len(content) // 2 + 100],
        "header": b"X" * 100 + content[100:],
        "middle": content[:4096] + b"\xff" * (len(content) - 4096),
        "empty": b"",
    }
    path.write_bytes(broken[damage])
    cache = VectorCache(path, encoder.recipe)
    cached = CachedEncoder(encoder, cache)
    assert np.allclose(cached.encode_passages(TEXTS), HashingEncoder(64).encode_passages(TEXTS), atol=5e-4)
    assert cache.get_many(TEXTS)[1] == []


def test_a_flipped_byte_in_a_vector_makes_it_missing_not_wrong(path: Path, encoder: CountingEncoder) -> None:
    fill(path, encoder, TEXTS[:1])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE vector SET content = CAST(x'5A' || substr(content, 2) AS BLOB)")
    connection.close()
    cache = VectorCache(path, encoder.recipe)
    assert cache.get_many(TEXTS[:1])[1] == [0]
    CachedEncoder(encoder, cache).encode_passages(TEXTS[:1])
    assert cache.get_many(TEXTS[:1])[1] == []


def test_vectors_of_the_wrong_shape_are_refused(path: Path, encoder: CountingEncoder) -> None:
    with pytest.raises(ValueError, match="shape"):
        VectorCache(path, encoder.recipe).put_many(["a"], np.zeros((1, 3), dtype=np.float32))


def test_pruning_makes_the_file_small_and_keeps_the_newest(path: Path, encoder: CountingEncoder) -> None:
    fill(path, encoder, [str(i) for i in range(3000)])
    cache = VectorCache(path, encoder.recipe)
    assert cache.prune(200_000) > 0
    assert path.stat().st_size <= 250_000
    _, missing = cache.get_many(["0", "2999"])
    assert missing == [0]
    assert cache.prune(200_000) == 0


def test_no_text_is_encoded_twice(path: Path, encoder: CountingEncoder) -> None:
    progress: list[tuple[int, int]] = []
    cached = CachedEncoder(
        encoder, VectorCache(path, encoder.recipe), on_progress=lambda done, total: progress.append((done, total))
    )
    first = cached.encode_passages(["a", "b", "a"])
    second = cached.encode_passages(["b", "c", "a"])
    assert encoder.passages == ["a", "b", "c"]
    assert np.array_equal(first[[1, 0]], second[[0, 2]]), "fresh and cached vectors are the same to the bit"
    assert progress == [(0, 2), (2, 2), (2, 3), (3, 3)]
    assert cached.encode_passages([]).shape == (0, 64)


def test_a_repeated_query_is_remembered_and_the_oldest_forgotten(path: Path, encoder: CountingEncoder) -> None:
    cached = CachedEncoder(encoder, VectorCache(path, encoder.recipe), query_size=2)
    cached.encode_queries(["a", "b", "a"])
    cached.encode_queries(["a", "c"])
    cached.encode_queries(["a", "b"])
    assert encoder.queries == ["a", "b", "c", "b"]
    assert np.array_equal(cached.encode_queries(["b", "a"]), HashingEncoder(64).encode_queries(["b", "a"]))


def test_a_cache_of_another_recipe_is_refused(path: Path, encoder: CountingEncoder) -> None:
    with pytest.raises(ValueError, match="recipe"):
        CachedEncoder(encoder, VectorCache(path, Recipe("other", "1", 64, 512)))


def test_two_processes_fill_one_file(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=fill_part, args=(path, part)) for part in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert (
        VectorCache(path, HashingEncoder(64).recipe).get_many([f"{p}-{i}" for p in range(2) for i in range(50)])[1]
        == []
    )


def fill_part(path: Path, part: int) -> None:
    cache = VectorCache(path, HashingEncoder(64).recipe)
    for i in range(50):
        cache.put_many([f"{part}-{i}"], HashingEncoder(64).encode_passages([f"{part}-{i}"]))
