"""An unattended answer: one packet, a choice that a question decides, or none.

Used by every channel that answers by itself. An ``answer`` is given only when it is the right one 95 times in 100
(``AnswerThresholds``, calibrated by measurement); in doubt it is a choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb_service.search import evidence
from kb_service.search.pipeline import Found
from kb_service.search.request import Clarify, Hit, Snippet

MAX_CHOICES = 3


@dataclass(frozen=True, slots=True)
class AnswerThresholds:
    """``probability``: of any answer at all; ``lead``: of the best fused score over the second, as a share of the best."""

    probability: float = 0.6
    lead: float = 0.15


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
    """What a channel may say: outcome answer (one packet), choices (two or three and the question) or none."""

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
    likely = evidence.probability(found.candidates.evidence, calibration) >= thresholds.probability
    if not likely or clarify is not None or found.candidates.degraded:
        return "choices"
    if len(found.results) == 1:
        return "answer"
    lead = (best.score - found.results[1].score) / best.score if best.score > 0 else 0.0
    return "answer" if lead >= thresholds.lead else "choices"


def packets(outcome: str, hits: Sequence[Hit], texts: Mapping[int, Mapping[str, str]]) -> list[Packet]:
    """One packet for an answer, up to three for choices, none otherwise. ``texts``: article → renderings."""
    count = {"answer": 1, "choices": MAX_CHOICES}.get(outcome, 0)
    return [_packet(hit, texts.get(hit.article, {})) for hit in hits[:count]]


def _packet(hit: Hit, texts: Mapping[str, str]) -> Packet:
    return Packet(
        hit.article, hit.number, hit.revision, hit.title, hit.url, hit.match, hit.applies_to, hit.snippet,
        {"summary": hit.short_answer or hit.title, **texts},
    )  # fmt: skip
