"""Fusing two retrievers' lists into one (pure).

A convex combination of scores normalised with the *theoretical* minimum (Bruch, Gai, Ingber: "An Analysis of
Fusion Functions for Hybrid Retrieval", TOIS 2023): BM25 from 0, cosine from 0 (below it a text
has nothing in common with the question; measured better than -1), both to the best score seen. It does not depend on
depth, and a lone right candidate keeps its worth. An article that only the words found takes the
lowest cosine of the semantic list: its true cosine is at most that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from indexers.engine import Candidate

LEXICAL_MINIMUM = 0.0
SEMANTIC_MINIMUM = 0.0
RELATIVE_FLOOR = 0.45
"""Share of the best score below which a candidate is no result."""
ALWAYS_KEPT = 24
"""So many of the best stay whatever their score: the check and the families may take some of them."""
SHOWN_BY_WORDS = 0.4
"""Normalised word score from which the passage found by words is the one shown."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Share of each retriever in the fused score; ``semantic`` + ``lexical`` = 1.

    ``semantic_long`` in its place, and ``support`` of it for the article as a whole, where a description was asked: many of its
    passages then have something to do with the right article, and a single one with many.
    ``identifier``: added when the article contains a given identifier; larger than every other score together.
    """

    semantic: float = 0.55
    semantic_long: float = 0.6
    support: float = 0.25
    identifier: float = 2.0

    def to_dict(self) -> dict[str, float]:
        """For storing."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> Weights:
        """From a stored form; unknown names are ignored."""
        return cls(**{k: float(v) for k, v in values.items() if k in cls.__slots__})

    @property
    def lexical(self) -> float:
        """What is left of 1."""
        return 1.0 - self.semantic


class Fused(NamedTuple):
    """One article after fusion. ``passage`` is the best of the better-placed retriever."""

    article_id: int
    family_id: int
    revision: int
    index_version: int
    key: str
    passage: int | None
    passage_key: str
    score: float
    lexical: float | None
    semantic: float | None
    lexical_rank: int | None
    semantic_rank: int | None
    has_identifier: bool


def normalise(scores: Sequence[float], minimum: float) -> list[float]:
    """Scale scores to [0, 1] with a known minimum; equal scores at the minimum give 0, a lone one above it 1."""
    if not scores:
        return []
    span = max(scores) - minimum
    if span <= 0:
        return [0.0] * len(scores)
    return [max(0.0, score - minimum) / span for score in scores]


_Placed = tuple[Candidate, float, int]
"""A candidate with its normalised score and its rank."""
_Scored = tuple[float, int, _Placed | None, _Placed | None]
"""Minus the fused score, the article, and what words and meaning say of it."""


def _scored(
    lexical: Sequence[Candidate],
    semantic: Sequence[Candidate],
    weights: Weights,
    support: Mapping[int, float] | None,
) -> list[_Scored]:
    """Every article of both lists, best first."""
    lexical_scores = normalise([c.score for c in lexical], LEXICAL_MINIMUM)
    semantic_scores = normalise([c.score for c in semantic], SEMANTIC_MINIMUM)
    if support and semantic:
        share = weights.support / weights.semantic_long
        semantic_scores = _supported(semantic, semantic_scores, support, share)
        weights = replace(weights, semantic=weights.semantic_long)
    if not semantic:
        weights = replace(weights, semantic=0.0)
    floor = min(semantic_scores, default=0.0)
    by_words = {c.article_id: (c, s, r) for r, (c, s) in enumerate(zip(lexical, lexical_scores, strict=True), 1)}
    by_meaning = {c.article_id: (c, s, r) for r, (c, s) in enumerate(zip(semantic, semantic_scores, strict=True), 1)}
    scored = []
    for article in {**by_words, **by_meaning}:
        words, meaning = by_words.get(article), by_meaning.get(article)
        scored.append((-_score(words, meaning, floor, weights), article, words, meaning))
    scored.sort()
    return scored


def fuse(
    lexical: Sequence[Candidate],
    semantic: Sequence[Candidate],
    weights: Weights,
    support: Mapping[int, float] | None = None,
) -> list[Fused]:
    """Fuse two lists (best first) into one, best first; ties break by article id, so the order is total.

    ``support``: the mean cosine of whole articles, for descriptions; it takes its share of the semantic score.
    """
    return [_made(one) for one in _scored(lexical, semantic, weights, support)]


def fuse_above_floor(
    lexical: Sequence[Candidate],
    semantic: Sequence[Candidate],
    weights: Weights,
    support: Mapping[int, float] | None = None,
) -> list[Fused]:
    """What ``fuse`` gives, without families that stand wholly far below the best; order is kept.

    What is left is all that is checked, ranked and counted. A member of a family that stays, stays: it may be the variant
    that fits the caller.
    """
    scored = _scored(lexical, semantic, weights, support)
    if len(scored) > ALWAYS_KEPT:
        floor = -scored[0][0] * RELATIVE_FLOOR
        families = {
            _passage_source(words, meaning).family_id
            for place, (score, _, words, meaning) in enumerate(scored)
            if place < ALWAYS_KEPT or -score >= floor
        }
        scored = [one for one in scored if _passage_source(one[2], one[3]).family_id in families]
    return [_made(one) for one in scored]


def _supported(
    semantic: Sequence[Candidate], scores: Sequence[float], support: Mapping[int, float], share: float
) -> list[float]:
    """Scores of which ``share`` is the whole article's, on the scale of the best passage's cosine."""
    best = max(c.score for c in semantic)
    whole = [max(0.0, support.get(c.article_id, c.score)) / best if best > 0 else 0.0 for c in semantic]
    return [(1 - share) * score + share * mean for score, mean in zip(scores, whole, strict=True)]


def _score(words: _Placed | None, meaning: _Placed | None, floor: float, weights: Weights) -> float:
    lexical = words[1] if words else 0.0
    semantic = meaning[1] if meaning else floor
    score = weights.lexical * lexical + weights.semantic * semantic
    return score + weights.identifier if words and words[0].has_identifier else score


def _made(scored: _Scored) -> Fused:
    score, article, words, meaning = scored
    best = _passage_source(words, meaning)
    return Fused(
        article, best.family_id, best.revision, best.index_version, best.key, best.passage, best.passage_key,
        -score, words[0].score if words else None, meaning[0].score if meaning else None,
        words[2] if words else None, meaning[2] if meaning else None, bool(words and words[0].has_identifier),
    )  # fmt: skip


def _passage_source(words: _Placed | None, meaning: _Placed | None) -> Candidate:
    """The candidate whose passage is shown: by words where they match well (the reader sees them marked), else by meaning.

    A short section's vector is mostly its title's, so meaning alone would often show a passage that says little.
    """
    if words is None:
        assert meaning is not None
        return meaning[0]
    is_well_matched = words[1] >= SHOWN_BY_WORDS and words[0].passage is not None
    if meaning is None or words[0].has_identifier or is_well_matched:
        return words[0]
    return meaning[0]
