"""Questions asked at the very moment in which another state takes over are answered from the former one."""

from __future__ import annotations

from pathlib import Path

from indexers.embedded.engine import EmbeddedEngine
from indexers.embedded.generation import Generation
from indexers.engine import Snapshot
from tests.contract.engine.engine_cases import DIMENSIONS, PUBLIC, RECIPE, make_article, question, vectors_for


class AskedInBetween(EmbeddedEngine):
    """Asks for a snapshot while a generation is being opened, as another thread's search does."""

    is_asked = False

    def _open(self, name: str) -> Generation:
        if self.is_asked:
            assert finds(self.snapshot())
        opened = super()._open(name)
        if self.is_asked:
            assert finds(self.snapshot())
        return opened


def finds(snapshot: Snapshot) -> bool:
    return bool(snapshot.retrieve_lexical(question("cable"), PUBLIC, 5).candidates)


def write(engine: EmbeddedEngine, generation: str) -> None:
    article = make_article(1, "Cable")
    engine.upsert(generation, [(article, vectors_for(article))])
    engine.commit(generation)


def test_a_reader_answers_while_it_turns_to_another_generation(tmp_path: Path) -> None:
    writer = EmbeddedEngine(tmp_path, RECIPE, DIMENSIONS)
    write(writer, writer.generations()[0])
    reader = AskedInBetween(tmp_path, RECIPE, DIMENSIONS, writable=False)
    assert finds(reader.snapshot())
    fresh = writer.begin_generation(RECIPE)
    write(writer, fresh)
    writer.activate(fresh)
    reader.is_asked = True
    reader._checked_at = 0.0
    assert reader.snapshot().id.startswith(fresh)
    reader.close()
    writer.close()


def test_a_reader_answers_while_it_becomes_the_writer(tmp_path: Path) -> None:
    writer = EmbeddedEngine(tmp_path, RECIPE, DIMENSIONS)
    write(writer, writer.generations()[0])
    reader = AskedInBetween(tmp_path, RECIPE, DIMENSIONS, writable=False)
    assert finds(reader.snapshot())
    writer.close()
    reader.is_asked = True
    assert reader.try_acquire_writer()
    assert finds(reader.snapshot())
    reader.close()


def test_a_writer_answers_while_it_swaps_generations(tmp_path: Path) -> None:
    engine = AskedInBetween(tmp_path, RECIPE, DIMENSIONS)
    write(engine, engine.generations()[0])
    fresh = engine.begin_generation(RECIPE)
    write(engine, fresh)
    former = engine.snapshot()
    engine.is_asked = True
    engine.activate(fresh)
    assert finds(former)
    assert finds(engine.snapshot())
    engine.close()
