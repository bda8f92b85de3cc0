"""Imports are idempotent, resumable and tolerant; an export imports back to the same."""

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from kb_service.articles.attachments import find_attachment
from kb_service.articles.models import Article, Attachment, Redirect, Revision
from kb_service.auth.actors import ANONYMOUS
from kb_service.db import migrate
from kb_service.db.session import Database
from kb_service.errors import NotFound
from kb_service.transfer.exporting import ExportOptions, export_articles
from kb_service.transfer.importing import ImportOptions, import_articles
from tests.integration.import_kills import kill_imports

KNOWLEDGE = Path(__file__).resolve().parents[2] / "kb_service" / "demo" / "knowledge"


def make_database(path: Path) -> Database:
    database = Database(f"sqlite:///{path}")
    migrate.import_models()
    migrate.upgrade(database)
    return database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = make_database(tmp_path / "kb.sqlite3")
    yield made
    made.dispose()


def write(path: Path, *records: dict[str, object] | str) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records))
    return path


def test_the_same_again_changes_nothing(database: Database) -> None:
    first = import_articles(database, KNOWLEDGE)
    again = import_articles(database, KNOWLEDGE)
    assert first.rejected == 0
    assert first.created > 120
    assert (again.created, again.updated, again.unchanged) == (0, 0, first.created)


def test_rejected_rows_are_filed_and_the_rest_is_imported(database: Database, tmp_path: Path) -> None:
    path = write(
        tmp_path / "faq.jsonl", {"id": "a", "title": "A", "body": "x"}, "{oops", {"id": "a", "title": "again"},
        {"id": "b", "title": "B", "applies_to": [{"product": "Desk", "versions": ">=1,<"}]},
        {"id": "c", "title": "C", "body": "x" * 300_000}, {"id": "d", "title": "D"},
    )  # fmt: skip
    report = import_articles(database, path, ImportOptions(rejected_dir=tmp_path))
    filed = [json.loads(line) for line in (tmp_path / "faq-rejected.jsonl").read_text().splitlines()]
    assert report.created == 2
    assert sorted((row["line"], row["field"]) for row in filed) == [
        (2, ""), (3, "external_id"), (4, "applies_to/0/versions"), (5, "body"),
    ]  # fmt: skip
    assert "product:desk" not in report.added


def test_strict_refuses_what_the_catalogue_does_not_know(database: Database, tmp_path: Path) -> None:
    row = {"id": "a", "title": "A", "applies_to": [{"product": "Desk", "versions": ["7"], "os": ["Windows"]}]}
    path = write(tmp_path / "faq.jsonl", row)
    assert import_articles(database, path, ImportOptions(strict=True)).rejections[0].field == "applies_to/0/product"
    assert import_articles(database, path).added == ["product:desk", "release:desk:7", "os:windows"]
    assert import_articles(database, path, ImportOptions(strict=True)).unchanged == 1


def test_an_interrupted_import_goes_on_behind_its_last_batch(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "faq.jsonl", *({"id": str(i), "title": f"T{i}"} for i in range(10)))

    def interrupt(stage: str, done: int, _total: int) -> None:
        if stage == "importing" and done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_articles(database, path, ImportOptions(batch=3), interrupt)
    seen: list[int] = []
    report = import_articles(database, path, ImportOptions(batch=3), lambda _s, done, _t: seen.append(done))
    assert (report.resumed_at, report.created, seen[0]) == (6, 10, 9)


def test_links_dates_votes_and_redirects_arrive(database: Database, tmp_path: Path) -> None:
    first = {"id": "a", "title": "A", "body": "see [b](/old/b)", "votes_up": 3, "updated_at": "2020-01-01T00:00:00Z"}
    import_articles(database, write(tmp_path / "x.jsonl", first, {"id": "b", "title": "B", "redirects": ["/old/b"]}))
    with database.reading() as session:
        a = session.scalars(select(Article).where(Article.external_id == "a")).one()
        assert (a.votes_up, a.updated_at.year) == (3, 2020)
        assert session.get_one(Revision, a.published_revision_id).body == "see [b](kb:b)"
        assert session.scalar(select(Redirect.path)) == "/old/b"


def test_an_export_imports_back_to_the_same(tmp_path: Path) -> None:
    here, there = make_database(tmp_path / "a.sqlite3"), make_database(tmp_path / "b.sqlite3")
    import_articles(here, KNOWLEDGE)
    own = {
        "id": "x",
        "source": "s",
        "title": "X",
        "attachments": [{"name": "a.png", "content": "cG5n"}],
        "votes_down": 2,
    }
    import_articles(here, write(tmp_path / "own.jsonl", own))
    files = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    count = export_articles(here, files[0], ExportOptions(include_drafts=True))
    report = import_articles(there, files[0])
    export_articles(there, files[1], ExportOptions(include_drafts=True))
    assert (report.rejected, report.created) == (0, count)
    first, second = (re.sub(r'"(created|updated)_at": "[^"]*"', "", file.read_text()) for file in files)
    assert first == second


def test_a_file_is_only_for_who_may_read_its_article(database: Database, tmp_path: Path) -> None:
    row = {"id": "x", "title": "X", "attachments": [{"name": "a.html", "content": "PGI+"}]}
    import_articles(database, write(tmp_path / "public.jsonl", row))
    secret = {**row, "audience": ["agent"], "attachments": [{"name": "s.png", "content": "cG5n"}]}
    import_articles(database, write(tmp_path / "secret.jsonl", secret))
    with database.reading() as session:
        digests = {a.name: a.sha256 for a in session.scalars(select(Attachment))}
        served = find_attachment(session, digests["a.html"], "a.html", ANONYMOUS)
        assert (served.disposition, served.media_type) == ("attachment", "application/octet-stream")
        with pytest.raises(NotFound):
            find_attachment(session, digests["s.png"], "s.png", ANONYMOUS)


def test_others_may_write_while_an_import_runs(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "long.jsonl", *({"id": str(i), "title": f"T{i}", "body": "# A\n\nb"} for i in range(400)))
    importing = threading.Thread(
        target=import_articles, args=(Database(str(database.url)), path, ImportOptions(batch=20))
    )
    importing.start()
    waits = []
    while importing.is_alive():
        started = time.monotonic()
        with database.writing():
            waits.append(time.monotonic() - started)
        time.sleep(0.05)
    importing.join()
    assert len(waits) > 5
    assert max(waits) < 5.0


@pytest.mark.timeout(180)
def test_a_killed_import_loses_nothing_and_goes_on(tmp_path: Path) -> None:
    kill_imports(tmp_path, kills=1, seed=1)
