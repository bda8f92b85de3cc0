"""Intervals and paired tests: sure where it is sure, silent where chance would do as much."""

import numpy as np
import pytest

from eval.significance import compare, interval


def test_an_interval_holds_the_mean_and_narrows_with_more_questions() -> None:
    few, many = [0.0, 1.0] * 10, [0.0, 1.0] * 500
    (a, b), (c, d) = interval(few), interval(many)
    assert a < 0.5 < b and c < 0.5 < d
    assert d - c < (b - a) / 4
    assert d - c == pytest.approx(2 * 1.96 * 0.5 / 1000**0.5, rel=0.15)


def test_the_same_values_give_the_same_interval() -> None:
    assert interval([0.1, 0.5, 0.9]) == interval([0.1, 0.5, 0.9])
    assert interval([]) == (0.0, 0.0)


def test_a_small_gain_on_every_question_is_a_gain() -> None:
    theirs = list(np.random.default_rng(1).random(200))
    found = compare([v + 0.01 for v in theirs], theirs)
    assert found.verdict == "better" and found.p < 0.001 and found.low > 0
    assert compare(theirs, [v + 0.01 for v in theirs]).verdict == "worse"


def test_a_gain_that_a_few_questions_make_is_not_claimed() -> None:
    assert compare([1.0, 1.0, 0.0] + [0.5] * 50, [0.0, 0.0, 1.0] + [0.5] * 50).verdict == "not told apart"
    assert compare([0.5] * 9, [0.5] * 9).p == 1.0


def test_chance_is_claimed_about_one_time_in_twenty() -> None:
    dice = np.random.default_rng(3)
    claimed = sum(compare(list(dice.random(60)), list(dice.random(60))).p < 0.05 for _ in range(100))
    assert 0 <= claimed <= 13


def test_only_the_same_questions_are_paired() -> None:
    with pytest.raises(ValueError):
        compare([1.0], [1.0, 0.0])
