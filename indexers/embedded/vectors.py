"""The vectors of one state: a scan of a compact base, and of a small tail, under a filter.

Invariants: an index is immutable once published; extending it gives a new one that shares the base. Candidates of an
inexact scan are scored again with the stored float16 vectors, so scores are exact cosines to 1e-3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from indexers.embedded.journal import Halves
from indexers.embedded.tables import Array, Mask
from indexers.engine import Vector

Scores = npt.NDArray[np.float32]
TAIL_ROWS = 4096
faiss.omp_set_num_threads(1)


@dataclass(frozen=True)
class VectorIndex:
    """Rows 0 … len(rows) - 1; ``rows`` gives each one's row in the journal's ``matrix``."""

    matrix: Halves
    rows: Array
    base: Any
    base_count: int

    @classmethod
    def build(cls, matrix: Halves, rows: Array) -> VectorIndex:
        """An index over journal rows."""
        return cls(matrix, rows, _scan_index(matrix, rows), len(rows))

    def extend(self, matrix: Halves, rows: Array) -> VectorIndex:
        """The same with more rows; the base is rebuilt when the tail has grown."""
        if len(rows) - self.base_count > max(TAIL_ROWS, self.base_count // 8):
            return self.build(matrix, rows)
        return VectorIndex(matrix, rows, self.base, self.base_count)

    def search(self, vector: Vector, admitted: Mask, count: int) -> tuple[Array, Scores]:
        """The best ``count`` admitted rows with their cosines, best first, ties by row."""
        found = [self._search_base(vector, admitted, count), self._admitted_tail(admitted)]
        rows = np.concatenate(found)
        scores = self.matrix[self.rows[rows]].astype(np.float32) @ vector
        order = np.lexsort((rows, -scores))[:count]
        return rows[order], scores[order]

    def _search_base(self, vector: Vector, admitted: Mask, count: int) -> Array:
        count = min(count, int(np.count_nonzero(admitted[: self.base_count])))
        if not count:
            return np.zeros(0, dtype=np.int64)
        bits = np.packbits(admitted[: self.base_count], bitorder="little")
        selector = faiss.IDSelectorBitmap(self.base_count, faiss.swig_ptr(bits))
        parameters = faiss.SearchParameters(sel=selector)
        _, found = self.base.search(vector[None, :], count, params=parameters)
        return np.asarray(found[0][found[0] >= 0])

    def _admitted_tail(self, admitted: Mask) -> Array:
        return np.flatnonzero(admitted[self.base_count :]) + self.base_count


def _scan_index(matrix: Halves, rows: Array) -> Any:
    index = faiss.IndexScalarQuantizer(matrix.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    for start in range(0, len(rows), 8192):
        index.add(matrix[rows[start : start + 8192]].astype(np.float32))
    return index
