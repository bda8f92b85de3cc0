"""The semantic leg: best covered passage per article by cosine (pure over a view and its vectors)."""

from __future__ import annotations

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
