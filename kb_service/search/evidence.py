"""Is there an answer at all? (pure)

Decided on raw evidence before fusion, by a small calibrated function: fused scores are relative and cannot carry it.
The probability is a logistic function of the best cosine, the share of the query's weight that the best candidates
hold, and the margin of the best over the tenth; an unknown identifier decides alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from indexers.engine import Retrieved


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the retrievers know of a question. Cosines in [-1, 1], shares in [0, 1]; None: that retriever was out."""

    best_cosine: float | None
    matched_share: float
    margin: float
    unknown_identifiers: int
    known_identifiers: bool
    has_candidates: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients per recipe, fitted by ``kb-eval calibrate``; ``floor`` is the probability below which we say no."""

    intercept: float = -4.325
    cosine: float = 5.426
    matched: float = 2.039
    margin: float = 5.988
    floor: float = 0.19

    def to_dict(self) -> dict[str, float]:
        """For storing."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> Calibration:
        """From a stored form; unknown names are ignored."""
        return cls(**{k: float(v) for k, v in values.items() if k in cls.__slots__})


def gather(lexical: Retrieved | None, semantic: Retrieved | None, known_identifiers: bool) -> Evidence:
    """Read the evidence off both lists."""
    cosines = [c.score for c in semantic.candidates] if semantic else []
    tenth = cosines[min(9, len(cosines) - 1)] if cosines else 0.0
    return Evidence(
        best_cosine=cosines[0] if cosines else None,
        matched_share=lexical.evidence.matched_share if lexical else 0.0,
        margin=(cosines[0] - tenth) if cosines else 0.0,
        unknown_identifiers=len(lexical.evidence.unknown_identifiers) if lexical else 0,
        known_identifiers=known_identifiers,
        has_candidates=bool(cosines or (lexical and lexical.candidates)),
    )


def probability(evidence: Evidence, calibration: Calibration) -> float:
    """The probability that the knowledge base answers the question, in [0, 1]."""
    if not evidence.has_candidates:
        return 0.0
    if evidence.known_identifiers:
        return 1.0
    if evidence.best_cosine is None:
        return min(1.0, evidence.matched_share)
    z = (
        calibration.intercept
        + calibration.cosine * evidence.best_cosine
        + calibration.matched * evidence.matched_share
        + calibration.margin * evidence.margin
    )
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, z))))


def refusal(evidence: Evidence, calibration: Calibration) -> str | None:
    """Why there is no answer (nothing_applies, unknown_identifier, below_floor), or None when there is one."""
    if not evidence.has_candidates:
        return "nothing_found"
    if evidence.unknown_identifiers and not evidence.known_identifiers:
        return "unknown_identifier"
    return "below_floor" if probability(evidence, calibration) < calibration.floor else None
