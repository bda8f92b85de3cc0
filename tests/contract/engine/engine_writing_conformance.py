"""What every retrieval engine must do with writes and generations; part of ``EngineConformance``."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from indexers.engine import Engine, PoisonDocument
from tests.contract.engine.engine_cases import PUBLIC, RECIPE, ids, load, make_article, vectors_for


class WritingConformance:
    """Versions, withdrawals, poison, generations."""

    @pytest.fixture
    def engine(self) -> Engine:
        """A new, empty engine."""
        raise NotImplementedError

    # -- writing ---------------------------------------------------------------------------------------------------

    def test_a_snapshot_does_not_change_and_its_id_does(self, engine: Engine) -> None:
        before = load(engine, make_article(1, "Battery"))
        after = load(engine, make_article(2, "Battery"), make_article(1, "Cable", index_version=2))
        assert before.id != after.id
        assert ids(before, "battery") == [1]
        assert ids(after, "battery") == [2]
        assert ids(after, "cable") == [1]
        assert before.browse(PUBLIC, 9)[1] == 1
        assert [one.article_id for one in before.suggest("batt", PUBLIC, 9)] == [1]

    def test_an_older_version_never_replaces_a_newer_one(self, engine: Engine) -> None:
        load(engine, make_article(1, "Newer", index_version=5))
        snapshot = load(engine, make_article(1, "Older", index_version=4))
        assert ids(snapshot, "newer") == [1]
        assert ids(snapshot, "older") == []
        assert dict(engine.indexed_versions(engine.generations()[0])) == {1: 5}

    def test_a_withdrawal_takes_the_article_away_and_beats_older_writes(self, engine: Engine) -> None:
        generation = engine.generations()[0]
        load(engine, make_article(1, "Battery", index_version=3))
        engine.withdraw(generation, [(1, 4), (2, 9)])
        snapshot = load(
            engine, make_article(1, "Battery", index_version=3), make_article(2, "Battery", index_version=9)
        )
        assert ids(snapshot, "battery") == []
        assert snapshot.browse(PUBLIC, 9) == ([], 0)
        assert snapshot.stored([(1, 0)]) == {}
        assert dict(engine.indexed_versions(generation)) == {1: -4, 2: -9}
        assert ids(load(engine, make_article(1, "Battery", index_version=5)), "battery") == [1]

    def test_an_older_withdrawal_is_ignored(self, engine: Engine) -> None:
        load(engine, make_article(1, "Battery", index_version=3))
        generation = engine.generations()[0]
        engine.withdraw(generation, [(1, 2)])
        engine.commit(generation)
        assert ids(engine.snapshot(), "battery") == [1]

    def test_writes_in_any_order_and_from_many_threads_end_in_the_newest(self, engine: Engine) -> None:
        generation = engine.generations()[0]
        rng = np.random.default_rng(3)

        def write(seed: int) -> None:
            for version in np.random.default_rng(seed).permutation(np.arange(1, 9)).tolist():
                article = make_article(int(rng.integers(1, 4)), f"word{version}", index_version=version)
                engine.upsert(generation, [(article, vectors_for(article))])

        threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        finals = [make_article(n, "final", index_version=9) for n in (1, 2, 3)]
        snapshot = load(engine, *finals)
        assert ids(snapshot, "final") == [1, 2, 3]
        assert snapshot.browse(PUBLIC, 9)[1] == 3
        assert ids(snapshot, "word8") == []
        assert snapshot.passage_count() == 3

    def test_old_tombstones_are_forgotten_on_request(self, engine: Engine) -> None:
        generation = engine.generations()[0]
        engine.withdraw(generation, [(1, 4)])
        engine.commit(generation)
        assert engine.prune_tombstones(generation, 3600) == 0
        assert engine.prune_tombstones(generation, 0) == 1
        assert dict(engine.indexed_versions(generation)) == {}
        assert engine.status().tombstones == 0

    def test_a_poison_document_is_named_and_the_rest_is_written(self, engine: Engine) -> None:
        generation = engine.generations()[0]
        good, other = make_article(1, "Battery"), make_article(3, "Battery")
        bad = make_article(2, "Battery", language=7)
        wrong = make_article(4, "Battery")
        pairs = [
            (good, vectors_for(good)),
            (bad, vectors_for(bad)),
            (wrong, np.zeros((5, 3), np.float32)),
            (other, vectors_for(other)),
        ]
        errors: dict[int, str] = {}
        for step in (lambda: engine.upsert(generation, pairs), lambda: engine.commit(generation)):
            try:  # an engine may find out when it is given the document, or when it writes it
                step()
            except PoisonDocument as error:
                errors |= error.errors
        assert set(errors) == {2, 4}
        assert ids(engine.snapshot(), "battery") == [1, 3]

    # -- generations -----------------------------------------------------------------------------------------------

    def test_a_generation_is_built_beside_the_serving_one_and_swapped(self, engine: Engine) -> None:
        serving = engine.generations()[0]
        load(engine, make_article(1, "Battery"))
        building = engine.begin_generation({**RECIPE, "model": "other"})
        assert engine.generations() == (serving, building)
        load(engine, make_article(2, "Battery"), generation=building)
        before = engine.snapshot()
        assert ids(before, "battery") == [1]
        engine.activate(building)
        after = engine.snapshot()
        assert ids(after, "battery") == [2]
        assert ids(before, "battery") == [1]
        assert before.id != after.id
        assert before.recipe_digest != after.recipe_digest
        assert engine.generations() == (building,)
        assert engine.status().generation == building

    def test_a_swap_can_be_taken_back(self, engine: Engine) -> None:
        former = engine.generations()[0]
        load(engine, make_article(1, "Battery"))
        engine.activate(engine.begin_generation(RECIPE))
        assert ids(engine.snapshot(), "battery") == []
        engine.activate(former)
        assert ids(engine.snapshot(), "battery") == [1]

    def test_a_discarded_generation_is_gone_and_the_serving_one_cannot_be(self, engine: Engine) -> None:
        serving = engine.generations()[0]
        building = engine.begin_generation(RECIPE)
        engine.discard(building)
        assert engine.generations() == (serving,)
        with pytest.raises(ValueError, match="serves"):
            engine.discard(serving)

    def test_status_counts(self, engine: Engine) -> None:
        load(engine, make_article(1), make_article(2, texts=[("a", "all"), ("b", "all")]))
        status = engine.status()
        assert (status.articles, status.passages, status.tombstones) == (2, 3, 0)
        assert status.bytes_on_disk > 0
        assert status.live_generations == engine.generations()
        assert dict(status.recipe) == dict(RECIPE)
        assert engine.snapshot().term_statistics(["a", "zebra"]) == {"a": 1, "zebra": 0}
