"""Measures of a ranking (pure), scored by rank: nDCG@k, RR@k, hit@k, Recall@k.

Names and definitions follow ir_measures. A query without results scores 0 and counts in every denominator.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def ndcg(ranking: Sequence[str], relevant: Mapping[str, int], k: int) -> float:
    """nDCG@k with linear gain and log2 discount (Järvelin, Kekäläinen 2002), in [0, 1]."""
    gains = sorted((g for g in relevant.values() if g > 0), reverse=True)[:k]
    ideal = sum(g / math.log2(i + 2) for i, g in enumerate(gains))
    if not ideal:
        return 0.0
    return sum(max(0, relevant.get(d, 0)) / math.log2(i + 2) for i, d in enumerate(ranking[:k])) / ideal


def reciprocal_rank(ranking: Sequence[str], relevant: Mapping[str, int], k: int) -> float:
    """1 / rank of the first relevant document within k, else 0."""
    for i, document in enumerate(ranking[:k], 1):
        if relevant.get(document, 0) > 0:
            return 1.0 / i
    return 0.0


def hit(ranking: Sequence[str], relevant: Mapping[str, int], k: int) -> float:
    """1 if a relevant document stands within k, else 0."""
    return 1.0 if any(relevant.get(d, 0) > 0 for d in ranking[:k]) else 0.0


def recall(ranking: Sequence[str], relevant: Mapping[str, int], k: int) -> float:
    """Share of the relevant documents within k."""
    wanted = {d for d, g in relevant.items() if g > 0}
    return len(wanted.intersection(ranking[:k])) / len(wanted) if wanted else 0.0


def area_under_roc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """Probability that a positive scores above a negative (ties count half); 0.5 when either is empty."""
    if not positives or not negatives:
        return 0.5
    ordered = sorted([(s, 1) for s in positives] + [(s, 0) for s in negatives])
    rank_sum, i = 0.0, 0
    while i < len(ordered):
        j = i
        while j < len(ordered) and ordered[j][0] == ordered[i][0]:
            j += 1
        rank_sum += (i + 1 + j) / 2 * sum(label for _, label in ordered[i:j])
        i = j
    n, m = len(positives), len(negatives)
    return (rank_sum - n * (n + 1) / 2) / (n * m)
