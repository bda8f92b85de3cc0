"""An inexact index for wide filters over many passages: inverted lists of 4-bit product codes (FAISS IVF-PQ FastScan,
André et al. 2017), whose recall is checked when it is built.

Invariants: it only proposes rows, the caller scores them with the stored vectors; it honours a row filter inside the
scan; ``nprobe`` is the smallest tried with recall@100 of 0.98 on a sample, or all lists. Rows are only added.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
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
EXTRA = 300
BLOCK = 8192
_FAISS: Any = faiss  # its stubs do not know keyword parameters


@dataclass(frozen=True)
class ApproximateIndex:
    """Covers rows 0 … count - 1; ``trained`` is how many there were when it was trained."""

    index: Any
    count: int
    nprobe: int
    trained: int

    @property
    def file_name(self) -> str:
        """Carries what the file itself does not say."""
        return f"approximate-{self.count}-{self.nprobe}-{self.trained}.faiss"

    def propose(self, vector: Vector, bits: Array, count: int) -> Array:
        """At least ``count`` promising rows among those whose bit is set, when there are as many."""
        selector = faiss.IDSelectorBitmap(len(bits) * 8, faiss.swig_ptr(bits))
        parameters = _FAISS.SearchParametersIVF(sel=selector, nprobe=self.nprobe)
        _, found = self.index.search(vector[None, :], count + EXTRA, params=parameters)
        return np.asarray(found[0][found[0] >= 0])

    def extend(self, matrix: Halves, rows: Array) -> ApproximateIndex:
        """A copy with all of ``rows``; this one stays as it is."""
        copied = faiss.clone_index(self.index)
        _add(copied, matrix, rows, self.count)
        return ApproximateIndex(copied, len(rows), self.nprobe, self.trained)

    def save(self, directory: Path) -> str:
        """Write durably; returns the file's name."""
        path = directory / self.file_name
        temporary = path.with_suffix(".tmp")
        faiss.write_index(self.index, str(temporary))
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        sync_directory(directory)
        return path.name

    @classmethod
    def load(cls, path: Path) -> ApproximateIndex | None:
        """None when the file is missing or damaged: it can be made again."""
        try:
            count, nprobe, trained = (int(part) for part in path.stem.split("-")[1:])
            return cls(faiss.read_index(str(path)), count, nprobe, trained)
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
    index.train(matrix[rows[sample]].astype(np.float32))
    _add(index, matrix, rows, 0)
    return ApproximateIndex(index, len(rows), _check(index, matrix, rows, lists), len(rows))


def _add(index: Any, matrix: Halves, rows: Array, start: int) -> None:
    for at in range(start, len(rows), BLOCK):
        index.add(matrix[rows[at : at + BLOCK]].astype(np.float32))


def _check(index: Any, matrix: Halves, rows: Array, lists: int) -> int:
    """The smallest number of probed lists that reaches the recall, on noisy copies of stored vectors."""
    rng = np.random.default_rng(1)
    queries = matrix[rows[rng.choice(len(rows), CHECKED_QUERIES)]].astype(np.float32)
    queries += rng.normal(scale=0.5 / np.sqrt(queries.shape[1]), size=queries.shape).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    blocks = (matrix[rows[at : at + BLOCK]].astype(np.float32) for at in range(0, len(rows), BLOCK))
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
