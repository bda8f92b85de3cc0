"""Weights are fitted on one half of the judged questions and adopted only when the other half gains."""

from __future__ import annotations

from indexers.engine import Candidate, Retrieved
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from kb_service.search.curation import load
from kb_service.search.fusion import Weights
from kb_service.search.retrieval import Legs
from kb_service.search.tuning import JudgedLegs, adopt, fit, reset, tune


def candidates(*scored: tuple[int, float]) -> Retrieved:
    return Retrieved(tuple(Candidate(a, a, 1, 1, "all", 0, "all", score) for a, score in scored))


def question(number: int, right: int) -> JudgedLegs:
    """Words say 1, meaning says 2, each clearly."""
    legs = Legs(candidates((1, 9.0), (2, 5.0)), candidates((2, 0.9), (1, 0.5)))
    return JudgedLegs(f"question {number}", legs, frozenset({right}))


def test_weights_follow_the_judgments_and_a_clear_gain_is_adopted() -> None:
    # Seven questions in eight are answered by what the words found.
    tuning = tune([question(n, 2 if n % 8 == 0 else 1) for n in range(120)], Weights())
    assert tuning.weights.semantic < 0.5
    assert tuning.after > tuning.before
    assert tuning.is_better


def test_what_is_good_stays_and_few_questions_prove_nothing() -> None:
    assert not tune([question(n, 2) for n in range(120)], Weights()).is_better
    assert fit([question(n, 2) for n in range(9)], Weights()) == Weights()
    assert not tune([question(n, 2 if n % 8 == 0 else 1) for n in range(20)], Weights()).is_better
    assert not tune([], Weights()).is_better


def test_adopted_weights_rank_until_they_are_taken_back(database: Database) -> None:
    fitted = Weights(0.4, 0.5, 0.2)
    with database.writing() as session:
        adopt(session, fitted)
    with database.reading() as session:
        assert load(session, utcnow()).weights == fitted
    with database.writing() as session:
        assert reset(session)
        assert not reset(session)
    with database.reading() as session:
        assert load(session, utcnow()).weights is None
