"""The vectors of one state: an exact scan under a filter while few rows are admitted, an inexact index beyond.

Three layers, each covering rows from 0: ``approximate`` (4-bit codes, wide filters), ``base`` (16-bit or, when there
are many, 8-bit scan), and the rest, the newest rows, straight from the file. Invariants: an index is immutable once
published; every returned score is computed with the stored float16 vectors, so it is the cosine to 1e-3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from indexers.embedded.approximate import ApproximateIndex, add_rows, is_worthwhile, pack, to_floats, train
from indexers.embedded.journal import Halves
from indexers.embedded.tables import Array, Mask
from indexers.engine import Vector

Scores = npt.NDArray[np.float32]
TAIL_ROWS = 1_024
EIGHT_BIT_ROWS = 16_384
SCAN_ROWS = 6_000
_FAISS: Any = faiss  # its stubs do not know keyword parameters
faiss.omp_set_num_threads(1)


@dataclass(frozen=True)
class VectorIndex:
    """Rows 0 … len(rows) - 1; ``rows`` gives each one's row in the journal's ``matrix``."""

    matrix: Halves
    rows: Array
    base: Any
    base_count: int
    approximate: ApproximateIndex | None = None

    @classmethod
    def build(cls, matrix: Halves, rows: Array, approximate: ApproximateIndex | None = None) -> VectorIndex:
        """An index over journal rows; an ``approximate`` one that covers more than there is is not used."""
        if approximate is not None:
            approximate = approximate.extend(matrix, rows) if approximate.count <= len(rows) else None
        return cls(matrix, rows, _scan_index(matrix, rows), len(rows), approximate)

    def extend(self, matrix: Halves, rows: Array) -> VectorIndex:
        """The same with more rows."""
        grown = replace(self, matrix=matrix, rows=rows)
        if len(rows) - self.base_count <= TAIL_ROWS:
            return grown
        if (len(rows) > EIGHT_BIT_ROWS) != (self.base_count > EIGHT_BIT_ROWS) or len(rows) > 2 * self.base_count:
            return self.build(matrix, rows, self.approximate)
        base = faiss.clone_index(self.base)
        add_rows(base, matrix, rows, self.base_count)
        approximate = self.approximate and self.approximate.extend(matrix, rows)
        return replace(grown, base=base, base_count=len(rows), approximate=approximate)

    def improved(self) -> VectorIndex | None:
        """With an approximate index that is worth to be saved; None when the saved one, or none, will do."""
        count = len(self.rows)
        if not is_worthwhile(count, self.matrix.shape[1]):
            return None
        if self.approximate is None or count > 2 * self.approximate.trained:
            return replace(self, approximate=train(self.matrix, self.rows))
        if count - self.approximate.saved > max(8 * TAIL_ROWS, count // 16):
            return self
        return None

    def search(self, vector: Vector, admitted: Mask, count: int) -> tuple[Array, Scores]:
        """The best ``count`` admitted rows with their cosines, best first, ties by row."""
        rows = np.concatenate([*self._propose(vector, admitted, count), self._tail(admitted)])
        scores = self.score(vector, rows)
        order = np.lexsort((rows, -scores))[:count]
        return rows[order], scores[order]

    def score(self, vector: Vector, rows: Array) -> Scores:
        """The cosines of these rows."""
        found: Scores = to_floats(self.matrix[self.rows[rows]]) @ vector
        return found

    def _propose(self, vector: Vector, admitted: Mask, count: int) -> list[Array]:
        if self.approximate is None or int(np.count_nonzero(admitted)) <= SCAN_ROWS:
            return [self._scan(vector, admitted, 0, count)]
        covered = self.approximate.count
        wide = self.approximate.propose(vector, pack(admitted[:covered]), count)
        return [wide, self._scan(vector, admitted, covered, count)] if covered < self.base_count else [wide]

    def _scan(self, vector: Vector, admitted: Mask, start: int, count: int) -> Array:
        """The best rows from ``start`` on in the base; some more than wanted where codes are coarse."""
        there = admitted[: self.base_count]
        if start:
            there = there.copy()
            there[:start] = False
        extra = 0 if self.base_count <= EIGHT_BIT_ROWS else count // 4 + 20
        count = min(count + extra, int(np.count_nonzero(there)))
        if not count:
            return np.zeros(0, dtype=np.int64)
        bits = pack(there)
        parameters = _FAISS.SearchParameters(sel=faiss.IDSelectorBitmap(len(bits) * 8, faiss.swig_ptr(bits)))
        _, found = self.base.search(vector[None, :], count, params=parameters)
        return np.asarray(found[0][found[0] >= 0])

    def _tail(self, admitted: Mask) -> Array:
        return np.flatnonzero(admitted[self.base_count :]) + self.base_count


def _scan_index(matrix: Halves, rows: Array) -> Any:
    kinds = faiss.ScalarQuantizer
    kind = kinds.QT_fp16 if len(rows) <= EIGHT_BIT_ROWS else kinds.QT_8bit
    index = faiss.IndexScalarQuantizer(matrix.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    if kind == kinds.QT_8bit:
        index.train(to_floats(matrix[rows[:: max(1, len(rows) // 10_000)]]))
    add_rows(index, matrix, rows, 0)
    return index
