"""The index is out: the database answers, by title, keywords and issue, with every right checked, and it is said."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from indexers.embedded.engine import EmbeddedEngine
from indexers.embedded.snapshot import EmbeddedSnapshot
from indexers.engine import EngineUnavailable
from indexers.vectors import index_recipe
from kb_service.app import create_app
from kb_service.articles.importing import upsert_imported
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.assembly import Parts, assemble
from kb_service.catalog import ensuring
from kb_service.search.article_words import fill
from kb_service.search.request import SearchRequest
from kb_service.search.service import SearchService
from kb_service.search.standby import Standby
from kb_service.settings import Settings

Add = Callable[..., int]


class RefusedEngine(EmbeddedEngine):
    """An engine whose connection is refused, until it is healed."""

    is_refused = True

    def snapshot(self) -> EmbeddedSnapshot:
        if self.is_refused:
            raise EngineUnavailable("connection refused")
        return super().snapshot()


@pytest.fixture
def add(parts: Parts) -> Add:
    """Publish an article by the services; its words are read at once."""
    names = itertools.count()
    with parts.database.writing() as session:
        ensuring.ensure_product(session, "Gateway")
        for version in ("10.2", "11.2"):
            ensuring.ensure_release(session, "gateway", version)

    def write(title: str, publish: bool = True, **text: Any) -> int:
        values = {"audience": ("public",), "body": "Some text."} | text
        item = ImportedArticle("test", str(next(names)), ArticleText(title=title, **values), publish=publish)
        with parts.database.writing() as session:
            upsert_imported(session, item, parts.catalog)
        fill(parts.database)
        with parts.database.engine.connect() as connection:
            return int(connection.exec_driver_sql("select max(id) from article").scalar_one())

    return write


@pytest.fixture
def down(site: TestClient, parts: Parts, add: Add) -> TestClient:
    """The site, its index closed and gone."""
    lose_index(site, parts)
    return site


def lose_index(site: TestClient, parts: Parts) -> None:
    site.app.state.feed.stop()
    parts.engine.close()
    shutil.rmtree(parts.settings.index_dir)


def ask(client: TestClient, query: str, **params: Any) -> dict[str, Any]:
    response = client.get("/v1/search", params={"query": query, **params})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def ids(found: dict[str, Any]) -> list[int]:
    return [hit["article"] for hit in found["hits"]]


def test_title_keywords_and_issue_are_found_and_the_answer_says_what_is_missing(down: TestClient, add: Add) -> None:
    by_title = add("Replace the fan")
    by_keyword = add("Cooling", keywords=("ventilator",))
    by_issue = add("Noise", issue="The bearing rattles at night.")
    assert ids(ask(down, "replacing fans")) == [by_title]
    assert ids(ask(down, "ventilator")) == [by_keyword]
    found = ask(down, "rattling bearing")
    assert ids(found) == [by_issue]
    assert found["degraded"] == ["engine_down"]
    snippet = found["hits"][0]["snippet"]
    assert [snippet["text"][a:b] for a, b in snippet["highlights"]] == ["bearing", "rattles"]


def test_nobody_finds_more_than_he_may_read(down: TestClient, add: Add, client_as: Callable[..., TestClient]) -> None:
    add("Secret lever", audience=("agent",))
    add("Lever in the making", publish=False)
    shown = add("Public lever")
    assert ids(ask(down, "lever")) == [shown]
    assert ask(down, "")["total"] == 1
    assert [s["article"] for s in down.get("/v1/suggest", params={"query": "lev"}).json()["suggestions"]] == [shown]
    assert len(ids(ask(client_as("agent"), "lever"))) == 2


def test_what_was_withdrawn_or_rewritten_a_moment_ago_is_not_found(down: TestClient, parts: Parts, add: Add) -> None:
    first, second = add("Sprocket one"), add("Sprocket two")
    with parts.database.writing() as session:
        session.connection().exec_driver_sql(f"update article set published_revision_id = null where id = {first}")
        session.connection().exec_driver_sql(f"update worded_article set revision_id = 0 where article_id = {second}")
    assert ids(ask(down, "sprocket")) == []
    fill(parts.database)
    assert ids(ask(down, "sprocket")) == [second]


def test_the_stated_context_filters(down: TestClient, add: Add) -> None:
    old = add("Reset the tunnel", applies_to=({"product": "gateway", "versions": "<11"},))
    new = add("Reset the tunnel again", applies_to=({"product": "gateway", "versions": ">=11"},))
    found = ask(down, "reset tunnel", product="Gateway", version="11.2")
    assert ids(found) == [new]
    assert [(chip["axis"], chip["value"]) for chip in found["context"]] == [("product", "gateway"), ("version", "11.2")]
    assert ids(ask(down, "reset tunnel", product="Gateway", version="10.2")) == [old]


def test_a_section_for_another_version_is_not_shown(down: TestClient, add: Add) -> None:
    body = 'Lead text.\n\n## Old way {applies_to="product=gateway; versions=10.*"}\n\nUse the zyxquorble switch.\n'
    add("Sections by version", body=body, applies_to=({"product": "gateway", "versions": ""},))
    assert "zyxquorble" in str(ask(down, "sections", product="gateway", version="10.2"))
    assert "zyxquorble" not in str(ask(down, "sections", product="gateway", version="11.2"))


def test_pages_follow_one_another_and_hold_each_article_once(down: TestClient, add: Add) -> None:
    wanted = {add(f"Widget number {n}") for n in range(5)}
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(down, "widget", limit=2, **cursor)
        seen += ids(page)
        if not page["next_cursor"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(seen) == sorted(wanted)


def test_a_list_that_the_engine_began_goes_on(site: TestClient, parts: Parts, add: Add) -> None:
    wanted = {add(f"Gadget number {n}") for n in range(4)}
    assert site.app.state.feed.wait_until_indexed(max(wanted), 9, 10)
    first = ask(site, "gadget", limit=2)
    assert first["degraded"] == []
    lose_index(site, parts)
    second = ask(site, "gadget", limit=2, cursor=first["next_cursor"])
    assert second["degraded"] == ["engine_down"]
    assert sorted(ids(first) + ids(second)) == sorted(wanted)


def test_an_unattended_answer_is_a_choice_at_most(down: TestClient, add: Add) -> None:
    article = add("Replace the fan", body="Open the case first.")
    answer = down.post("/v1/answers", json={"query": "replace the fan"}).json()
    assert (answer["outcome"], answer["degraded"]) == ("choices", ["engine_down"])
    assert answer["packets"][0]["article"] == article
    assert "Open the case first." in answer["packets"][0]["renderings"]["text"]
    assert down.post("/v1/answers", json={"query": "zyxquorble"}).json()["outcome"] == "none"


def test_the_page_says_it_in_plain_words(down: TestClient, add: Add) -> None:
    add("Replace the fan")
    page = down.get("/search", params={"query": "fan"})
    assert page.status_code == 200
    assert "The search index is not reachable" in page.text and "Replace the fan" in page.text


def test_hostile_words_are_only_words(down: TestClient, add: Add) -> None:
    add("Replace the fan")
    for query in ("' OR 1=1 --", "%", "_", "fan*", '"', "fan' AND 'x", "\ud7ff", "𝔣𝔞𝔫", "x" * 5000):
        assert down.get("/v1/search", params={"query": query}).status_code == 200
        assert down.get("/v1/suggest", params={"query": query[:2000]}).status_code == 200


def test_a_question_that_takes_too_long_is_ended_and_it_is_said(parts: Parts, add: Add) -> None:
    add("Widget")
    with parts.database.writing() as session:
        session.connection().exec_driver_sql(
            "insert into article_word (word, article_id, weight) "
            "with recursive n(i) as (select 1000 union all select i + 1 from n where i < 60000) "
            "select 'widget', i, 1 from n"
        )
    slow = Standby(parts.database, parts.catalog, limit_seconds=0.0)
    response = slow.search(SearchRequest("widget"), "widget", "engine_down", (b"secret", "binding"))
    assert (response.hits, response.degraded) == ([], ["engine_down", "database_slow"])
    with parts.database.reading() as session:  # the connection goes back without its limit
        assert session.connection().exec_driver_sql("select count(*) from article_word").scalar_one() > 50_000


def test_a_lost_index_is_stood_in_for_until_it_is_built_again(settings: Settings, parts: Parts, add: Add) -> None:
    article = add("Replace the fan")
    parts.close()
    shutil.rmtree(settings.index_dir)
    again = assemble(settings)
    with_worker = create_app(again.settings.model_copy(update={"run_worker": False}), again)
    with TestClient(with_worker, base_url="http://localhost") as client:
        found = ask(client, "fan")
        assert (ids(found), found["degraded"]) == ([article], ["index_empty"])
    with TestClient(create_app(again.settings, again), base_url="http://localhost") as client:
        until = time.monotonic() + 20
        while ask(client, "fan")["degraded"] and time.monotonic() < until:
            time.sleep(0.1)
        found = ask(client, "fan")
        assert (ids(found), found["degraded"]) == ([article], [])
    again.close()


def test_an_empty_installation_is_not_called_degraded(site: TestClient) -> None:
    found = ask(site, "anything")
    assert (found["hits"], found["degraded"]) == ([], [])


def refusable(settings: Settings) -> Parts:
    """All parts over an engine that can refuse."""
    parts = assemble(settings)
    parts.engine.close()
    engine = RefusedEngine(settings.index_dir, index_recipe(parts.encoder), parts.encoder.dimensions, writable=False)
    engine.is_refused = False
    assert engine.try_acquire_writer()
    parts.closing.callback(engine.close)
    search = SearchService(parts.database, engine, parts.encoder, parts.catalog, parts.settings)
    parts.closing.callback(search.close)
    return replace(parts, engine=engine, search=search)


@pytest.mark.slow
def test_under_traffic_no_search_fails_while_the_engine_is_away(settings: Settings) -> None:
    """The 20-second form: 20 searches and 2 publications a second; away from the 5th to the 12th second."""
    parts = refusable(settings)
    engine = parts.engine
    assert isinstance(engine, RefusedEngine)
    statuses: list[tuple[float, int, tuple[str, ...], int]] = []
    stop = threading.Event()
    published = itertools.count(1)

    with TestClient(create_app(parts.settings, parts), base_url="http://localhost") as client:

        def publish() -> None:
            while not stop.wait(0.5):
                n = next(published)
                text = ArticleText(title=f"Fan number {n}", audience=("public",), body="Turn it.")
                with parts.database.writing() as session:
                    upsert_imported(session, ImportedArticle("test", str(n), text, publish=True), parts.catalog)
                client.app.state.feed.notify()  # type: ignore[attr-defined]

        def search() -> None:
            while not stop.wait(0.1):
                response = client.get("/v1/search", params={"query": "fan number"})
                body = response.json()
                named = tuple(body.get("degraded", ["failed"]))
                statuses.append((time.monotonic() - started, response.status_code, named, len(body.get("hits", []))))

        started = time.monotonic()
        threads = [threading.Thread(target=work) for work in (publish, search, search)]
        for thread in threads:
            thread.start()
        time.sleep(5)
        fill(parts.database)
        engine.is_refused = True
        time.sleep(7)
        engine.is_refused = False
        time.sleep(8)
        stop.set()
        for thread in threads:
            thread.join()
        settled = client.get("/v1/search", params={"query": "fan number", "limit": 100}).json()
    parts.close()
    assert {status for _, status, _, _ in statuses} == {200}
    away = [s for s in statuses if 5.5 < s[0] < 11.5]
    assert away and all(named == ("engine_down",) and hits for _, _, named, hits in away)
    back = [s for s in statuses if s[0] > 15.5]
    assert back and all(named == () and hits for _, _, named, hits in back)
    assert settled["degraded"] == [] and settled["total"] >= 25
