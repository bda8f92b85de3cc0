"""Fusion: theoretical minimum, total order, bounded scores, one entry per article."""

from hypothesis import given
from hypothesis import strategies as st

from indexers.engine import Candidate
from kb_service.search.fusion import ALWAYS_KEPT, RELATIVE_FLOOR, Weights, fuse, fuse_above_floor, normalise


def candidate(article: int, score: float, has_identifier: bool = False) -> Candidate:
    return Candidate(article, article, 1, 1, "all", 0, "all", score, has_identifier)


@st.composite
def ranked_lists(draw, low: float, high: float):
    ids = draw(st.lists(st.integers(1, 30), unique=True, max_size=12))
    scores = sorted(draw(st.lists(st.floats(low, high), min_size=len(ids), max_size=len(ids))), reverse=True)
    return [candidate(a, s) for a, s in zip(ids, scores, strict=True)]


@given(ranked_lists(0, 50), ranked_lists(-1, 1), st.floats(0, 1))
def test_every_article_appears_once_with_a_score_between_0_and_1(lexical, semantic, share):
    fused = fuse(lexical, semantic, Weights(semantic=share))
    assert sorted(f.article_id for f in fused) == sorted({c.article_id for c in [*lexical, *semantic]})
    assert all(0 <= f.score <= 1 + 1e-9 for f in fused)
    assert [f.score for f in fused] == sorted((f.score for f in fused), reverse=True)


@given(ranked_lists(0.1, 50), ranked_lists(-0.9, 1))
def test_an_article_first_in_both_lists_is_first(lexical, semantic):
    both = [candidate(99, 51), *lexical], [candidate(99, 1.0), *semantic]
    assert fuse(*both, Weights())[0].article_id == 99


def test_a_lone_candidate_keeps_its_worth():
    assert normalise([3.0], 0.0) == [1.0]
    assert fuse([candidate(1, 3.0)], [], Weights())[0].score == 1.0


def test_nothing_and_equal_scores_are_defined():
    assert normalise([], 0.0) == []
    assert normalise([0.0, 0.0], 0.0) == [0.0, 0.0]
    assert normalise([2.0, 2.0], 0.0) == [1.0, 1.0]
    assert fuse([], [], Weights()) == []


def test_an_article_with_the_given_identifier_stands_above_all_that_do_not():
    lexical = [candidate(1, 9.0), candidate(2, 0.1, has_identifier=True)]
    semantic = [candidate(1, 0.9), candidate(3, 0.8)]
    assert fuse(lexical, semantic, Weights())[0].article_id == 2


def test_scores_do_not_depend_on_how_deep_the_lists_are():
    lexical = [candidate(i, 10.0 - i) for i in range(1, 8)]
    semantic = [candidate(i, 0.9 - i / 20) for i in range(1, 8)]
    deep = {f.article_id: f.score for f in fuse(lexical, semantic, Weights())}
    shallow = {f.article_id: f.score for f in fuse(lexical[:4], semantic[:4], Weights())}
    assert all(shallow[a] == deep[a] for a in shallow)


def test_of_two_equal_passages_the_one_from_an_article_about_the_matter_wins():
    semantic = [candidate(1, 0.8), candidate(2, 0.8)]
    assert fuse([], semantic, Weights())[0].article_id == 1
    assert fuse([], semantic, Weights(), {1: 0.2, 2: 0.6})[0].article_id == 2
    assert fuse([], semantic, Weights(), {2: 0.6})[0].article_id == 1  # unknown: as good as its best passage


@given(st.lists(st.floats(0, 50), min_size=1, max_size=60), st.integers(1, 9))
def test_only_families_that_stand_wholly_far_below_the_best_are_left_out(scores, size):
    ranked = sorted(scores, reverse=True)
    lexical = [Candidate(a, a // size, 1, 1, "all", 0, "all", score) for a, score in enumerate(ranked)]
    fused = fuse(lexical, [], Weights())
    near = [f for n, f in enumerate(fused) if n < ALWAYS_KEPT or f.score >= fused[0].score * RELATIVE_FLOOR]
    families = {f.family_id for f in near}
    assert fuse_above_floor(lexical, [], Weights()) == [f for f in fused if f.family_id in families]
