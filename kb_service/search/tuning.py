"""A knowledge base fits its own fusion weights from judged questions; adopted only when better on those held out.

Invariants: a question is fitted on or tested on, never both, and always the same of the two (by a digest of its text); weights are
adopted when the held-out part gains significantly (paired, |z| from 1.96 on) on at least MIN_HELD_OUT questions; whatever was
adopted is taken back by ``reset``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean, stdev

from sqlalchemy.orm import Session

from kb_service.db.base import utcnow
from kb_service.errors import KbError
from kb_service.search.calibrating import Question, reader_of
from kb_service.search.curation import FUSION
from kb_service.search.fusion import Weights, fuse
from kb_service.search.measures import ndcg
from kb_service.search.models import SiteState
from kb_service.search.pipeline import make_filter
from kb_service.search.request import SearchRequest
from kb_service.search.retrieval import Legs
from kb_service.search.service import SearchService
from kb_service.search.understanding import read_text, understand

SHARES = (0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75)
SIGNIFICANT = 1.96
MIN_HELD_OUT = 30


@dataclass(frozen=True, slots=True)
class JudgedLegs:
    """What both retrievers brought for a question, and the articles that answer it."""

    text: str
    legs: Legs
    right: frozenset[int]

    @property
    def is_held_out(self) -> bool:
        """Of the half that is tested on."""
        return bool(hashlib.sha256(self.text.encode("utf-8", "replace")).digest()[0] % 2)


@dataclass(frozen=True, slots=True)
class Tuning:
    """Weights fitted on one half and nDCG@10 of the other under both, with the paired z of the difference."""

    weights: Weights
    fitted_on: int
    held_out: int
    before: float
    after: float
    z: float

    @property
    def is_better(self) -> bool:
        """Whether they may be adopted."""
        return self.held_out >= MIN_HELD_OUT and self.z >= SIGNIFICANT


def gather(search: SearchService, judged: Mapping[Question, frozenset[int]]) -> list[JudgedLegs]:
    """Retrieve every judged question once; what cannot be asked any more is left out."""
    snapshot, pipeline = search.engine.snapshot(), search.pipeline
    found = []
    for question, right in judged.items():
        request = SearchRequest(question.text, question.context, actor=reader_of(question.role))
        try:
            stated = pipeline.stated_matches(pipeline.signatures(snapshot), request.stated)
            understood = understand(read_text(question.text), snapshot, {})
        except KbError:
            continue
        legs = search.retriever.retrieve(understood, snapshot, make_filter(request, stated))
        if legs.semantic is not None:
            found.append(JudgedLegs(question.text, legs, right))
    return found


def tune(judged: Sequence[JudgedLegs], current: Weights) -> Tuning:
    """Fit on one half, measure on the other (pure)."""
    fitting = [one for one in judged if not one.is_held_out]
    held_out = [one for one in judged if one.is_held_out]
    chosen = fit(fitting, current)
    before, after = qualities(held_out, current), qualities(held_out, chosen)
    return Tuning(chosen, len(fitting), len(held_out), _mean(before), _mean(after), paired_z(before, after))


def fit(judged: Sequence[JudgedLegs], current: Weights) -> Weights:
    """The best shares of meaning for short questions and for descriptions; the current ones where nothing is better."""
    candidates = [current] + [
        Weights(short, long, min(current.support, long), current.identifier) for short, long in product(SHARES, SHARES)
    ]
    return max(candidates, key=lambda weights: round(_mean(qualities(judged, weights)), 6))


def qualities(judged: Iterable[JudgedLegs], weights: Weights) -> list[float]:
    """nDCG@10 of the fused list, question by question; signals aside."""
    return [_quality(one, weights) for one in judged]


def _quality(one: JudgedLegs, weights: Weights) -> float:
    semantic = one.legs.semantic.candidates if one.legs.semantic else ()
    fused = fuse(one.legs.lexical.candidates, semantic, weights, one.legs.support)
    return float(ndcg([str(f.article_id) for f in fused[:10]], {str(article): 1 for article in one.right}, 10))


def paired_z(before: Sequence[float], after: Sequence[float]) -> float:
    """The mean difference in standard errors; 0 where nothing differs."""
    differences = [b - a for a, b in zip(before, after, strict=True)]
    if len(differences) < 2 or not (spread := stdev(differences)):
        return 0.0
    return fmean(differences) / (spread / math.sqrt(len(differences)))


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


def adopt(session: Session, weights: Weights) -> None:
    """Rank with these weights from the next second on."""
    row = session.get(SiteState, FUSION)
    if row is None:
        row = SiteState(name=FUSION, value={})
        session.add(row)
    row.value, row.updated_at = weights.to_dict(), utcnow()


def reset(session: Session) -> bool:
    """Back to the weights as shipped; False where nothing had been adopted."""
    row = session.get(SiteState, FUSION)
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None
