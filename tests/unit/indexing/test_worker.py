"""The worker: acknowledges what every live generation holds, loses nothing, and lets nobody else wait for a bad
article.
"""

from __future__ import annotations

import pytest

from indexers.engine import EngineUnavailable
from indexers.reconcile import prune, reconcile
from indexers.worker import MAX_ATTEMPTS, Worker
from tests.unit.indexing.indexing_fakes import CountingEncoder, MemoryChanges, MemoryEngine, make_article


class Bench:
    """A worker between fakes, whose backoff never waits."""

    def __init__(self) -> None:
        self.encoder = CountingEncoder()
        self.engine = MemoryEngine(self.encoder.recipe.to_dict())
        self.changes = MemoryChanges()
        self.worker = Worker(self.changes, self.engine, self.encoder)

    def drain(self, rounds: int = 50) -> int:
        done = 0
        for _ in range(rounds):
            self.worker.backoff.succeeded()
            done += self.worker.drain_once()
        return done


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_published_article_is_committed_before_it_is_acknowledged(bench: Bench) -> None:
    bench.changes.set(make_article(1, 1))
    assert bench.worker.drain_once() == 1
    assert bench.engine.committed["g1"] == {1: 1}
    assert not bench.changes.rows


def test_a_withdrawn_article_leaves_a_tombstone(bench: Bench) -> None:
    bench.changes.set(make_article(1, 1))
    bench.drain(1)
    bench.changes.withdraw(1, 2)
    bench.drain(1)
    assert bench.engine.committed["g1"] == {1: -2}
    assert not bench.changes.rows


def test_only_texts_that_changed_are_encoded(bench: Bench) -> None:
    bench.changes.set(make_article(1, 1, ["alpha", "beta"]))
    bench.drain(1)
    bench.encoder.encoded.clear()
    bench.changes.set(make_article(1, 2, ["alpha", "gamma"]))
    bench.drain(1)
    assert bench.encoder.encoded == ["gamma"]


def test_a_change_delivered_twice_writes_once(bench: Bench) -> None:
    bench.changes.set(make_article(1, 1))
    bench.drain(1)
    bench.changes.enqueue({1: 1})
    assert bench.drain(1) == 1
    assert bench.engine.upserts == 1


def test_several_changes_of_one_article_write_its_current_state_once(bench: Bench) -> None:
    for version in (1, 2, 3):
        bench.changes.set(make_article(1, version))
    bench.drain(1)
    assert bench.engine.upserts == 1
    assert bench.engine.committed["g1"] == {1: 3}
    assert not bench.changes.rows


def test_a_poison_article_is_buried_and_the_rest_goes_on(bench: Bench) -> None:
    bench.engine.poison.add(2)
    for article_id in (1, 2, 3):
        bench.changes.set(make_article(article_id, 1))
    bench.drain()
    assert bench.engine.committed["g1"] == {1: 1, 3: 1}
    assert list(bench.changes.dead) == [2]


def test_an_article_that_cannot_be_read_is_buried_after_some_attempts(bench: Bench) -> None:
    bench.changes.broken.add(2)
    for article_id in (1, 2, 3):
        bench.changes.set(make_article(article_id, 1))
    bench.drain(1)
    assert set(bench.engine.committed["g1"]) == {1, 3}
    assert not bench.changes.dead
    bench.drain(MAX_ATTEMPTS)
    assert list(bench.changes.dead) == [2]


@pytest.mark.parametrize("part", ["engine", "encoder"])
def test_a_part_that_is_down_never_makes_a_dead_letter(bench: Bench, part: str) -> None:
    failing = getattr(bench, part)
    failing.is_down = True
    bench.changes.set(make_article(1, 1, ["alpha"]))
    assert bench.drain(3 * MAX_ATTEMPTS) == 0
    assert not bench.changes.dead
    assert len(bench.changes.released) == 3 * MAX_ATTEMPTS
    failing.is_down = False
    assert bench.drain() == 1


def test_after_a_failure_the_worker_gives_the_part_time(bench: Bench) -> None:
    bench.engine.is_down = True
    bench.changes.set(make_article(1, 1))
    bench.worker.drain_once()
    assert bench.worker.backoff.is_waiting
    assert bench.worker.drain_once() == 0
    assert len(bench.changes.released) == 1


def test_every_live_generation_gets_the_change(bench: Bench) -> None:
    bench.engine.begin_generation(bench.encoder.recipe.to_dict())
    bench.changes.set(make_article(1, 1))
    bench.drain(1)
    assert bench.engine.committed == {"g1": {1: 1}, "g2": {1: 1}}


def test_a_generation_of_another_recipe_gets_vectors_of_its_own_width_that_match_nothing() -> None:
    bench = Bench()
    bench.engine = MemoryEngine({**bench.encoder.recipe.to_dict(), "dimensions": 8})
    bench.worker = Worker(bench.changes, bench.engine, bench.encoder)
    bench.engine.begin_generation(bench.encoder.recipe.to_dict())
    bench.changes.set(make_article(1, 1))
    bench.drain(1)
    assert not bench.engine.documents["g1", 1][1].any()
    assert bench.engine.documents["g2", 1][1].any()


