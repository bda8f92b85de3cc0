"""The feed over a real database and the embedded engine: wakes, waits, withdraws, rebuilds, takes over."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from indexers.document import IndexedArticle
from indexers.embedding.port import HashingEncoder
from indexers.planning import outdated
from kb_service.db import outbox
from kb_service.indexing import feed_status, read_progress, request_reindex
from kb_service.indexing.source import FairChanges
from tests.integration.feed_bench import FeedBench, word_of


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[FeedBench]:
    made = FeedBench(tmp_path)
    yield made
    made.close()


def until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_published_article_is_found_within_a_second(bench: FeedBench) -> None:
    bench.feed.start()
    times = []
    for turn in range(10):
        started = time.monotonic()
        article_id, version = bench.publish("a", turn)
        assert bench.feed.wait_until_indexed(article_id, version, 5.0)
        times.append(time.monotonic() - started)
        assert bench.find(word_of("a", turn)) == [article_id]
    assert sorted(times)[-2] < 1.0, times


def test_during_an_import_a_correction_does_not_wait_for_the_import(bench: FeedBench) -> None:
    bench.feed.start()
    bench.publish_all([(f"i{number}", 0) for number in range(600)], passages=3)
    time.sleep(0.1)
    started = time.monotonic()
    article_id, version = bench.publish("urgent", 1)
    assert bench.feed.wait_until_indexed(article_id, version, 20.0)
    with bench.database.reading() as session:
        assert outbox.pending(session)[0] > 0, "the import was over too early to show anything"
    assert time.monotonic() - started < 3.0


def test_a_withdrawal_stands_before_it_is_acknowledged(bench: FeedBench) -> None:
    article_id, _ = bench.publish("a", 1)
    bench.settle()
    version = bench.unpublish(article_id)
    assert bench.feed.withdraw_now(article_id, version - 1)
    assert bench.find(word_of("a", 1)) == []
    bench.settle()
    assert bench.held() == {article_id: -version}


def test_a_withdrawal_is_pending_while_nobody_writes(tmp_path: Path) -> None:
    writer = FeedBench(tmp_path)
    article_id, _ = writer.publish("a", 1)
    writer.settle()
    reader = FeedBench(tmp_path)
    version = reader.unpublish(article_id)
    assert not reader.feed.withdraw_now(article_id, version - 1)
    writer.settle()
    assert reader.feed.withdraw_now(article_id, version - 1)
    assert until(lambda: reader.find(word_of("a", 1)) == [], 1.0)
    reader.close()
    writer.close()


def test_a_rebuild_serves_the_old_generation_until_the_new_one_holds_everything(bench: FeedBench) -> None:
    ids = [article_id for article_id, _ in bench.publish_all([(f"i{number}", 0) for number in range(80)])]
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
    assert len(bench.engine.generations()) == 1
    bench.settle()
    assert bench.find(word_of("late", 1)) == [late]
    assert bench.find(word_of("i0", 0)) == []
    assert not list(outdated(bench.feed.changes.wanted_versions(), bench.held()))
    assert read_progress(bench.database).state == "done"


def test_another_recipe_makes_a_new_generation_while_the_old_one_serves(tmp_path: Path) -> None:
    old = FeedBench(tmp_path)
    article_id, _ = old.publish("a", 1)
    old.settle()
    digest = old.engine.snapshot().recipe_digest
    old.close()
    new = FeedBench(tmp_path, encoder=HashingEncoder(64))
    assert new.engine.try_acquire_writer()
    assert new.find(word_of("a", 1)) == [article_id]
    assert new.engine.snapshot().recipe_digest == digest
    new.publish("b", 1)
    new.settle()
    assert new.engine.snapshot().recipe_digest == new.encoder.recipe.digest() != digest
    assert new.find(word_of("a", 1)) == [article_id]
    assert new.find(word_of("b", 1))
    new.close()


def test_an_interrupted_rebuild_is_finished_by_the_next_writer(tmp_path: Path) -> None:
    first = FeedBench(tmp_path)
    first.publish_all([(f"i{number}", 0) for number in range(60)])
    first.settle()
    request_reindex(first.database)
    assert until(lambda: bool(first.feed.step()) and len(first.engine.generations()) == 2, 5.0)
    first.close()
    second = FeedBench(tmp_path)
    second.settle()
    assert until(lambda: not second.feed.step() and not read_progress(second.database).is_open, 5.0)
    assert len(second.engine.generations()) == 1
    assert len(second.held()) == 60
    second.close()


def test_the_lock_of_a_dead_writer_is_taken_over_within_two_seconds(tmp_path: Path) -> None:
    child = [sys.executable, str(Path(__file__).with_name("feed_child.py")), str(tmp_path), "never", "1", "3"]
    with subprocess.Popen(child, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        waiting = FeedBench(tmp_path)
        waiting.feed.start()
        time.sleep(0.5)
        assert not waiting.feed.is_writer
        process.kill()
        assert until(lambda: waiting.feed.is_writer, 2.0)
        process.stdout.read()
    article_id, version = waiting.publish("after", 1)
    assert waiting.feed.wait_until_indexed(article_id, version, 20.0)
    assert waiting.find(word_of("after", 1)) == [article_id]
    waiting.close()


def test_the_status_names_dead_letters_and_the_last_reconcile(bench: FeedBench) -> None:
    article_id, version = bench.publish("a", 1)
    bench.settle()
    with bench.database.writing() as session:
        outbox.enqueue(session, article_id, version)
    [change] = bench.feed.changes.claim(5)
    bench.feed.changes.bury(change.row_ids, "a field of the wrong type")
    found = feed_status(bench.database, bench.engine)
    assert found.dead_letters[0].error == "a field of the wrong type"
    assert found.pending == 0
    assert found.index is not None
    assert found.index.articles == 1
    assert not bench.feed.wait_until_indexed(article_id, version, 1.0)


def test_a_dead_letter_is_forgotten_when_a_later_change_is_indexed(bench: FeedBench) -> None:
    article_id, _ = bench.publish("a", 1)
    [change] = bench.feed.changes.claim(5)
    bench.feed.changes.bury(change.row_ids, "broken")
    bench.publish("a", 2)
    bench.settle()
    assert feed_status(bench.database, bench.engine).dead == 0
    assert bench.find(word_of("a", 2)) == [article_id]


def test_the_newest_and_the_oldest_changes_take_turns(bench: FeedBench) -> None:
    ids = [article_id for article_id, _ in bench.publish_all([(f"i{number}", 0) for number in range(20)])]
    claimed = [change.article_id for change in bench.feed.changes.claim(6)]
    assert sorted(claimed) == sorted(ids[:3] + ids[-3:])
    bench.feed.changes.hurry([ids[10]])
    assert ids[10] in [change.article_id for change in bench.feed.changes.claim(4)]


def test_reconcile_repairs_a_lost_document_through_the_feed(bench: FeedBench) -> None:
    article_id, version = bench.publish("a", 1)
    bench.feed.changes.acknowledge(bench.feed.changes.claim(1)[0].row_ids)
    bench.settle()
    assert bench.find(word_of("a", 1)) == []
    assert "missing 1" in bench.feed._reconcile()
    bench.settle()
    assert bench.held() == {article_id: version}
    assert "missing 0" in bench.feed._reconcile()


def test_a_withdrawal_that_cannot_be_applied_is_pending_whatever_broke(bench: FeedBench) -> None:
    article_id, _ = bench.publish("a", 1)
    bench.settle()
    withdrawn = bench.unpublish(article_id)

    def broken(_ids: Sequence[int]) -> Mapping[int, IndexedArticle | None]:
        raise sqlite3.OperationalError("disk I/O error")

    bench.feed.worker._changes = cast("FairChanges", SimpleNamespace(read=broken))
    assert not bench.feed.withdraw_now(article_id, withdrawn - 1)
    bench.feed.worker._changes = bench.feed.changes
    bench.settle()
    assert bench.find(word_of("a", 1)) == []
