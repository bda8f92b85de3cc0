"""An inexact index for wide filters over many passages: inverted lists of 4-bit product codes (FAISS IVF-PQ FastScan,
André et al. 2017), whose recall is checked when it is built.

Invariants: it only proposes rows, the caller scores them with the stored vectors; it honours a row filter inside the
scan; ``nprobe`` is the smallest tried with recall@100 of 0.98 on a sample, or all lists. Rows are only added.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from indexers.embedded.files import sync_directory
from indexers.embedded.journal import Halves
from indexers.embedded.tables import Array, Mask
from indexers.engine import Vector

MINIMUM_ROWS = 20_000
TRAINING_ROWS = 20_000
CHECKED_QUERIES = 64
CHECKED_DEPTH = 100
WANTED_RECALL = 0.985
EXTRA = 600
BLOCK = 8192
_FAISS: Any = faiss  # its stubs do not know keyword parameters


def to_floats(halves: Halves) -> Vector:
    """float16 rows as float32, by the processor's own conversion (numpy's takes 3 ns a number, ten times as long)."""
    quantizer = _FAISS.ScalarQuantizer(halves.shape[1], faiss.ScalarQuantizer.QT_fp16)
    floats: Vector = quantizer.decode(np.ascontiguousarray(halves).view(np.uint8))
    return floats


@dataclass(frozen=True)
class ApproximateIndex:
    """Covers rows 0 … count - 1; ``trained`` and ``saved``: how many there were at those times."""

    index: Any
    count: int
    nprobe: int
    trained: int
    saved: int = 0

    @property
    def file_name(self) -> str:
        """Where it is saved; carries what the file itself does not say."""
        return f"approximate-{self.saved}-{self.nprobe}-{self.trained}.faiss"

    def is_same_training(self, file_name: str) -> bool:
        """Whether the named file holds an earlier or later state of this index."""
        return file_name.endswith(f"-{self.nprobe}-{self.trained}.faiss")

    def propose(self, vector: Vector, bits: Array, count: int) -> Array:
        """At least ``count`` promising rows among those whose bit is set, when there are as many."""
        selector = faiss.IDSelectorBitmap(len(bits) * 8, faiss.swig_ptr(bits))
        parameters = _FAISS.SearchParametersIVF(sel=selector, nprobe=self.nprobe)
        _, found = self.index.search(vector[None, :], count + EXTRA, params=parameters)
        return np.asarray(found[0][found[0] >= 0])

    def extend(self, matrix: Halves, rows: Array) -> ApproximateIndex:
        """A copy with all of ``rows``; this one stays as it is."""
        copied = faiss.clone_index(self.index)
        add_rows(copied, matrix, rows, self.count)
        return replace(self, index=copied, count=len(rows))

    def save(self, directory: Path) -> ApproximateIndex:
        """Write durably under ``file_name`` of the index that is returned."""
        saved = replace(self, saved=self.count)
        path = directory / saved.file_name
        temporary = path.with_suffix(".tmp")
        faiss.write_index(self.index, str(temporary))
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        sync_directory(directory)
        return saved

    @classmethod
    def load(cls, path: Path) -> ApproximateIndex | None:
        """None when the file is missing or damaged: it can be made again."""
        try:
            count, nprobe, trained = (int(part) for part in path.stem.split("-")[1:])
            return cls(faiss.read_index(str(path)), count, nprobe, trained, count)
        except (RuntimeError, ValueError, OSError):
            return None


def is_worthwhile(rows: int, dimensions: int) -> bool:
    """Whether a scan would be too slow and the codes fit the dimensions."""
    return rows >= MINIMUM_ROWS and dimensions % 4 == 0


def train(matrix: Halves, rows: Array) -> ApproximateIndex:
    """Build over all rows (some seconds for 100,000)."""
    dimensions = matrix.shape[1]
    lists = 1 << max(6, int(np.log2(len(rows) / 300)))
    quantizer = _FAISS.IndexFlatIP(dimensions)
    index = faiss.IndexIVFPQFastScan(quantizer, dimensions, lists, dimensions // 4, 4, faiss.METRIC_INNER_PRODUCT)
    quantizer.this.disown()
    index.own_fields = True
    index.cp.niter = 8
    index.cp.min_points_per_centroid = 1
    sample = np.random.default_rng(0).choice(len(rows), min(TRAINING_ROWS, len(rows)), replace=False)
    index.train(to_floats(matrix[rows[sample]]))
    add_rows(index, matrix, rows, 0)
    return ApproximateIndex(index, len(rows), _check(index, matrix, rows, lists), len(rows))


def add_rows(index: Any, matrix: Halves, rows: Array, start: int) -> None:
    """Add ``rows`` from ``start`` on to a FAISS index, in blocks."""
    for at in range(start, len(rows), BLOCK):
        index.add(to_floats(matrix[rows[at : at + BLOCK]]))


def _check(index: Any, matrix: Halves, rows: Array, lists: int) -> int:
    """The smallest number of probed lists that reaches the recall, on noisy copies of stored vectors."""
    rng = np.random.default_rng(1)
    queries = to_floats(matrix[rows[rng.choice(len(rows), CHECKED_QUERIES)]])
    queries += rng.normal(scale=0.5 / np.sqrt(queries.shape[1]), size=queries.shape).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    blocks = (to_floats(matrix[rows[at : at + BLOCK]]) for at in range(0, len(rows), BLOCK))
    scores = np.concatenate([queries @ block.T for block in blocks], axis=1)
    best = [frozenset(row.tolist()) for row in np.argpartition(-scores, CHECKED_DEPTH, axis=1)[:, :CHECKED_DEPTH]]
    nprobe = max(lists // 8, 1)
    while nprobe < lists:
        parameters = _FAISS.SearchParametersIVF(nprobe=nprobe)
        _, found = index.search(queries, 2 * CHECKED_DEPTH + EXTRA, params=parameters)
        hit = sum(len(wanted.intersection(row.tolist())) for wanted, row in zip(best, found, strict=True))
        if hit >= WANTED_RECALL * CHECKED_QUERIES * CHECKED_DEPTH:
            break
        nprobe = min(lists, nprobe + lists // 8)
    return nprobe


def pack(mask: Mask) -> Array:
    """A row mask as FAISS wants it."""
    return np.packbits(mask, bitorder="little")
