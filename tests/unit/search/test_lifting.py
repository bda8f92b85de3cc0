"""Signals from above change the order a little, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb_service.catalog.context import Match
from kb_service.search.checking import ArticleFacts, AuthorizedCandidate
from kb_service.search.fusion import RELATIVE_FLOOR, Fused
from kb_service.search.lifting import CAP, lift
from kb_service.search.ranking import Ranked
from kb_service.search.signals import Signal


def ranked(article: int, score: float, *, pinned: bool = False) -> Ranked:
    fused = Fused(article, article, 1, 1, "k", 0, "k", score, score, None, 1, None, False)
    facts = ArticleFacts(article, 1, frozenset({"public"}), f"KB-{article}", article, "how_to", (), 0, 0, "", "k", "en")
    return Ranked(AuthorizedCandidate(fused, facts), score, Match.GENERAL, (), (), pinned)


def ids(results: list[Ranked]) -> list[int]:
    return [result.candidate.fused.article_id for result in results]


scores = st.lists(st.floats(0.01, 3.0, allow_nan=False), min_size=1, max_size=25).map(lambda found: sorted(found)[::-1])
said = st.dictionaries(
    st.integers(0, 40),
    st.lists(st.builds(Signal, st.just("bookmark"), st.floats(-5, 50, allow_nan=False)), max_size=4),
    max_size=30,
)


@given(scores, said)
def test_no_set_lifts_what_is_not_in_the_list_or_below_the_floor(
    found: list[float], extra: dict[int, list[Signal]]
) -> None:
    results = [ranked(article, score) for article, score in enumerate(found)]
    lifted = lift(results, extra)
    assert sorted(ids(lifted)) == ids(results), "what does not apply was never in the list, and nothing is lost"
    floor = found[0] * RELATIVE_FLOOR
    places = {article: place for place, article in enumerate(ids(lifted))}
    for article, score in enumerate(found):
        if score < floor:
            assert places[article] >= article, "nobody's word lifts what stands below the floor"
    for result in lifted:
        before = found[result.candidate.fused.article_id]
        assert before <= result.score <= before + CAP + 1e-9


def test_a_bookmarked_article_passes_a_close_one_and_says_why() -> None:
    lifted = lift([ranked(1, 0.80), ranked(2, 0.78)], {2: [Signal("bookmark", 0.05, "in Mia’s set for Gateway")]})
    assert ids(lifted) == [2, 1]
    assert lifted[0].signals[-1].detail == "in Mia’s set for Gateway"


def test_many_sets_count_no_more_than_the_cap() -> None:
    lifted = lift([ranked(1, 0.80), ranked(2, 0.70)], {2: [Signal("bookmark", 0.05)] * 9})
    assert ids(lifted) == [1, 2]


def test_what_an_editor_pinned_stays_first() -> None:
    lifted = lift([ranked(1, 0.5, pinned=True), ranked(2, 0.6)], {2: [Signal("bookmark", 0.05)]})
    assert ids(lifted) == [1, 2]
