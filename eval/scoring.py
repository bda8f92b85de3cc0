"""From rankings to figures (pure). Scored by rank; the denominator of every mean is every judged query of its group.

inapplicable@10: hits in the first ten whose own applies_to does not cover the query's context, counted (not a mean).
wrong_context@10: documents of wrong_context_docs in the first ten, less those that cover the context, counted.
removed: right documents that the filter made from the context would keep out, counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from eval.datasets import Query
from kb_service.search import measures

Grades = Mapping[str, int]
Measure = Callable[[Sequence[str], Grades], float]
MEASURES: dict[str, Measure] = {
    "nDCG@10": lambda ranking, grades: measures.ndcg(ranking, grades, 10),
    "RR@10": lambda ranking, grades: measures.reciprocal_rank(ranking, grades, 10),
    "hit@1": lambda ranking, grades: measures.hit(ranking, grades, 1),
    "Recall@10": lambda ranking, grades: measures.recall(ranking, grades, 10),
    "Recall@100": lambda ranking, grades: measures.recall(ranking, grades, 100),
}
COUNTS = ("inapplicable@10", "wrong_context@10", "removed")
Covers = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Judged:
    """One judged query with its ranking (document ids, best first) and what the context says of documents."""

    query: Query
    grades: Grades
    ranking: Sequence[str]
    covers: Covers
    """Whether a document's own applies_to covers the query's context."""
    is_kept: Covers
    """Whether the filter made from the context lets a document through."""


def values(judged: Sequence[Judged]) -> dict[str, list[float]]:
    """Every measure of every judged query, in order."""
    return {name: [measure(one.ranking, one.grades) for one in judged] for name, measure in MEASURES.items()}


def score(judged: Sequence[Judged]) -> dict[str, float]:
    """Every measure and count over a group of judged queries."""
    figures: dict[str, float] = {"queries": len(judged)}
    for name, measure in MEASURES.items():
        figures[name] = round(fmean(measure(one.ranking, one.grades) for one in judged), 4) if judged else 0.0
    counts = [count(one) for one in judged]
    return figures | {name: sum(c[name] for c in counts) for name in COUNTS}


def count(one: Judged) -> dict[str, int]:
    """The three counts of one query."""
    top = one.ranking[:10]
    wrong = set(one.query.wrong_context_docs)
    return {
        "inapplicable@10": sum(not one.covers(document) for document in top),
        "wrong_context@10": sum(document in wrong and not one.covers(document) for document in top),
        "removed": sum(not one.is_kept(document) for document in one.grades),
    }


def by_type(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """`score` per query type, in order of first appearance."""
    return {type: score(group) for type, group in grouped(judged).items()}


def grouped(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """Judged queries per type, in order of first appearance."""
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        groups.setdefault(one.query.type, []).append(one)
    return groups


def ratios(ours: Mapping[str, float], theirs: Mapping[str, float]) -> dict[str, float]:
    """Ours divided by theirs, per measure; 0 where theirs is 0."""
    return {name: round(ours[name] / theirs[name], 4) if theirs[name] else 0.0 for name in MEASURES}


def percentiles(values_ms: Sequence[float]) -> dict[str, float]:
    """Median, p95 and p99 (nearest rank) in ms."""
    ordered = sorted(values_ms)
    last = len(ordered) - 1
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {name: round(ordered[min(last, int(share * len(ordered)))], 3) for name, share in shares.items() if ordered}
