"""The database is out: the index answers, for the public alone, and says so; nobody's rights are believed for long."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError, OperationalError

from kb_service.app import create_app
from kb_service.articles.importing import upsert_imported
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.assembly import Parts, assemble
from kb_service.auth import service
from kb_service.auth.actors import Role
from kb_service.auth.schemas import KeyIn
from kb_service.catalog import ensuring
from kb_service.db.session import Database
from kb_service.settings import Settings
from tests.conftest import HOST
from tests.support.databases import StoppablePostgres

ARTICLES = (
    ("Replace the fan", ("public",), ()),
    ("Replace the fan belt", ("agent",), ()),
    ("Fan of the old gateway", ("public",), ({"product": "gateway", "versions": "<11"},)),
)


class Outage:
    """Stops a database and starts it again."""

    def __init__(self, parts: Parts, server: StoppablePostgres | None) -> None:
        self._parts, self._server = parts, server

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
        else:
            event.listen(self._parts.database.engine, "begin", refuse)

    def start(self) -> None:
        if self._server is not None:
            self._server.start()
        else:
            event.remove(self._parts.database.engine, "begin", refuse)


def refuse(_connection: object) -> None:
    raise OperationalError("BEGIN", {}, sqlite3.OperationalError("unable to open database file"))


@pytest.fixture(params=["sqlite", "postgresql"])
def outage(request: pytest.FixtureRequest, settings: Settings) -> Iterator[tuple[Outage, FastAPI]]:
    """A site with three articles, its feed running, and what stops its database."""
    server = request.getfixturevalue("stoppable_postgres") if request.param == "postgresql" else None
    chosen = settings.model_copy(update={"database_url": server.url if server else ""})
    parts = assemble(chosen)
    with parts.database.writing() as session:
        ensuring.ensure_product(session, "Gateway")
        for version in ("10.2", "11.2"):
            ensuring.ensure_release(session, "gateway", version)
    for number, (title, audience, applies_to) in enumerate(ARTICLES):
        with parts.database.writing() as session:
            text = ArticleText(title=title, body="Open the case.", audience=audience, applies_to=applies_to)
            upsert_imported(session, ImportedArticle("test", str(number), text), parts.catalog)
    yield Outage(parts, server), create_app(parts.settings, parts)
    parts.close()


@pytest.fixture
def key(outage: tuple[Outage, FastAPI]) -> str:
    database: Database = outage[1].state.parts.database
    with database.writing() as session:
        return service.create_key(session, KeyIn(name="agent", role=Role.ADMIN))[1].text


def titles(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return sorted(hit["title"] for hit in answer.json()["hits"])


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def test_only_what_is_public_is_found_and_it_is_said_as_of_when(outage: tuple[Outage, FastAPI], key: str) -> None:
    database, app = outage
    with TestClient(app, base_url=HOST) as anybody:
        known = TestClient(app, base_url=HOST, headers={"Authorization": f"Bearer {key}"})
        until(lambda: len(titles(known.get("/v1/search", params={"query": "fan"}))) == len(ARTICLES))
        database.stop()
        for client in (anybody, known):
            answer = client.get("/v1/search", params={"query": "fan"})
            assert titles(answer) == ["Fan of the old gateway", "Replace the fan"]
            assert answer.json()["degraded"] == ["database_down"]
            assert answer.json()["index_as_of"].startswith("20")
        stated = anybody.get("/v1/search", params={"query": "fan", "product": "gateway", "version": "11.2"})
        assert titles(stated) == ["Replace the fan"]
        assert len(titles(anybody.get("/v1/search"))) == 2
        _everything_else(anybody, known, app)
        database.start()
        until(lambda: known.get("/v1/search", params={"query": "fan"}).json().get("degraded") == [])
        assert len(titles(known.get("/v1/search", params={"query": "fan"}))) == len(ARTICLES)
        until(lambda: known.post("/v1/articles", json={"title": "Afterwards"}).status_code == 201)


def _everything_else(anybody: TestClient, known: TestClient, app: FastAPI) -> None:
    suggested = anybody.get("/v1/suggest", params={"query": "repl"}).json()["suggestions"]
    assert [item["title"] for item in suggested] == ["Replace the fan"]
    choice = anybody.post("/v1/answers", json={"query": "replace the fan"}).json()
    assert choice["outcome"] == "choices" and choice["degraded"] == ["database_down"]
    page = anybody.get("/search", params={"query": "fan"})
    assert page.status_code == 200, page.text[-3000:]
    assert "Public answers are found as they last were" in page.text
    refused = known.post("/v1/articles", json={"title": "Now"})
    assert refused.status_code == 503 and int(refused.headers["Retry-After"]) >= 1
    assert anybody.get("/health/live").status_code == 200
    ready = anybody.get("/health/ready").json()
    assert (ready["status"], ready["parts"]) == ("degraded", {"database": "unavailable", "index": "ok"})
    app.state.gate.forget()  # as after 60 seconds: a key that nobody can look up is no key
    refused = known.get("/v1/search", params={"query": "fan"})
    assert refused.status_code == 503 and "Retry-After" in refused.headers


def test_a_list_does_not_go_on_by_a_cursor_whose_articles_nobody_can_check(outage: tuple[Outage, FastAPI]) -> None:
    database, app = outage
    with TestClient(app, base_url=HOST) as anybody:
        until(lambda: len(titles(anybody.get("/v1/search", params={"query": "fan"}))) == 2)
        first = anybody.get("/v1/search", params={"query": "fan", "limit": 1}).json()
        database.stop()
        later = anybody.get("/v1/search", params={"query": "fan", "limit": 1, "cursor": first["next_cursor"]})
        assert later.status_code == 503 and "Retry-After" in later.headers
        database.start()


def test_somebody_signed_in_is_nobody_until_the_database_is_back(site: TestClient, parts: Parts, add_user: Any) -> None:
    add_user("agent", "ann@example.com")
    sent = site.post("/v1/session", json={"email": "ann@example.com", "password": "correct horse battery"})
    assert sent.status_code in (200, 201, 204), sent.text
    event.listen(parts.database.engine, "begin", refuse)
    try:
        assert site.get("/v1/search").status_code == 503  # neither holds anything here
        assert site.get("/v1/me").status_code == 503
    finally:
        event.remove(parts.database.engine, "begin", refuse)


def test_a_damaged_file_is_an_outage_and_another_change_in_the_way_is_none() -> None:
    from kb_service.search.outage import is_down

    assert is_down(DatabaseError("SELECT", {}, sqlite3.DatabaseError("database disk image is malformed")))
    assert not is_down(OperationalError("BEGIN", {}, sqlite3.OperationalError("database is locked")))
    assert not is_down(OperationalError("SELECT", {}, sqlite3.OperationalError("interrupted")))
    assert not is_down(ValueError())
