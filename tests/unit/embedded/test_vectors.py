"""The vector layers: the exact scan, the growing tail, and the approximate index with its checked recall."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from indexers.embedded import approximate, vectors
from indexers.embedded.approximate import ApproximateIndex, to_floats
from indexers.embedded.vectors import VectorIndex

DIMENSIONS = 32


def clustered(count: int, seed: int = 0) -> npt.NDArray[np.float16]:
    """Unit vectors around common centres, as passages of related articles are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(200, DIMENSIONS))
    rows = centres[rng.integers(0, 200, count)] + 0.7 * rng.normal(size=(count, DIMENSIONS))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def recall(index: VectorIndex, queries: npt.NDArray[np.float16], admitted: npt.NDArray[np.bool_], depth: int) -> float:
    """Mean recall@depth against brute force over what is admitted."""
    everything = index.matrix[index.rows].astype(np.float32)
    found = 0
    for query in queries.astype(np.float32):
        rows, scores = index.search(query, admitted, depth)
        assert admitted[rows].all()
        assert (np.diff(scores) <= 0).all()
        assert scores == pytest.approx(everything[rows] @ query, abs=1e-3)
        best = np.argsort(-np.where(admitted, everything @ query, -9.0), kind="stable")[:depth]
        found += len(np.intersect1d(rows, best))
    return found / (depth * len(queries))


def test_conversion_is_that_of_numpy() -> None:
    halves = clustered(50)
    assert np.array_equal(to_floats(halves), halves.astype(np.float32))


@pytest.mark.parametrize("eight_bit_rows", [100, 100_000])
def test_an_index_that_grew_finds_what_a_new_one_finds(monkeypatch: pytest.MonkeyPatch, eight_bit_rows: int) -> None:
    monkeypatch.setattr(vectors, "TAIL_ROWS", 40)
    monkeypatch.setattr(vectors, "EIGHT_BIT_ROWS", eight_bit_rows)
    matrix = clustered(1500)
    index = VectorIndex.build(matrix[:0], np.arange(0))
    admitted = np.random.default_rng(1).random(1500) < 0.5
    for count in (10, 30, 90, 100, 700, 730, 745, 1400, 1500):
        index = index.extend(matrix[:count], np.arange(count))
        assert recall(index, clustered(5, 7), admitted[:count], min(5, int(admitted[:count].sum()))) >= 0.99


def test_nothing_is_found_where_nothing_is_admitted() -> None:
    index = VectorIndex.build(clustered(10), np.arange(10))
    rows, scores = index.search(clustered(1)[0].astype(np.float32), np.zeros(10, dtype=np.bool_), 5)
    assert len(rows) == len(scores) == 0


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> VectorIndex:
    """6,000 rows, of which 5,000 were there when the approximate index was trained."""
    monkeypatch.setattr(vectors, "SCAN_ROWS", 100)
    monkeypatch.setattr(vectors, "EIGHT_BIT_ROWS", 1000)
    monkeypatch.setattr(approximate, "MINIMUM_ROWS", 1000)
    matrix = clustered(6000)
    trained = VectorIndex.build(matrix[:5000], np.arange(5000)).improved()
    assert trained is not None
    assert trained.approximate is not None
    return trained.extend(matrix, np.arange(6000))


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.01])
def test_recall_holds_under_filters_of_any_width(large: VectorIndex, share: float) -> None:
    admitted = np.random.default_rng(2).random(6000) < share
    assert recall(large, clustered(20, 7), admitted, 50) >= 0.98


def test_a_saved_approximate_index_is_loaded_and_extended(large: VectorIndex, tmp_path: Path) -> None:
    assert large.approximate is not None
    saved = large.approximate.save(tmp_path)
    loaded = ApproximateIndex.load(tmp_path / saved.file_name)
    assert loaded is not None
    assert loaded.count == large.approximate.count
    again = VectorIndex.build(large.matrix, large.rows, loaded)
    query = clustered(1, 7)[0].astype(np.float32)
    everything = np.ones(6000, dtype=np.bool_)
    assert np.array_equal(again.search(query, everything, 50)[0], large.search(query, everything, 50)[0])
    (tmp_path / saved.file_name).write_bytes(b"damaged")
    assert ApproximateIndex.load(tmp_path / saved.file_name) is None
