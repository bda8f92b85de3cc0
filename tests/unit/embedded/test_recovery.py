"""The embedded engine after crashes, torn files, lost commits, and a second process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from indexers.document import IndexedArticle
from indexers.embedded import compaction
from indexers.embedded.engine import EmbeddedEngine
from indexers.embedded.lexicon import build_documents
from indexers.engine import EngineUnavailable, PoisonDocument, Snapshot
from tests.contract.engine.engine_cases import DIMENSIONS, PUBLIC, RECIPE, make_article, question, vectors_for

CHILD = """
import os, signal, sys
from pathlib import Path
from indexers.embedded.engine import EmbeddedEngine
from tests.contract.engine.engine_cases import DIMENSIONS, RECIPE, make_article, vectors_for

directory, point = Path(sys.argv[1]), sys.argv[2]

def die(name):
    if name == point:
        os.kill(os.getpid(), signal.SIGKILL)

engine = EmbeddedEngine(directory, RECIPE, DIMENSIONS, on_point=die)
generation = engine.generations()[0]
articles = [make_article(1, "Cable", index_version=2), make_article(3, "Battery")]
engine.upsert(generation, [(article, vectors_for(article)) for article in articles])
engine.withdraw(generation, [(2, 2)])
if point == "staged":
    die(point)
print("ready", flush=True)
if point == "hold":
    sys.stdin.read()
engine.commit(generation)
"""


def open_engine(directory: Path, **options: bool) -> EmbeddedEngine:
    """The engine of these tests."""
    return EmbeddedEngine(directory, RECIPE, DIMENSIONS, **options)


def write(engine: EmbeddedEngine, *articles: IndexedArticle) -> None:
    """Index and commit in the serving generation."""
    generation = engine.generations()[0]
    engine.upsert(generation, [(article, vectors_for(article)) for article in articles])
    engine.commit(generation)


def state(engine: EmbeddedEngine) -> tuple[dict[int, int], list[int], list[int], list[int]]:
    """(versions, articles by browsing, by words, by vectors): the ways must agree."""
    snapshot = engine.snapshot()
    browsed = sorted(item.article_id for item in snapshot.browse(PUBLIC, 99)[0])
    similar = snapshot.retrieve_semantic(np.ones(DIMENSIONS, np.float32), PUBLIC, 99).candidates
    versions = dict(engine.indexed_versions(engine.generations()[0]))
    return versions, browsed, find(snapshot, "settings"), sorted(one.article_id for one in similar)


def find(snapshot: Snapshot, word: str) -> list[int]:
    """Article ids by one word."""
    return sorted(one.article_id for one in snapshot.retrieve_lexical(question(word), PUBLIC, 99).candidates)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A closed index with articles 1 and 2 at version 1."""
    engine = open_engine(tmp_path / "index")
    write(engine, make_article(1, "Battery"), make_article(2, "Printer"))
    engine.close()
    return tmp_path / "index"


def run_child(directory: Path, point: str) -> subprocess.CompletedProcess[str]:
    """Run a writer that kills itself at ``point``."""
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(directory), point], text=True, capture_output=True, check=False
    )


BEFORE = ({1: 1, 2: 1}, [1, 2], [1, 2], [1, 2])
AFTER = ({1: 2, 2: -2, 3: 1}, [1, 3], [1, 3], [1, 3])


def test_reopening_gives_the_same_answers(two: Path) -> None:
    engine = open_engine(two)
    assert state(engine) == BEFORE
    snapshot = engine.snapshot()
    lexical = snapshot.retrieve_lexical(question("battery settings"), PUBLIC, 9)
    semantic = snapshot.retrieve_semantic(vectors_for(make_article(7))[0], PUBLIC, 9)
    engine.close()
    again = open_engine(two).snapshot()
    assert again.id == snapshot.id
    assert again.retrieve_lexical(question("battery settings"), PUBLIC, 9) == lexical
    assert again.retrieve_semantic(vectors_for(make_article(7))[0], PUBLIC, 9) == semantic


