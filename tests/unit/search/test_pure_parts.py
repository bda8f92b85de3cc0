"""Evidence, clarifying, families, highlighting, cursors, masking and measures, each by its rules."""

import math

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, nDCG

from kb_service.errors import InvalidInput
from kb_service.search import cursor, measures
from kb_service.search.clarifying import Leader, separate
from kb_service.search.evidence import Calibration, Evidence, probability, refusal
from kb_service.search.families import collapse
from kb_service.search.highlighting import cut, highlights
from kb_service.search.masking import MAX_KEPT_CHARACTERS, mask
from kb_service.search.signals import HELPFUL_CAP, helpfulness

NONE = frozenset[str]()


def evidence(**changes) -> Evidence:
    values = {
        "best_cosine": 0.7, "matched_share": 0.8, "margin": 0.2, "unknown_identifiers": 0,
        "known_identifiers": False, "has_candidates": True,
    }  # fmt: skip
    return Evidence(**(values | changes))


def test_an_unknown_identifier_is_no_answer_whatever_looks_alike():
    assert refusal(evidence(unknown_identifiers=1), Calibration()) == "unknown_identifier"


def test_nothing_found_is_no_answer_and_a_good_match_is_one():
    assert refusal(evidence(has_candidates=False, best_cosine=None), Calibration()) == "nothing_found"
    assert refusal(evidence(), Calibration()) is None


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1))
def test_more_similarity_never_makes_an_answer_less_likely(a, b, share):
    low, high = sorted((a, b))
    at = [probability(evidence(best_cosine=c, matched_share=share), Calibration()) for c in (low, high)]
    assert 0 <= at[0] <= at[1] <= 1


def test_the_axis_asked_for_is_the_first_on_which_leaders_differ():
    old = Leader(1.0, frozenset({"gateway"}), frozenset({("gateway", "10.0")}), NONE)
    new = Leader(0.95, frozenset({"gateway"}), frozenset({("gateway", "11.0")}), NONE)
    found = separate([old, new], ["product", "version", "os"], 0.8)
    assert found is not None and found.axis == "version" and {v for v, _ in found.values} == {"10.0", "11.0"}


def test_nothing_is_asked_when_leaders_share_a_value_or_stand_far_behind():
    both = Leader(1.0, frozenset({"gateway", "desk"}), NONE, NONE)
    one = Leader(0.9, frozenset({"desk"}), NONE, NONE)
    far = Leader(0.2, frozenset({"sync"}), NONE, NONE)
    assert separate([both, one, far], ["product"], 0.8) is None
    assert separate([one], ["product"], 0.8) is None


class Item:
    def __init__(self, family: int, worth: int) -> None:
        self.family_id, self.worth = family, worth


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 9))))
def test_one_of_each_family_at_the_place_of_its_best(pairs):
    items = [Item(f, w) for f, w in pairs]
    kept = collapse(items, lambda i: i.worth)
    assert [c.shown.family_id for c in kept] == list(dict.fromkeys(f for f, _ in pairs))
    assert all(c.shown.worth == max(i.worth for i in items if i.family_id == c.shown.family_id) for c in kept)
    assert sum(1 + len(c.others) for c in kept) == len(items)


def test_highlights_are_ranges_of_the_analysed_words_and_identifiers():
    text = "Reset the VPN, then check ERR-42 again."
    ranges = highlights(text, {"reset", "vpn"}, str.lower, {"err-42"})
    assert [text[a:b] for a, b in ranges] == ["Reset", "VPN", "ERR-42"]


@given(st.text(max_size=2000), st.lists(st.tuples(st.integers(0, 1999), st.integers(1, 9)), max_size=6))
def test_a_cut_snippet_keeps_its_highlights_in_place(text, spans):
    ranges = sorted({(a, min(a + n, len(text))) for a, n in spans if a < len(text)})
    disjoint = [r for i, r in enumerate(ranges) if i == 0 or r[0] > ranges[i - 1][1]]
    shown, moved = cut(text, disjoint, 300)
    assert len(shown) <= 304
    assert {shown[a:b] for a, b in moved} <= {text[a:b] for a, b in disjoint}


def test_a_cursor_partitions_and_cannot_be_forged_or_moved():
    made = cursor.make(b"k", "q1", [(1, 0), (2, None)])
    assert cursor.read(b"k", "q1", made) == [(1, 0), (2, None)]
    for secret, binding, text in ((b"x", "q1", made), (b"k", "q2", made), (b"k", "q1", "AAAA"), (b"k", "q1", "é")):
        with pytest.raises(InvalidInput):
            cursor.read(secret, binding, text)


def test_personal_data_is_masked_before_it_is_kept():
    kept = mask(
        "mail anna@example.com or +49 170 1234567, card 4111 1111 1111 1111, order 1234567; version 10.2.3 stays"
    )
    assert "anna" not in kept and "1234567" not in kept and "4111" not in kept and "10.2.3 stays" in kept
    assert len(mask("x" * 9999)) == MAX_KEPT_CHARACTERS


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_votes_are_bounded(up, down):
    signal = helpfulness(up, down)
    assert signal is None or abs(signal.value) <= HELPFUL_CAP


@given(
    st.lists(st.integers(0, 30), unique=True, max_size=20),
    st.dictionaries(st.integers(0, 30), st.integers(0, 1), min_size=1, max_size=5).filter(lambda d: any(d.values())),
)
def test_measures_agree_with_ir_measures(ranking, relevant):
    documents = [str(d) for d in ranking]
    judged = {str(d): g for d, g in relevant.items()}
    run = {"q": {d: float(len(documents) - i) for i, d in enumerate(documents)}} if documents else {"q": {"none": 1.0}}
    theirs = ir_measures.calc_aggregate([nDCG @ 10, RR @ 10, R @ 10], {"q": judged}, run)
    assert math.isclose(measures.ndcg(documents, judged, 10), theirs[nDCG @ 10], abs_tol=1e-9)
    assert math.isclose(measures.reciprocal_rank(documents, judged, 10), theirs[RR @ 10], abs_tol=1e-9)
    assert math.isclose(measures.recall(documents, judged, 10), theirs[R @ 10], abs_tol=1e-9)


def test_area_under_roc():
    assert measures.area_under_roc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert measures.area_under_roc([0.5], [0.5]) == 0.5
