"""What every retrieval engine must do. Inherit and give an ``engine`` fixture with DIMENSIONS and RECIPE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from indexers.document import IndexedArticle
from indexers.engine import (
    Engine,
    Filter,
    LexicalQuery,
    Snapshot,
    Vector,
    WeightedTerm,
)
from tests.contract.engine.engine_cases import (
    DIMENSIONS,
    PUBLIC,
    RECIPE,
    admits,
    expected_lexical,
    expected_semantic,
    ids,
    load,
    make_article,
    question,
    vectors_for,
)
from tests.contract.engine.engine_writing_conformance import WritingConformance

KEYS = ["all", "k1", "k2", "k3", ""]
AUDIENCES = ["public", "agent", "partner"]
WORDS = ["router", "printer", "battery", "cable"]
UNSHARED = (HealthCheck.function_scoped_fixture, HealthCheck.differing_executors)
"""Each example makes a generation of its own; each adapter runs the same test."""
SHORT = (Phase.explicit, Phase.reuse, Phase.generate)
"""Shrinking an example on a real cluster takes longer than reading it."""


@st.composite
def corpora(draw: st.DrawFn) -> list[IndexedArticle]:
    """Up to eight articles with random keys, audiences, types, topics and words."""
    articles = []
    for article_id in range(1, draw(st.integers(1, 8)) + 1):
        texts = draw(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(KEYS)), max_size=4))
        audience = tuple(sorted(draw(st.sets(st.sampled_from(AUDIENCES), max_size=2))))
        articles.append(
            make_article(
                article_id,
                draw(st.sampled_from(WORDS)),
                texts,
                key=draw(st.sampled_from(KEYS)),
                audience=audience,
                keywords=tuple(draw(st.lists(st.sampled_from(WORDS), max_size=1))),
                type=draw(st.sampled_from(["howto", "fix"])),
                language=draw(st.sampled_from(["en", "de"])),
                topics=tuple(draw(st.sets(st.sampled_from(["a", "a/b", "ab", "c/d"]), max_size=2))),
            )
        )
    return articles


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    """Any filter over the same values."""
    return Filter(
        draw(st.frozensets(st.sampled_from(AUDIENCES))),
        draw(st.none() | st.frozensets(st.sampled_from([*KEYS, "unknown"]))),
        draw(st.none() | st.just("en")),
        draw(st.none() | st.frozensets(st.sampled_from(["howto", "fix"]))),
        draw(st.none() | st.frozensets(st.sampled_from(["a", "a/b", "c"]))),
    )


class EngineConformance(WritingConformance):
    """Sentences about behaviour; the adapters' test classes inherit them."""

    # -- results ---------------------------------------------------------------------------------------------------

    def test_an_empty_index_answers_with_nothing(self, engine: Engine) -> None:
        snapshot = engine.snapshot()
        assert ids(snapshot, "password") == []
        assert snapshot.retrieve_semantic(np.ones(DIMENSIONS, np.float32), PUBLIC, 5).candidates == ()
        assert snapshot.suggest("pass", PUBLIC, 5) == []
        assert snapshot.browse(PUBLIC, 5) == ([], 0)
        assert (snapshot.passage_count(), dict(snapshot.vocabulary(PUBLIC.audiences))) == (0, {})
        assert snapshot.stored([(1, None), (1, 0)]) == {}

    def test_the_best_passage_of_each_article_is_named(self, engine: Engine) -> None:
        texts = [("The lamp blinks.", "all"), ("Replace the toner cartridge.", "k1")]
        snapshot = load(
            engine, make_article(1, "Printer", texts), make_article(2, "Toner cartridge", [("Buy one.", "all")])
        )
        found = {
            one.article_id: one for one in snapshot.retrieve_lexical(question("toner cartridge"), PUBLIC, 10).candidates
        }
        assert (found[1].passage, found[1].passage_key, found[1].key) == (1, "k1", "all")
        assert set(found) == {1, 2}

    def test_words_match_in_any_inflection_case_and_accent(self, engine: Engine) -> None:
        snapshot = load(engine, make_article(1, "Résumé uploads", [("Connections were DROPPED", "all")]))
        assert ids(snapshot, "resume upload") == ids(snapshot, "connection drop") == [1]

    def test_scores_descend_and_repeat_exactly(self, engine: Engine) -> None:
        articles = [
            make_article(n, "Battery " * (n % 3 + 1), [("battery " * (n % 5 + 1), "all")]) for n in range(1, 30)
        ]
        snapshot = load(engine, *articles)
        first = snapshot.retrieve_lexical(question("battery"), PUBLIC, 100)
        scores = [candidate.score for candidate in first.candidates]
        assert scores == sorted(scores, reverse=True)
        assert len(scores) == 29
        assert snapshot.retrieve_lexical(question("battery"), PUBLIC, 100) == first
        assert snapshot.retrieve_lexical(question("battery"), PUBLIC, 7).candidates == first.candidates[:7]
        assert snapshot.retrieve_lexical(question("battery"), PUBLIC, 7).is_full
        assert not first.is_full

    def test_an_article_with_the_identifier_stands_above_all_others(self, engine: Engine) -> None:
        noise = [make_article(n, "Error when opening mail", [("error opening mail " * 5, "all")]) for n in range(1, 20)]
        snapshot = load(
            engine, *noise, make_article(99, "Rare", [("Something about 0x800A139E in a long text.", "all")])
        )
        found = snapshot.retrieve_lexical(question("error opening mail 0x800a139e"), PUBLIC, 5)
        assert (found.candidates[0].article_id, found.candidates[0].has_identifier) == (99, True)
        assert not any(candidate.has_identifier for candidate in found.candidates[1:])
        assert found.evidence.unknown_identifiers == ()

    def test_an_unknown_identifier_never_falls_back_to_a_look_alike(self, engine: Engine) -> None:
        snapshot = load(engine, make_article(1, "Code ERR-42", [("ERR-42 means paper.", "k1")]))
        for text, filter in (("ERR-43", PUBLIC), ("ERR-42", Filter(PUBLIC.audiences, frozenset()))):
            query = LexicalQuery((WeightedTerm(text, 1.0, True),))
            found = snapshot.retrieve_lexical(query, filter, 5)
            assert found.candidates == ()
            assert found.evidence.unknown_identifiers == (text.lower(),)

    def test_matched_share_tells_how_much_of_the_question_was_found(self, engine: Engine) -> None:
        snapshot = load(engine, make_article(1, "Reset password"), make_article(2, "Other", [("unrelated", "all")]))
        assert snapshot.retrieve_lexical(question("reset password"), PUBLIC, 5).evidence.matched_share == pytest.approx(
            1.0
        )
        assert 0 < snapshot.retrieve_lexical(question("password zebra"), PUBLIC, 5).evidence.matched_share < 1

    def test_words_that_stand_together_are_worth_more(self, engine: Engine) -> None:
        apart = make_article(1, "One", [("network is slow and the drive is lost", "all")])
        together = make_article(2, "Two", [("the network drive is lost and it is slow", "all")])
        snapshot = load(engine, apart, together)
        query = question("network drive", phrases=(("network", "drive"),))
        assert snapshot.retrieve_lexical(query, PUBLIC, 5).candidates[0].article_id == 2

    @pytest.mark.parametrize(
        "text", ["(" * 9000, '"" AND OR NOT', "title:* ~2 ^9 [a TO b]", "\0\ud800 \u202e", "a" * 5000]
    )
    def test_no_text_is_a_query_language(self, engine: Engine, text: str) -> None:
        snapshot = load(engine, make_article(1, "Zebra", [("Stripes.", "all")]))
        assert ids(snapshot, text) == []
        assert snapshot.suggest(text, PUBLIC, 5) == []

    # -- filters ---------------------------------------------------------------------------------------------------

    @settings(max_examples=15, deadline=None, phases=SHORT, suppress_health_check=UNSHARED)
    @given(data=st.data())
    def test_both_retrievers_find_exactly_what_the_filter_admits(self, engine: Engine, data: st.DataObject) -> None:
        corpus = data.draw(corpora())
        generation = engine.begin_generation(RECIPE)
        load(engine, *corpus, generation=generation)
        engine.activate(generation)
        snapshot = engine.snapshot()
        pairs = [(article, vectors_for(article)) for article in corpus]
        for filter in data.draw(st.lists(filters(), min_size=1, max_size=4)):
            word = data.draw(st.sampled_from(WORDS))
            assert set(ids(snapshot, word, filter)) == expected_lexical(corpus, word, filter)
            self.check_semantic(snapshot, pairs, filter)
            listed, total = snapshot.browse(filter, 100)
            readable = {article.article_id for article in corpus if admits(article, article.key, filter)}
            assert {item.article_id for item in listed} == readable
            assert total == len(readable)
            suggested = {one.article_id for one in snapshot.suggest(word, filter, 100)}
            assert suggested == expected_lexical([_titles_only(article) for article in corpus], word, filter)

    def check_semantic(
        self, snapshot: Snapshot, pairs: Sequence[tuple[IndexedArticle, Vector]], filter: Filter
    ) -> None:
        """The semantic leg against brute force."""
        query = vectors_for(make_article(999))[0]
        expected = expected_semantic(pairs, query, filter)
        found = snapshot.retrieve_semantic(query, filter, 100).candidates
        assert {one.article_id: one.passage for one in found} == {key: best for key, (best, _) in expected.items()}
        for candidate in found:
            assert candidate.score == pytest.approx(expected[candidate.article_id][1], abs=2e-3)

    def test_a_word_in_a_section_that_does_not_apply_is_never_found(self, engine: Engine) -> None:
        snapshot = load(
            engine, make_article(1, "Printing", [("Load paper.", "all"), ("Use the registry editor.", "k1")])
        )
        elsewhere = Filter(PUBLIC.audiences, frozenset({"all"}))
        assert ids(snapshot, "registry", elsewhere) == []
        assert ids(snapshot, "registry") == [1]
        assert snapshot.suggest("registry", PUBLIC, 5) == []
        assert "registry" not in snapshot.vocabulary(PUBLIC.audiences)
        (candidate,) = snapshot.retrieve_lexical(question("printing registry"), elsewhere, 5).candidates
        stored = snapshot.stored([(1, candidate.passage), (1, None)])[1]
        assert "registry" not in stored.text

    def test_a_title_is_matched_only_where_the_article_applies(self, engine: Engine) -> None:
        snapshot = load(engine, make_article(1, "Printing", [("Load paper.", "k1")], key="k1"))
        assert ids(snapshot, "printing", Filter(PUBLIC.audiences, frozenset({"all"}))) == []

    def test_deeper_filters_still_fill_the_list(self, engine: Engine) -> None:
        articles = [
            make_article(n, "Cable", [("cable " * 3, "k1" if n % 20 else "k2")] * 3, key="all") for n in range(1, 101)
        ]
        snapshot = load(engine, *articles)
        only = Filter(PUBLIC.audiences, frozenset({"k2"}))
        assert set(ids(snapshot, "cable", only, depth=5)) == {20, 40, 60, 80, 100}
        assert len(snapshot.retrieve_semantic(np.ones(DIMENSIONS, np.float32), only, 5).candidates) == 5

    # -- reading ---------------------------------------------------------------------------------------------------

    def test_stored_gives_the_first_passage_with_the_articles_own_key(self, engine: Engine) -> None:
        snapshot = load(engine, make_article(7, "T", [("windows only", "k1"), ("for all", "all")], number="KB7"))
        stored = snapshot.stored([(7, None), (8, 0)])
        assert set(stored) == {7}
        assert (stored[7].passage, stored[7].text) == (1, "for all")
        assert (stored[7].number, stored[7].title, stored[7].short_answer, stored[7].anchor) == (
            "KB7",
            "T",
            "In short.",
            "s1",
        )

    def test_suggestions_complete_the_last_word_and_forgive_typing_errors(self, engine: Engine) -> None:
        snapshot = load(engine, make_article(1, "Reset your password"), make_article(2, "Configure the proxy server"))
        for typed in ("pass", "reset pass", "how to reset passw", "pasword", "reset pasword", "Réset"):
            assert [one.article_id for one in snapshot.suggest(typed, PUBLIC, 5)] == [1], typed
        assert [one.article_id for one in snapshot.suggest("confgiure proxi", PUBLIC, 5)] == [2]
        (suggestion,) = snapshot.suggest("reset pass", PUBLIC, 5)
        assert [suggestion.title[start:end] for start, end in suggestion.matched] == ["Reset", "pass"]
        assert snapshot.suggest("zzz", PUBLIC, 5) == []
        assert snapshot.suggest("   ", PUBLIC, 5) == []

    def test_suggestions_and_vocabulary_hold_nothing_of_other_audiences(self, engine: Engine) -> None:
        snapshot = load(engine, make_article(1, "Open mail"), make_article(2, "Secret merger", audience=("agent",)))
        assert snapshot.suggest("sec", PUBLIC, 5) == []
        assert snapshot.suggest("secrte", PUBLIC, 5) == []
        assert dict(snapshot.vocabulary(frozenset({"public"}))) == {"open": 1, "mail": 1}
        assert "merger" in snapshot.vocabulary(frozenset({"agent"}))

    def test_browsing_is_newest_first_in_pages_with_exact_totals(self, engine: Engine) -> None:
        snapshot = load(engine, *(make_article(n, updated_at=float(n % 4)) for n in range(1, 10)))
        everything, total = snapshot.browse(PUBLIC, 100)
        assert total == 9
        assert [item.updated_at for item in everything] == sorted((i.updated_at for i in everything), reverse=True)
        pages = [item for offset in (0, 4, 8, 12) for item in snapshot.browse(PUBLIC, 4, offset)[0]]
        assert pages == everything

    def test_applicabilities_are_those_in_use(self, engine: Engine) -> None:
        load(engine, make_article(1, key="k1", texts=[("a", "k2")]), make_article(2, key="k3", texts=[]))
        generation = engine.generations()[0]
        engine.withdraw(generation, [(2, 2)])
        engine.commit(generation)
        assert dict(engine.snapshot().applicabilities()) == {"k1": "canonical k1", "k2": "canonical k2"}


def _titles_only(article: IndexedArticle) -> IndexedArticle:
    return make_article(
        article.article_id, article.title, [], key=article.key, audience=article.audience, keywords=article.keywords,
        type=article.type, topics=article.topics, language=article.language,
    )  # fmt: skip
