"""A backup is made beside a running service; what it brings back answers the judged questions identically."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from kb_service.articles.importing import upsert_imported
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.assembly import Parts, assemble
from kb_service.auth.actors import Role, actor_for
from kb_service.auth.models import ApiKey
from kb_service.backup.archive import MANIFEST
from kb_service.backup.service import check_backup, make_backup, restore_backup
from kb_service.backup.tables import count_rows, tables_of
from kb_service.db.outbox import pending
from kb_service.db.session import Database
from kb_service.demo.loader import KNOWLEDGE, load
from kb_service.errors import Conflict, InvalidInput
from kb_service.indexing import IndexFeed, read_progress, request_reindex
from kb_service.search.request import SearchOptions, SearchRequest
from kb_service.settings import Settings
from tests.support.databases import PostgresServer

QUESTIONS = [json.loads(line) for line in (KNOWLEDGE / "questions.jsonl").read_text().splitlines()]


def silent(_stage: str, _done: int, _total: int) -> None:
    """No bar."""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """The sample company; articles were rewritten since they were indexed first."""
    parts = assemble(Settings(data_dir=tmp_path_factory.mktemp("origin"), encoder="hashing"))
    load(parts)
    with parts.database.writing() as session:
        for turn in ("one", "two", "three"):
            text = ArticleText(title=f"Added later {turn}", body="The gateway lamp blinks.", audience=("public",))
            upsert_imported(session, ImportedArticle("test", "later", text), parts.catalog)
    settle(parts)
    yield parts
    parts.close()


@pytest.fixture(scope="module")
def made(origin: Parts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("backups") / "kb.tar"
    make_backup(origin.database, origin.settings.data_dir, target, silent)
    return target


def settle(parts: Parts) -> None:
    """Build the index anew and bring in what waits."""
    feed = IndexFeed.of(parts)
    request_reindex(parts.database)
    while feed.step() or read_progress(parts.database).is_open or waiting(parts.database):
        pass


def waiting(database: Database) -> int:
    with database.reading() as session:
        return pending(session)[0]


def answers(parts: Parts, step: int = 1) -> list[Any]:
    """What the search says to every (``step``-th) judged question, as an agent sees it."""
    said = []
    actor = actor_for("key:1", "agent", Role.AGENT)
    for question in QUESTIONS[::step]:
        given = question.get("context") or {}
        stated = parts.catalog.resolve_context(given.get("product"), given.get("version"), given.get("os"))
        found = parts.search.search(
            SearchRequest(question["text"], stated, actor=actor, options=SearchOptions(log=False))
        )
        hits = [(hit.article, hit.revision, round(hit.score, 5), hit.snippet.text) for hit in found.hits]
        said.append((question["text"], found.total, found.no_answer, hits))
    return said


def restored(backup: Path, data_dir: Path, url: str = "") -> Parts:
    settings = Settings(data_dir=data_dir, database_url=url, encoder="hashing")
    database = Database(settings.effective_database_url)
    restore_backup(database, settings.data_dir, backup, silent, force=False)
    database.dispose()
    return assemble(settings)


def test_a_restore_answers_every_judged_question_identically(origin: Parts, made: Path, tmp_path: Path) -> None:
    copy = restored(made, tmp_path / "copy")
    try:
        settle(copy)
        assert answers(copy) == answers(origin)
        assert copy.settings.secret_key == origin.settings.secret_key
    finally:
        copy.close()


def test_postgresql_takes_over_what_sqlite_held_and_gives_it_back(
    origin: Parts, made: Path, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    moved = restored(made, tmp_path / "moved", postgres_server.create())
    try:
        settle(moved)
        assert answers(moved, 8) == answers(origin, 8)
        with moved.database.writing() as session:  # the next ids come after those that were brought back
            text = ArticleText(title="New here", body="Written afterwards.", audience=("public",))
            upsert_imported(session, ImportedArticle("test", "new", text), moved.catalog)
        manifest = make_backup(moved.database, moved.settings.data_dir, tmp_path / "again", silent)
    finally:
        moved.close()
    back = restored(tmp_path / "again", tmp_path / "back")
    with back.database.engine.connect() as connection:
        assert count_rows(connection, tables_of(connection)) == manifest.tables
    back.close()


def test_a_backup_beside_writers_holds_one_moment(origin: Parts, tmp_path: Path) -> None:
    """Keys are made in pairs, each pair in one transaction: a backup with an odd number saw half of one."""
    is_over = threading.Event()

    def write() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            with origin.database.writing() as session:
                for half in ("a", "b"):
                    session.add(key_named(f"pair {number}{half}"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for turn in range(2):
            make_backup(origin.database, origin.settings.data_dir, tmp_path / f"{turn}", silent)
    finally:
        is_over.set()
        writer.join()
    counts = []
    for turn in range(2):
        database = Database(f"sqlite:///{tmp_path / f'{turn}.sqlite3'}")
        restore_backup(database, tmp_path / f"data{turn}", tmp_path / f"{turn}", silent, force=False)
        with database.reading() as session:
            of_pairs = select(func.count()).select_from(ApiKey).where(ApiKey.name.like("pair %"))
            counts.append(session.scalar(of_pairs) or 0)
        database.dispose()
    assert all(count % 2 == 0 for count in counts), counts
    assert counts[1] > counts[0] >= 0


def key_named(name: str) -> ApiKey:
    return ApiKey(name=name, hash=name, prefix=name, role="agent", groups=[], scopes=[], origins=[])


def test_what_is_there_is_replaced_only_when_it_is_said(made: Path, parts: Parts) -> None:
    with parts.database.writing() as session:
        session.add(key_named("mine"))
    with pytest.raises(Conflict, match="not empty"):
        restore_backup(parts.database, parts.settings.data_dir, made, silent, force=False)
    restore_backup(parts.database, parts.settings.data_dir, made, silent, force=True)
    with parts.database.reading() as session:
        assert not session.scalar(select(ApiKey).where(ApiKey.name == "mine"))


def test_a_damaged_backup_is_refused_before_anything_is_touched(made: Path, parts: Parts, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar"
    cut.write_bytes(made.read_bytes()[:-60_000])
    flipped = tmp_path / "flipped.tar"
    content = bytearray(made.read_bytes())
    content[len(content) // 2] ^= 0xFF
    flipped.write_bytes(content)
    for damaged in (cut, flipped):
        with pytest.raises(InvalidInput):
            restore_backup(parts.database, parts.settings.data_dir, damaged, silent, force=True)
        with pytest.raises(InvalidInput):
            check_backup(damaged, tmp_path)
    with pytest.raises(InvalidInput, match="no backup"):
        check_backup(tmp_path / "nowhere", tmp_path)


def test_a_backup_of_a_newer_version_is_refused(made: Path, parts: Parts, tmp_path: Path) -> None:
    shutil.unpack_archive(made, tmp_path / "newer")
    manifest = json.loads((tmp_path / "newer" / MANIFEST).read_text())
    (tmp_path / "newer" / MANIFEST).write_text(json.dumps(manifest | {"revision": "z9999_future"}))
    with pytest.raises(InvalidInput, match="newer version"):
        restore_backup(parts.database, parts.settings.data_dir, tmp_path / "newer", silent, force=False)


def test_no_backup_is_overwritten(origin: Parts, made: Path) -> None:
    with pytest.raises(Conflict, match="never overwritten"):
        make_backup(origin.database, origin.settings.data_dir, made, silent)
