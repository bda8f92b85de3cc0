"""When an answer may stand alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from kb_service.search.answering import AnswerThresholds, certainty, decide
from kb_service.search.evidence import Calibration, Evidence
from kb_service.search.pipeline import Found
from kb_service.search.ranking import Ranked
from kb_service.search.request import Clarify

SURE = Evidence(0.9, 1.0, 0.4, 0, False, True)
DOUBTFUL = Evidence(0.45, 0.3, 0.02, 0, False, True)


def ranked(score: float, words: int | None = 1, meaning: int | None = 1, pinned: bool = False) -> Ranked:
    fused = SimpleNamespace(lexical_rank=words, semantic_rank=meaning)
    return Ranked(cast("Any", SimpleNamespace(fused=fused)), score, "exact", (), pinned=pinned)


def found(
    *results: Ranked, known: Evidence = SURE, refusal: str | None = None, degraded: tuple[str, ...] = ()
) -> Found:
    candidates = SimpleNamespace(evidence=known, degraded=list(degraded))
    return cast("Found", SimpleNamespace(results=list(results), candidates=candidates, refusal=refusal))


def outcome(given: Found, clarify: Clarify | None = None) -> str:
    return decide(given, clarify, Calibration(), AnswerThresholds())


def test_a_clear_lead_answers_alone_and_a_narrow_one_is_a_choice() -> None:
    assert outcome(found(ranked(1.0), ranked(0.7))) == "answer"
    assert outcome(found(ranked(1.0), ranked(0.99))) == "choices"


def test_agreement_of_words_and_meaning_decides_near_the_limit() -> None:
    assert certainty([ranked(1.0), ranked(0.9)], 0.9) > certainty([ranked(1.0, meaning=2), ranked(0.9)], 0.9)
    assert certainty([ranked(1.0, None, None), ranked(0.9)], 0.9) == pytest.approx(0.1 + 0.27)


def test_what_may_have_no_answer_at_all_is_a_choice_even_alone() -> None:
    assert outcome(found(ranked(1.0), known=DOUBTFUL)) == "choices"
    assert outcome(found(ranked(1.0), known=SURE)) == "answer"


def test_a_question_that_decides_or_a_part_that_is_missing_makes_it_a_choice() -> None:
    assert outcome(found(ranked(1.0)), cast("Clarify", SimpleNamespace())) == "choices"
    assert outcome(found(ranked(1.0), degraded=("encoder_slow",))) == "choices"


def test_refusals_and_pins_decide_first() -> None:
    assert outcome(found(ranked(1.0), refusal="below_floor")) == "none"
    assert outcome(found()) == "none"
    assert outcome(found(ranked(0.2, pinned=True), ranked(0.9), known=DOUBTFUL)) == "answer"
