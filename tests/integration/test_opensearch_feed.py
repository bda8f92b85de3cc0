"""The feed over a real OpenSearch node: found in time, nothing lost while it is away, generations both ways."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from indexers.engine import EngineUnavailable
from indexers.opensearch.cluster import ClusterOptions
from indexers.opensearch.engine import OpenSearchEngine
from indexers.opensearch.lease import GONE_SECONDS
from indexers.reconcile import reconcile
from kb_service.indexing import feed_status, read_progress, request_reindex, request_rollback
from kb_service.indexing.requests import ROLLBACK
from tests.integration.feed_bench import FeedBench, word_of
from tests.support.gate import Gate
from tests.support.opensearch import remove_indices

Make = Callable[..., FeedBench]


@pytest.fixture
def options(opensearch_url: str) -> Iterator[ClusterOptions]:
    made = ClusterOptions(opensearch_url, prefix=f"t{uuid.uuid4().hex[:10]}", timeout_seconds=2.0)
    yield made
    remove_indices(made)


@pytest.fixture
def make(options: ClusterOptions, tmp_path: Path) -> Iterator[Make]:
    """Processes of one installation: one database, one index."""
    made: list[FeedBench] = []

    def one(more: ClusterOptions | None = None) -> FeedBench:
        made.append(FeedBench(tmp_path, opensearch=more or options))
        return made[-1]

    yield one
    for bench in made:
        bench.close()


@pytest.fixture(params=["embedded", "opensearch"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FeedBench]:
    """One process over either engine."""
    if request.param == "opensearch":
        yield request.getfixturevalue("make")()
        return
    made = FeedBench(tmp_path)
    yield made
    made.close()


def until(condition: Callable[[], object], seconds: float) -> float:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - started


def is_clean(bench: FeedBench) -> bool:
    return reconcile(bench.feed.changes, bench.engine, lambda _: None).is_clean


def finds(bench: FeedBench, word: str) -> list[int]:
    """Nothing while there is no index yet."""
    try:
        return bench.find(word)
    except EngineUnavailable:
        return []


def test_a_publication_is_found_by_another_process_within_two_and_a_half_seconds(make: Make) -> None:
    writer, reader = make(), make()
    writer.feed.start()
    times = []
    for turn in range(12):
        article_id, _ = writer.publish("a", turn)
        times.append(until(lambda: finds(reader, word_of("a", turn)) == [article_id], 10.0))  # noqa: B023
    assert sorted(times[1:])[-2] <= 2.5, times


def test_a_withdrawal_stands_before_it_is_acknowledged_whoever_takes_it(make: Make) -> None:
    writer, other = make(), make()
    article_id, _ = writer.publish("a", 1)
    writer.settle()
    version = other.unpublish(article_id)
    assert not other.feed.is_writer
    assert other.feed.withdraw_now(article_id, version - 1)
    assert finds(other, word_of("a", 1)) == []
    writer.settle()
    assert writer.held() == {article_id: -version}


def test_one_feeds_and_the_next_one_follows(make: Make) -> None:
    first, second = make(), make()
    assert first.feed.step() is False and first.feed.is_writer
    second.feed.step()
    assert not second.feed.is_writer
    first.engine.close()  # in order: the lease is given back
    second.feed.step()
    assert second.feed.is_writer
    assert "feeds the index" in second.engine.describe_writer()


def test_a_feeder_that_died_is_followed_and_learns_so_when_it_was_only_asleep(make: Make) -> None:
    first, second = make(), make()
    first.feed.step()
    second.feed.step()
    assert until(lambda: second.feed.step() or second.feed.is_writer, GONE_SECONDS + 5.0) >= GONE_SECONDS - 1.0
    first.feed.step()
    assert not first.feed.is_writer


def test_nothing_is_lost_while_the_cluster_is_away(make: Make, options: ClusterOptions) -> None:
    there = urlsplit(options.urls.split(",")[0])
    gate = Gate((str(there.hostname), int(there.port or 9200)))
    bench = make(ClusterOptions(gate.url, prefix=options.prefix, timeout_seconds=0.5))
    bench.feed.start()
    before, _ = bench.publish("a", 1)
    until(lambda: finds(bench, word_of("a", 1)), 10.0)
    gate.cut()
    during, _ = bench.publish("b", 1)
    version = bench.unpublish(before)
    assert not bench.feed.withdraw_now(before, version - 1), "what is not in the index is not said to be"
    with pytest.raises(EngineUnavailable):
        bench.find(word_of("a", 1))
    status = feed_status(bench.database, bench.engine)
    assert status.index is None and "KB_OPENSEARCH_URL" in status.engine_error
    assert status.dead == 0
    gate.heal()
    until(lambda: finds(bench, word_of("b", 1)) == [during], 20.0)
    until(lambda: finds(bench, word_of("a", 1)) == [], 10.0)
    until(lambda: feed_status(bench.database, bench.engine).pending == 0, 10.0)
    assert is_clean(bench)
    gate.close()


def test_a_rebuild_answers_without_a_gap_and_takes_in_what_changes_meanwhile(bench: FeedBench) -> None:
    ids = [article_id for article_id, _ in bench.publish_all([(f"i{number}", 0) for number in range(60)])]
    bench.settle()
    former = bench.engine.generations()[0]
    request_reindex(bench.database)
    late = None
    for turn in range(500):
        bench.feed.step()
        if len(bench.engine.generations()) == 2 and late is None:
            late, _ = bench.publish("late", 1)
            bench.unpublish(ids[0])
        assert bench.find(word_of("i5", 0)) == [ids[5]], f"a gap in turn {turn}"
        if late is not None and not read_progress(bench.database).is_open:
            break
        time.sleep(0.01)
    assert bench.engine.generations()[0] != former
    assert bench.find(word_of("late", 1)) == [late]
    assert bench.find(word_of("i0", 0)) == []
    assert is_clean(bench)


def test_going_back_serves_the_generation_before_and_brings_in_what_changed_since(bench: FeedBench) -> None:
    bench.publish("a", 1)
    bench.settle()
    former = bench.engine.generations()[0]
    request_reindex(bench.database)
    until(lambda: not bench.feed.step() and not read_progress(bench.database).is_open, 20.0)
    newer = bench.engine.generations()[0]
    since, _ = bench.publish("b", 1)
    bench.settle()
    bench.feed.start()
    request_rollback(bench.database)
    until(lambda: not read_progress(bench.database, ROLLBACK).is_open, 10.0)
    assert read_progress(bench.database, ROLLBACK).generation == former
    assert bench.engine.generations()[0] == former
    assert bench.engine.previous_generation() == newer
    until(lambda: bench.find(word_of("b", 1)) == [since], 10.0)
    until(lambda: is_clean(bench), 10.0)


def test_going_back_where_there_is_nothing_to_go_back_to_says_so(bench: FeedBench) -> None:
    bench.settle()
    request_rollback(bench.database)
    until(lambda: not bench.feed.step() and not read_progress(bench.database, ROLLBACK).is_open, 10.0)
    assert "no generation to go back to" in read_progress(bench.database, ROLLBACK).error


def test_an_interrupted_build_is_gone_on_with_by_the_next_process(make: Make) -> None:
    first = make()
    first.publish_all([(f"i{number}", 0) for number in range(80)])
    first.settle()
    request_reindex(first.database)
    until(lambda: first.feed.step() and len(first.engine.generations()) == 2, 10.0)
    building = first.engine.generations()[1]
    first.engine.close()
    second = make()
    until(lambda: not second.feed.step() and not read_progress(second.database).is_open, 30.0)
    assert second.engine.generations() == (building,)
    assert is_clean(second)


def test_an_index_that_was_deleted_is_made_again(make: Make, options: ClusterOptions) -> None:
    bench = make()
    bench.feed.start()
    article_id, _ = bench.publish("a", 1)
    until(lambda: finds(bench, word_of("a", 1)) == [article_id], 10.0)
    remove_indices(options)
    until(lambda: finds(bench, word_of("a", 1)) == [article_id], 20.0)
    assert isinstance(bench.engine, OpenSearchEngine)
