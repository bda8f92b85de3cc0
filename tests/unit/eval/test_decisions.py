"""The no-answer fit, the separating axes of a dialogue, and the bench's questions."""

import numpy as np
import pytest

from eval.bench_queries import KINDS, MAIL_BYTES, keywords, make_questions
from eval.calibration import TooFew, cross_validate, fit, logistic, with_floor
from eval.clarification import disjoint, only
from eval.datasets import Query
from eval.no_answer import Gathered, Seen, floor_for, summarise
from kb_service.catalog.context import Applicability, Context
from kb_service.search.evidence import Calibration, Evidence


def seen(number: int, cosine: float, is_answerable: bool) -> Seen:
    return Seen(Query(f"q{number}", f"text {number}"), Evidence(cosine, 0.5, 0.1, 0, False, True), is_answerable)


def group() -> Gathered:
    dice = np.random.default_rng(1)
    inside = [seen(i, float(c), True) for i, c in enumerate(dice.normal(0.7, 0.1, 200))]
    outside = [seen(200 + i, float(c), False) for i, c in enumerate(dice.normal(0.4, 0.1, 100))]
    return Gathered("made", (*inside, *outside), Calibration())


def test_the_regression_finds_the_coefficients_that_made_the_labels() -> None:
    dice = np.random.default_rng(0)
    rows = dice.normal(size=(20_000, 2))
    labels = (dice.random(20_000) < 1 / (1 + np.exp(-(0.5 + 2 * rows[:, 0] - rows[:, 1])))).astype(float)
    assert logistic(rows, labels, np.ones(20_000)) == pytest.approx([0.5, 2.0, -1.0], abs=0.1)


def test_a_separable_class_does_not_run_away() -> None:
    rows, labels = np.array([[0.0], [1.0]]), np.array([0.0, 1.0])
    assert np.isfinite(logistic(rows, labels, np.ones(2))).all()


def test_a_fit_ranks_held_out_questions() -> None:
    assert cross_validate([group()]) > 0.95
    assert fit([group()]).cosine > 5


def test_the_floor_refuses_no_more_than_allowed() -> None:
    fitted = with_floor(fit([group()]), [group()], 0.1)
    assert summarise(group().seen, fitted)["answerable refused"] <= 0.1
    assert floor_for([0.1, 0.2, 0.3, 0.4], 0.25) == 0.2
    assert floor_for([], 0.1) == 0.0


def test_a_fit_needs_both_classes() -> None:
    inside = Gathered("made", tuple(s for s in group().seen if s.is_answerable), Calibration())
    with pytest.raises(TooFew):
        fit([inside])


@pytest.mark.parametrize(
    ("left", "right", "axes"),
    [
        ([{"product": "a"}], [{"product": "b"}], {"product"}),
        ([{"product": "a", "versions": "<11"}], [{"product": "a", "versions": ">=11"}], {"version"}),
        ([{"product": "a", "os": ["windows"]}], [{"product": "a", "os": ["macos/15"]}], {"os"}),
        ([{"product": "a", "os": ["windows"]}], [{"product": "a", "os": ["windows/11"]}], set()),
        ([{"product": "a", "versions": "10"}], [], set()),
    ],
)
def test_an_axis_separates_what_no_value_serves_both(
    left: list[dict[str, object]], right: list[dict[str, object]], axes: set[str]
) -> None:
    a, b = Applicability.of(left), Applicability.of(right)
    assert {axis for axis in ("product", "version", "os") if disjoint(a, b, axis) or disjoint(b, a, axis)} == axes


def test_each_kind_of_question_comes_with_and_without_context() -> None:
    sentences = [(f"The tunnel number {i} fails when the lid closes", {"product": "p"}) for i in range(10)]
    made = make_questions(
        sentences, [f"Reset the certificate of gateway{i}" for i in range(10)], ["a filler line"] * 3, 8
    )
    assert {question.kind for question in made} == set(KINDS)
    assert all({bool(q.context) for q in made if q.kind == kind} == {True, False} for kind in KINDS)
    assert all(len(q.variant(0)) <= MAIL_BYTES for q in made)
    assert all(len(q.variant(0)) > MAIL_BYTES - 50 for q in made if q.kind == "e-mails")
    assert len({q.variant(n) for q in made for n in range(6)}) == 6 * len(made)


def test_keywords_are_at_most_four_telling_words() -> None:
    title = "Reset the password of an administrator in Gateway 11 today"
    assert keywords(title) == "Reset password administrator Gateway"
    assert keywords("To be or not") == "To be or not"


def test_no_two_keyword_questions_are_alike() -> None:
    made = make_questions([("A sentence", {})] * 4, ["Reset the gateway", "Reset a gateway", "Close it"], ["line"], 4)
    assert sorted(q.variant(0) for q in made if q.kind == "keywords") == ["Close", "Reset gateway"]


def test_a_version_is_answered_with_its_product_and_an_os_alone() -> None:
    truth = Context("gateway", "11", "windows/11")
    assert only(truth, "version") == Context("gateway", "11", None)
    assert only(truth, "os") == Context(None, None, "windows/11")
    assert only(truth, "product") == Context("gateway", None, None)