def test_a_large_import_is_cut_into_batches_that_stay_small(bench: Bench) -> None:
    for article_id in range(1, 101):
        bench.changes.set(make_article(article_id, 1, [f"{article_id} {i}" for i in range(8)]))
    bench.worker.drain_once()
    assert len(bench.encoder.encoded) <= 64
    bench.drain()
    assert len(bench.engine.committed["g1"]) == 100
    assert not bench.changes.rows
    assert len(bench.encoder.encoded) == len(set(bench.encoder.encoded)) == 800


def test_a_very_long_article_is_encoded_in_parts_while_others_pass(bench: Bench) -> None:
    bench.changes.set(make_article(1, 1, [f"part {i}" for i in range(300)]))
    bench.worker.drain_once()
    assert 1 not in bench.engine.live["g1"]
    assert 0 < len(bench.encoder.encoded) < 100
    bench.changes.set(make_article(2, 1))
    bench.drain(1)
    assert bench.engine.committed["g1"] == {2: 1}
    bench.drain()
    assert bench.engine.committed["g1"] == {1: 1, 2: 1}
    assert len(bench.encoder.encoded) == 301


def test_a_withdrawal_now_stands_although_an_older_state_is_written_afterwards(bench: Bench) -> None:
    old = make_article(1, 1)
    bench.changes.set(old)
    bench.changes.withdraw(1, 2)
    assert bench.worker.apply_now(1, 2)
    bench.engine.upsert("g1", [(old, bench.encoder.encode_passages(["alpha"]))])
    assert bench.engine.indexed_versions("g1") == {1: -2}


def test_a_narrowed_article_is_rewritten_at_once_without_encoding(bench: Bench) -> None:
    bench.changes.set(make_article(1, 1))
    bench.drain(1)
    bench.encoder.encoded.clear()
    bench.changes.set(make_article(1, 2))
    assert bench.worker.apply_now(1, 2)
    assert bench.engine.committed["g1"] == {1: 2}
    assert not bench.encoder.encoded


def test_a_narrowed_article_with_new_text_is_withdrawn_until_the_feed_brings_it_back(bench: Bench) -> None:
    bench.changes.set(make_article(1, 1))
    bench.drain(1)
    bench.changes.set(make_article(1, 2, ["beta"]))
    assert bench.worker.apply_now(1, 2)
    assert bench.engine.committed["g1"] == {1: -1}
    bench.drain(1)
    assert bench.engine.committed["g1"] == {1: 2}


def test_a_withdrawal_now_says_when_the_engine_is_away(bench: Bench) -> None:
    bench.engine.is_down = True
    bench.changes.withdraw(1, 2)
    with pytest.raises(EngineUnavailable):
        bench.worker.apply_now(1, 2)


def test_reconcile_repairs_both_directions_through_the_feed(bench: Bench) -> None:
    for article_id in (1, 2, 3):
        bench.changes.set(make_article(article_id, 1))
    bench.drain(1)
    del bench.engine.live["g1"][1]
    bench.changes.state[2] = None
    bench.engine.live["g1"][9] = 4
    found = reconcile(bench.changes, bench.engine, bench.changes.enqueue)
    assert (found.missing, found.lingering, found.ahead) == (1, 2, 0)
    bench.drain(1)
    assert bench.engine.committed["g1"] == {1: 1, 2: -1, 3: 1, 9: -4}
    assert reconcile(bench.changes, bench.engine, bench.changes.enqueue).is_clean


def test_an_old_tombstone_is_renewed_and_nothing_lingers(bench: Bench) -> None:
    """A withdrawal's tombstone may come after the feed has found that there is nothing to withdraw."""
    bench.changes.withdraw(1, 3)
    bench.engine.live["g1"][1] = -2
    found = reconcile(bench.changes, bench.engine, bench.changes.enqueue)
    assert found.is_clean
    bench.drain(1)
    assert bench.engine.committed["g1"] == {1: -3}


def test_reconcile_notices_that_the_database_was_restored(bench: Bench) -> None:
    bench.changes.set(make_article(1, 3))
    bench.drain(1)
    bench.changes.versions[1] = 2
    assert reconcile(bench.changes, bench.engine, bench.changes.enqueue).ahead == 1


def test_a_pruned_tombstone_needs_no_repair(bench: Bench) -> None:
    bench.changes.set(make_article(1, 1))
    bench.drain(1)
    bench.changes.withdraw(1, 2)
    bench.drain(1)
    assert prune(bench.engine) == 1
    assert reconcile(bench.changes, bench.engine, bench.changes.enqueue).is_clean


def test_a_slice_of_a_build_reports_what_it_left_over(bench: Bench) -> None:
    for article_id in range(1, 21):
        bench.changes.set(make_article(article_id, 1, [f"{article_id} {i}" for i in range(10)]))
    generation = bench.engine.begin_generation(bench.encoder.recipe.to_dict())
    bench.engine.poison.add(20)
    wanted = dict(bench.changes.wanted_versions())
    poison: set[int] = set()
    while wanted:
        filled = bench.worker.fill(generation, wanted)
        assert filled.articles == len(wanted) - len(filled.later)
        poison |= filled.poison
        wanted = {article_id: wanted[article_id] for article_id in filled.later}
    assert len(bench.engine.committed[generation]) == 19
    assert poison == {20}
    assert not bench.engine.live["g1"]
