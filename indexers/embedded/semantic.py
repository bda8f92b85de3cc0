"""The semantic leg: best covered passage per article by cosine (pure over a view and its vectors)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexers.embedded.lexical import make_candidates
from indexers.embedded.tables import Admitted, View
from indexers.embedded.vectors import VectorIndex
from indexers.engine import Retrieved, Vector

PASSAGES_PER_ARTICLE = 2


def retrieve_semantic(view: View, vectors: VectorIndex, vector: Vector, admitted: Admitted, depth: int) -> Retrieved:
    """See Snapshot.retrieve_semantic; asks for more passages until there are enough articles."""
    vector = np.ascontiguousarray(vector, dtype=np.float32)
    norm = float(np.linalg.norm(vector))
    if depth < 1 or not admitted.passage_count or not np.isfinite(norm) or norm < 1e-12:
        return Retrieved(())
    vector = vector / np.float32(norm)
    count = min(depth * PASSAGES_PER_ARTICLE, admitted.passage_count)
    while True:
        rows, scores = vectors.search(vector, admitted.passages, count)
        slots, firsts = np.unique(view.passages["article"][rows], return_index=True)
        if len(slots) > depth or count >= admitted.passage_count:
            break
        count = min(count * 4, admitted.passage_count)
    order = np.lexsort((view.articles["id"][slots], -scores[firsts]))[:depth]
    best = firsts[order]
    chosen = slots[order]
    numbers = [int(number) for number in rows[best] - view.articles["first"][chosen]]
    candidates = make_candidates(view, chosen, numbers, scores[best], has_identifier=False)
    return Retrieved(candidates, is_full=len(slots) > depth)


def mean_cosines(
    view: View, vectors: VectorIndex, vector: Vector, admitted: Admitted, article_ids: Sequence[int]
) -> dict[int, float]:
    """See Snapshot.mean_cosines."""
    vector = np.ascontiguousarray(vector, dtype=np.float32)
    norm = float(np.linalg.norm(vector))
    slots = view.slots_of(np.asarray(article_ids, dtype=np.int64))
    slots = slots[slots >= 0]
    counts = view.articles["count"][slots].astype(np.int64)
    if not counts.sum() or not np.isfinite(norm) or norm < 1e-12:
        return {}
    ends = np.cumsum(counts)
    rows = np.arange(ends[-1]) - np.repeat(ends - counts - view.articles["first"][slots], counts)
    owners = np.repeat(np.arange(len(slots)), counts)
    is_covered = admitted.passages[rows]
    rows, owners = rows[is_covered], owners[is_covered]
    sums = np.bincount(owners, weights=vectors.score(vector / np.float32(norm), rows), minlength=len(slots))
    covered = np.bincount(owners, minlength=len(slots))
    ids = view.articles["id"][slots]
    return {int(ids[at]): float(sums[at] / covered[at]) for at in np.flatnonzero(covered)}