@pytest.mark.parametrize("point", ["staged", "vectors_written", "tantivy_committed", "swap"])
def test_a_writer_killed_at_any_point_leaves_the_old_or_the_new_state(two: Path, point: str) -> None:
    assert run_child(two, point).returncode == -signal.SIGKILL
    reader = open_engine(two, writable=False)
    seen = state(reader)
    engine = open_engine(two)
    versions, *found = state(engine)
    if point in ("tantivy_committed", "swap"):
        assert (versions, *found) == AFTER
        assert seen == AFTER
    else:
        # what was not committed is replayed; a withdrawal that reached the disk already holds
        assert found in ([[1, 2]] * 3, [[1]] * 3)
        assert 3 not in versions
        assert versions[1] == 1
    replay(engine)
    assert state(engine) == AFTER
    engine.close()
    assert state(open_engine(two)) == AFTER


def replay(engine: EmbeddedEngine) -> None:
    """What the worker does after a crash: the unacknowledged rows again."""
    engine.withdraw(engine.generations()[0], [(2, 2)])
    write(engine, make_article(1, "Cable", index_version=2), make_article(3, "Battery"))


def test_a_journal_torn_anywhere_in_its_last_record_loses_only_that_record(two: Path, tmp_path: Path) -> None:
    journal = two / "generations" / "g000001" / "journal-1.log"
    length = journal.stat().st_size
    engine = open_engine(two)
    write(engine, make_article(3, "Cable"))
    engine.close()
    full = journal.stat().st_size
    for cut in [*range(length, full, 37), full - 1]:
        copy = tmp_path / f"cut{cut}"
        shutil.copytree(two, copy)
        os.truncate(copy / "generations" / "g000001" / "journal-1.log", cut)
        assert state(open_engine(copy, writable=False)) == BEFORE
        engine = open_engine(copy)
        assert state(engine) == BEFORE
        write(engine, make_article(3, "Cable"))
        assert state(engine)[1] == [1, 2, 3]
        engine.close()
        shutil.rmtree(copy)


def test_a_flipped_byte_in_the_last_record_is_noticed(two: Path) -> None:
    journal = two / "generations" / "g000001" / "journal-1.log"
    content = bytearray(journal.read_bytes())
    content[-5] ^= 1
    journal.write_bytes(content)
    engine = open_engine(two)
    assert state(engine) == ({1: 1}, [1], [1], [1])


def test_articles_that_tantivy_lost_are_reported_as_missing(two: Path) -> None:
    tantivy = two / "generations" / "g000001" / "tantivy"
    saved = two.parent / "saved"
    shutil.copytree(tantivy, saved)
    engine = open_engine(two)
    write(engine, make_article(1, "Newer", index_version=2), make_article(3, "Cable"))
    engine.close()
    shutil.rmtree(tantivy)
    shutil.copytree(saved, tantivy)
    engine = open_engine(two)
    assert state(engine) == BEFORE
    write(engine, make_article(1, "Newer", index_version=2), make_article(3, "Cable"))
    expected = state(engine)
    assert expected[0] == {1: 2, 2: 1, 3: 1}
    assert expected[1] == expected[2] == expected[3] == [1, 2, 3]
    engine.close()
    assert state(open_engine(two)) == expected


