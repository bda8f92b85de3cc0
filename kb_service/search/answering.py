"""An unattended answer: one packet, a choice that a question decides, or none.

Used by every channel that answers by itself. An ``answer`` is given only when it is the right one 95 times in 100
(``AnswerThresholds``, calibrated by measurement); in doubt it is a choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb_service.search import evidence
from kb_service.search.pipeline import Found
from kb_service.search.ranking import Ranked
from kb_service.search.request import Clarify, Hit, Snippet

MAX_CHOICES = 3


@dataclass(frozen=True, slots=True)
class AnswerThresholds:
    """``probability``: of any answer at all; ``certainty``: that the best one is right (see ``certainty``)."""

    probability: float = 0.6
    certainty: float = 0.35


@dataclass(slots=True)
class Packet:
    """One article as every channel says it: which revision, which passage, for whom, and its text by channel.

    ``renderings``: summary (one line), text (plain, only sections that apply in the asked context) and every channel's form.
    """

    article: int
    number: str
    revision: int
    title: str
    url: str
    match: str
    applies_to: list[str]
    passage: Snippet
    renderings: dict[str, str]


@dataclass(slots=True)
class Answer:
    """What a channel may say: outcome answer (one packet), choices (one to three, and the question where one decides) or none."""

    query_id: str
    outcome: str
    """answer, choices or none."""
    packets: list[Packet]
    clarify: Clarify | None
    reason: str | None
    degraded: list[str]


def decide(
    found: Found, clarify: Clarify | None, calibration: evidence.Calibration, thresholds: AnswerThresholds
) -> str:
    """answer, choices or none (pure)."""
    if found.refusal or not found.results:
        return "none"
    best = found.results[0]
    if best.pinned:
        return "answer"
    probability = evidence.probability(found.candidates.evidence, calibration)
    if probability < thresholds.probability or clarify is not None or found.candidates.degraded:
        return "choices"
    return "answer" if certainty(found.results, probability) >= thresholds.certainty else "choices"


def certainty(results: Sequence[Ranked], probability: float) -> float:
    """How sure it is that the best result is the right one, in [0, 1.34]; weights from a grid over judged questions.

    The lead of the best over the second, as a share of the best; the probability of any answer at all; and whether
    words and meaning both put it first.
    """
    best, *others = results
    lead = 1.0
    if others:
        lead = (best.score - others[0].score) / best.score if best.score > 0 else 0.0
    fused = best.candidate.fused
    return lead + 0.3 * probability + (0.04 if fused.lexical_rank == fused.semantic_rank == 1 else 0.0)


def packets(outcome: str, hits: Sequence[Hit], texts: Mapping[int, Mapping[str, str]]) -> list[Packet]:
    """One packet for an answer, one to three for choices, none otherwise. ``texts``: article → renderings."""
    count = {"answer": 1, "choices": MAX_CHOICES}.get(outcome, 0)
    return [_packet(hit, texts.get(hit.article, {})) for hit in hits[:count]]


def _packet(hit: Hit, texts: Mapping[str, str]) -> Packet:
    return Packet(
        hit.article, hit.number, hit.revision, hit.title, hit.url, hit.match, hit.applies_to, hit.snippet,
        {"summary": hit.short_answer or hit.title, **texts},
    )  # fmt: skip
