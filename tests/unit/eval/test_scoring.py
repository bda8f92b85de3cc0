"""Figures from rankings: every judged query counts, counts are counts, runs keep our order."""

import ir_measures
import pytest

from eval.asking import Answered
from eval.datasets import Query
from eval.reporting import run_lines
from eval.scoring import Judged, by_type, percentiles, ratios, score
from eval.yardstick import fuse


def judged(
    ranking: list[str], type: str = "t", wrong: tuple[str, ...] = (), covered: str = "abcdef", kept: str = "abcdef"
) -> Judged:
    query = Query("q", "text", type, {}, wrong)
    return Judged(query, {"a": 1}, ranking, lambda d: d in covered, lambda d: d in kept)


def test_a_query_without_results_counts_in_the_denominator() -> None:
    figures = score([judged(["a"]), judged([])])
    assert figures["queries"] == 2
    assert figures["nDCG@10"] == figures["hit@1"] == figures["Recall@100"] == 0.5


def test_the_counts_are_of_the_first_ten() -> None:
    ranking = ["x", "a", "w", *"bcdefbc", "x", "w"]
    figures = score([judged(ranking, wrong=("w", "b"), kept="bc")])
    assert figures["inapplicable@10"] == 2
    assert figures["wrong_context@10"] == 1
    assert figures["removed"] == 1


def test_types_are_scored_apart() -> None:
    figures = by_type([judged(["a"], "one"), judged(["b", "a"], "two")])
    assert list(figures) == ["one", "two"]
    assert figures["one"]["hit@1"] == 1 and figures["two"]["RR@10"] == 0.5


def test_measures_agree_with_ir_measures() -> None:
    ranking, grades = list("bcadefghij"), {"a": 2, "e": 1, "z": 1}
    ours = score([Judged(Query("q", ""), grades, ranking, lambda _: True, lambda _: True)])
    run = [ir_measures.ScoredDoc("q", d, 100.0 - i) for i, d in enumerate(ranking)]
    qrels = [ir_measures.Qrel("q", d, g) for d, g in grades.items()]
    theirs = ir_measures.calc_aggregate(
        [ir_measures.parse_measure(m) for m in ("nDCG@10", "RR@10", "R@10")], qrels, run
    )
    found = {str(measure): value for measure, value in theirs.items()}
    assert ours["nDCG@10"] == pytest.approx(found["nDCG@10"], abs=1e-4)
    assert ours["RR@10"] == pytest.approx(found["RR@10"], abs=1e-4)
    assert ours["Recall@10"] == pytest.approx(found["R@10"], abs=1e-4)


def test_a_run_never_ties_and_falls_in_our_order() -> None:
    answered = Answered(Query("q 1", ""), ("b", "a", "c"), (1.0, 1.0, 1.0), 0.0)
    scores = [float(line.split()[-2]) for line in run_lines(answered)]
    assert scores == sorted(set(scores), reverse=True)


def test_ratios_survive_a_zero() -> None:
    ours, theirs = score([judged(["a"])]), score([judged([])])
    assert ratios(ours, theirs)["nDCG@10"] == 0.0


def test_percentiles_of_nothing_are_nothing() -> None:
    assert percentiles([]) == {}
    assert percentiles([float(i) for i in range(100)])["p95"] == 95.0


def test_the_yardstick_fuses_by_observed_minimum_and_maximum() -> None:
    assert fuse({"a": 4.0, "b": 2.0}, {"b": 0.9, "c": 0.1}) == [("a", 0.5), ("b", 0.5), ("c", 0.0)]
    assert fuse({"a": 3.0}, {}) == [("a", 0.5)]
