"""A reranker changes the order of the best twenty, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers.embedding.port import EncoderUnavailable
from indexers.embedding.reranking import Reranker
from kb_service.catalog.context import Match
from kb_service.search.checking import ArticleFacts, AuthorizedCandidate
from kb_service.search.fusion import Fused
from kb_service.search.ranking import Ranked
from kb_service.search.reranking import RERANKER_FAILED, RERANKER_SLOW, TOP, Reranking, reorder


def result(article: int, score: float, *, pinned: bool = False, has_identifier: bool = False) -> Ranked:
    fused = Fused(article, article, 1, 1, "all", 0, "all", score, None, None, None, None, has_identifier)
    facts = ArticleFacts(article, 1, frozenset({"public"}), "", article, "", (), 0, 0, "", "all", "en")
    return Ranked(AuthorizedCandidate(fused, facts), score, Match.GENERAL, (), (), pinned)


class ByLength(Reranker):
    name = "by length"

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        return [float(len(text)) for text in texts]


class Broken(Reranker):
    name = "broken"
    asked = 0

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        self.asked += 1
        raise EncoderUnavailable("no")


class Stuck(Reranker):
    name = "stuck"

    def __init__(self) -> None:
        self.release = threading.Event()

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        self.release.wait(20)
        return [0.0] * len(texts)


def ids(results: Sequence[Ranked]) -> list[int]:
    return [r.candidate.fused.article_id for r in results]


def longer_further_down(results: Sequence[Ranked]) -> list[str]:
    return ["x" * article for article in ids(results)]


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    made = Stuck()
    yield made
    made.release.set()


def test_the_best_twenty_change_places_and_the_rest_stays() -> None:
    results = [result(n, 1.0 - n / 100) for n in range(1, 31)]
    found, reason = Reranking(ByLength(), 20).rerank("question", results, longer_further_down)
    assert reason is None
    assert ids(found) == [*range(TOP, 0, -1), *range(TOP + 1, 31)]
    assert [r.score for r in found] == [r.score for r in results]
    assert found[0].signals[-1].name == "reranked"
    assert "was 20" in found[0].signals[-1].detail


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans(), st.booleans(), st.floats(-9, 9)), max_size=TOP))
def test_nothing_comes_or_goes_and_pins_and_codes_stay_above(given_results) -> None:
    top = [result(n, s, pinned=p, has_identifier=i) for n, (s, p, i, _) in enumerate(given_results)]
    found = reorder(top, [said for *_, said in given_results])
    assert sorted(ids(found)) == ids(top)
    assert [r.score for r in found] == sorted((r.score for r in top), reverse=True)
    above = [(r.pinned, r.candidate.fused.has_identifier) for r in found]
    assert above == sorted(above, reverse=True)


def test_late_the_order_stays_and_it_is_said(stuck: Stuck) -> None:
    results = [result(1, 0.9), result(2, 0.8)]
    assert Reranking(stuck, 0.01).rerank("question", results, longer_further_down) == (results, RERANKER_SLOW)


def test_broken_the_order_stays_and_after_three_failures_it_is_left_alone() -> None:
    results, broken = [result(1, 0.9), result(2, 0.8)], Broken()
    reranking = Reranking(broken, 20)
    for _ in range(5):
        assert reranking.rerank("question", results, longer_further_down) == (results, RERANKER_FAILED)
    assert broken.asked == 3
