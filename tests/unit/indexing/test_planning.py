"""The planner: what it asks for is exactly what is missing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexers.planning import Plan, Wanted, Write, is_ahead, needs, outdated, plan, signed_version, take
from tests.unit.indexing.indexing_fakes import make_article

TEXTS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon"]), max_size=4)


@st.composite
def wanted_states(draw: st.DrawFn) -> list[Wanted]:
    ids = draw(st.lists(st.integers(1, 8), unique=True))
    states = []
    for article_id in ids:
        version = draw(st.integers(1, 5))
        article = make_article(article_id, version, draw(TEXTS)) if draw(st.booleans()) else None
        states.append(Wanted(article_id, version, article))
    return states


HELD = st.dictionaries(st.integers(1, 10), st.integers(-5, 5).filter(bool))


def apply_plan(made: Plan, held: dict[int, int]) -> dict[int, int]:
    """What an engine of the port's contract holds afterwards: no older version, and nothing over an equal tombstone."""
    after = dict(held)
    for article_id, version in [(w.article.article_id, w.article.index_version) for w in made.writes]:
        if abs(after.get(article_id, 0)) < version or after.get(article_id) == version:
            after[article_id] = version
    for article_id, version in made.withdrawals:
        if abs(after.get(article_id, 0)) <= version:
            after[article_id] = -version
    return after


@given(wanted_states(), HELD)
def test_a_plan_that_was_applied_leaves_nothing_to_plan(states: list[Wanted], held: dict[int, int]) -> None:
    made = plan(states, held, lambda text: False)
    assert plan(states, apply_plan(made, held), lambda text: False).is_empty


@given(wanted_states(), HELD)
def test_nothing_unpublished_stays_live_unless_the_index_holds_something_newer(
    states: list[Wanted], held: dict[int, int]
) -> None:
    after = apply_plan(plan(states, held, lambda text: False), held)
    for state in states:
        have = after.get(state.article_id, 0)
        if state.article is None:
            assert have <= 0 or have > state.index_version
        else:
            assert have == state.index_version or is_ahead(state.index_version, have)


@given(wanted_states(), HELD, st.sets(st.sampled_from(["alpha", "beta", "gamma"])))
def test_only_unknown_texts_are_encoded_and_each_of_an_article_once(
    states: list[Wanted], held: dict[int, int], known: set[str]
) -> None:
    for write in plan(states, held, known.__contains__).writes:
        texts = [write.article.embedding_text(p) for p in write.article.passages]
        assert set(write.new_texts) == set(texts) - known
        assert len(write.new_texts) == len(set(write.new_texts))


@given(wanted_states(), HELD)
def test_every_wanted_article_stands_in_exactly_one_part_of_the_plan(
    states: list[Wanted], held: dict[int, int]
) -> None:
    made = plan(states, held, lambda text: False)
    parts = [w.article.article_id for w in made.writes] + [a for a, _ in made.withdrawals] + list(made.unchanged)
    assert sorted(parts) == sorted(state.article_id for state in states)


@given(wanted_states(), HELD)
def test_outdated_names_what_the_plan_would_change(states: list[Wanted], held: dict[int, int]) -> None:
    wanted = {state.article_id: signed_version(state) for state in states}
    made = plan(states, held, lambda text: False)
    changed = {w.article.article_id for w in made.writes} | {a for a, _ in made.withdrawals}
    orphans = {a for a, version in held.items() if version > 0 and a not in wanted}
    assert set(outdated(wanted, held)) == changed | orphans


def test_a_metadata_change_asks_for_no_encoding() -> None:
    made = plan([Wanted(1, 2, make_article(1, 2, ["alpha"]))], {1: 1}, {"alpha"}.__contains__)
    assert made.writes[0].is_metadata_only


def test_a_tombstone_of_the_same_version_stands_and_an_article_gives_way() -> None:
    assert not needs(3, -3)
    assert is_ahead(3, -3)
    assert needs(-3, 3)
    assert not is_ahead(-3, 3)
    assert not needs(3, 3)
    assert not needs(-3, -3)
    assert not is_ahead(3, 3)
    assert not is_ahead(-3, -3)


def test_a_newer_version_held_is_left_alone() -> None:
    assert not needs(3, 4)
    assert not needs(3, -4)
    assert not needs(-3, 4)


@given(st.lists(TEXTS, max_size=6), st.integers(0, 8))
def test_take_keeps_every_write_and_stays_within_the_budget(all_texts: list[list[str]], budget: int) -> None:
    writes = [Write(make_article(i, 1), tuple(texts)) for i, texts in enumerate(all_texts)]
    now, later = take(writes, budget)
    assert sorted(w.article.article_id for w in now + later) == list(range(len(writes)))
    assert bool(now) == bool(writes)
    assert len(now) <= 1 or sum(len(w.new_texts) for w in now) <= budget
