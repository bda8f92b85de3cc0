"""An unattended answer: one packet, a choice that a question decides, or none.

Used by every channel that answers by itself. An ``answer`` is given only when it is the right one 95 times in 100
(``AnswerThresholds``, calibrated by ``kb-eval calibrate``); in doubt it is a choice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kb_service.articles.renderings import Packet
from kb_service.search import evidence
from kb_service.search.pipeline import Found
from kb_service.search.request import Clarify, Hit

MAX_CHOICES = 3


@dataclass(frozen=True, slots=True)
class AnswerThresholds:
    """``probability``: of any answer at all; ``lead``: of the best fused score over the second, as a share of the best."""

    probability: float = 0.55
    lead: float = 0.06


@dataclass(slots=True)
class Answer:
    """What a channel may say: outcome answer (one packet), choices (two or three and the question) or none."""

    query_id: str
    outcome: str
    packets: list[Packet]
    clarify: Clarify | None
    reason: str | None
    degraded: list[str]


def decide(found: Found, clarify: Clarify | None, calibration: evidence.Calibration, thresholds: AnswerThresholds) -> str:
    """answer, choices or none (pure)."""
    if found.refusal or not found.results:
        return "none"
    best = found.results[0]
    if best.pinned:
        return "answer"
    if evidence.probability(found.candidates.evidence, calibration) < thresholds.probability:
        return "choices"
    if clarify is not None or found.candidates.degraded:
        return "choices"
    if len(found.results) == 1:
        return "answer"
    lead = (best.score - found.results[1].score) / best.score if best.score > 0 else 0.0
    return "answer" if lead >= thresholds.lead else "choices"


def chosen_hits(outcome: str, hits: list[Hit]) -> list[Hit]:
    """The hits that make the packets of an outcome."""
    count = {"answer": 1, "choices": MAX_CHOICES}.get(outcome, 0)
    return [replace(hit) for hit in hits[:count]]