def test_a_second_writer_is_refused_by_name_and_takes_over_within_two_seconds(two: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(two), "hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        with pytest.raises(EngineUnavailable, match=f"process {child.pid}"):
            open_engine(two)
        waiting = open_engine(two, writable=False)
        assert not waiting.try_acquire_writer()
        assert state(waiting) == BEFORE
        with pytest.raises(EngineUnavailable):
            waiting.commit(waiting.generations()[0])
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
    started = time.monotonic()
    while not waiting.try_acquire_writer():
        assert time.monotonic() - started < 2
    replay(waiting)
    assert state(waiting) == AFTER


def test_readers_see_commits_and_swaps_of_the_writer_within_a_second(two: Path) -> None:
    engine = open_engine(two)
    reader = open_engine(two, writable=False)
    first = reader.snapshot()
    replay(engine)
    time.sleep(0.25)
    assert state(reader) == AFTER
    assert find(first, "battery") == [1]
    building = engine.begin_generation({**RECIPE, "model": "other"})
    article = make_article(8, "Swapped")
    engine.upsert(building, [(article, vectors_for(article))])
    engine.activate(building)
    time.sleep(0.25)
    assert find(reader.snapshot(), "swapped") == [8]
    assert reader.generations() == (building,)


def test_a_reader_waits_for_an_index_that_does_not_exist_yet(tmp_path: Path) -> None:
    reader = open_engine(tmp_path / "index", writable=False)
    with pytest.raises(EngineUnavailable, match="worker"):
        reader.snapshot()
    engine = open_engine(tmp_path / "index")
    write(engine, make_article(1))
    time.sleep(0.25)
    assert find(reader.snapshot(), "password") == [1]


def test_another_machine_is_refused_with_the_way_out(two: Path) -> None:
    (two / "writer.lock").write_text('{"pid": 7, "host": "elsewhere", "boot": "another"}')
    for writable in (True, False):
        with pytest.raises(EngineUnavailable, match=r"elsewhere.*KB_OPENSEARCH_URL"):
            open_engine(two, writable=writable)


def test_a_document_that_kills_tantivys_writer_is_found_among_the_others(two: Path) -> None:
    engine = open_engine(two)
    generation = engine._open(engine.generations()[0])

    def build(article: IndexedArticle, sequence: int) -> list[object]:
        documents = build_documents(article, sequence)
        if article.title == "Poison":
            documents[-1].add_text("article", "no number")
        return documents

    generation.build = build
    titles = {3: "Cable", 2: "Poison", 4: "Mouse", 5: "Poison", 6: "Screen"}
    with pytest.raises(PoisonDocument) as caught:
        write(engine, *(make_article(article, title, index_version=2) for article, title in titles.items()))
    assert set(caught.value.errors) == {2, 5}
    expected = ({1: 1, 2: 1, 3: 2, 4: 2, 6: 2}, [1, 2, 3, 4, 6], [1, 2, 3, 4, 6], [1, 2, 3, 4, 6])
    assert state(engine) == expected
    write(engine, make_article(5, "Healed", index_version=3))
    assert state(engine)[0][5] == 3
    engine.close()
    assert state(open_engine(two))[1] == [1, 2, 3, 4, 5, 6]


def test_a_journal_full_of_dead_rows_is_rewritten(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "DEAD_MINIMUM_ROWS", 5)
    engine = open_engine(two)
    reader = open_engine(two, writable=False)
    assert state(reader) == BEFORE
    engine.withdraw(engine.generations()[0], [(2, 7)])
    for version in range(2, 12):
        write(engine, make_article(1, f"word{version}", index_version=version), make_article(3, index_version=version))
    journals = list((two / "generations" / "g000001").glob("journal-*"))
    assert [path.name for path in journals] != ["journal-1.log"]
    assert len(journals) == 1
    expected = ({1: 11, 2: -7, 3: 11}, [1, 3], [1, 3], [1, 3])
    assert state(engine) == expected
    time.sleep(0.25)
    assert state(reader) == expected
    engine.close()
    assert state(open_engine(two)) == expected


def test_a_full_disk_loses_nothing_that_was_committed(two: Path) -> None:
    engine = open_engine(two)

    def fail(point: str) -> None:
        if point == "vectors_written":
            raise OSError(28, "No space left on device")

    engine._open(engine.generations()[0]).on_point = fail
    with pytest.raises(EngineUnavailable, match="No space left"):
        write(engine, make_article(3))
    assert state(engine) == BEFORE
    engine._open(engine.generations()[0]).on_point = lambda _: None
    replay(engine)
    assert state(engine) == AFTER
