"""Search over HTTP: context, leaks, hostile input, cursors, degradation; each through the whole application."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from indexers.embedding.port import Encoder, EncoderUnavailable
from kb_service.articles.importing import upsert_imported
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.assembly import Parts
from kb_service.catalog import ensuring

COINED = "zyxquorble"
Add = Callable[..., int]


@pytest.fixture
def add(site: TestClient, parts: Parts) -> Add:
    """Write an article by the services and wait until it is found; returns its id."""
    names = itertools.count()
    with parts.database.writing() as session:
        ensuring.ensure_product(session, "Gateway")
        ensuring.ensure_product(session, "Desk")
        for version in ("10.2", "11.0", "11.2"):
            ensuring.ensure_release(session, "gateway", version)

    def write(title: str, publish: bool = True, **text: Any) -> int:
        values = {"audience": ("public",), "body": "Some text."} | text
        item = ImportedArticle("test", str(next(names)), ArticleText(title=title, **values), publish=publish)
        parts.catalog.current() if hasattr(parts.catalog, "current") else None
        with parts.database.writing() as session:
            upsert_imported(session, item, parts.catalog)
        feed = site.app.state.feed
        found = parts.database.engine.connect().exec_driver_sql("select max(id), max(index_version) from article").one()
        assert feed.wait_until_indexed(found[0], found[1] + 9, 10)
        return int(found[0])

    return write


def ask(client: TestClient, query: str, **params: Any) -> dict[str, Any]:
    response = client.get("/v1/search", params={"query": query, **params})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def ids(found: dict[str, Any]) -> list[int]:
    return [hit["article"] for hit in found["hits"]]


def test_a_stated_version_filters_and_an_inferred_one_only_prefers(site: TestClient, add: Add) -> None:
    old = add("Reset the tunnel", applies_to=({"product": "gateway", "versions": "<11"},))
    new = add("Reset the tunnel again", applies_to=({"product": "gateway", "versions": ">=11"},))
    assert ids(ask(site, "reset tunnel", product="Gateway", version="11.2")) == [new]
    assert ids(ask(site, "reset tunnel", product="Gateway", version="10.2.7")) == [old]
    body = {"query": "reset tunnel", "inferred": {"product": "gateway", "version": "10.2"}}
    preferred = site.post("/v1/search", json=body).json()
    assert ids(preferred) == [old, new]


def test_text_of_a_section_for_another_version_is_nowhere(site: TestClient, add: Add) -> None:
    section = f'Lead text.\n\n## Old way {{applies_to="product=gateway; versions=10.*"}}\n\nUse the {COINED} switch.\n'
    add("Sections by version", body=section, applies_to=({"product": "gateway", "versions": ""},))
    assert ids(ask(site, COINED, product="gateway", version="10.2"))
    for text in (COINED, f"sections by version {COINED}"):
        found = site.get("/v1/search", params={"query": text, "product": "gateway", "version": "11.0"}).text
        assert COINED not in found.replace(f'"query":"{text}"', "")
        body = {"query": text, "context": {"product": "gateway", "version": "11.0"}}
        assert COINED not in site.post("/v1/answers", json=body).text
    assert (
        COINED
        not in site.get("/v1/suggest", params={"query": COINED[:5], "product": "gateway", "version": "11.0"}).json()[
            "suggestions"
        ]
    )


def test_a_coined_term_in_a_draft_or_internal_article_changes_nothing_for_outsiders(
    site: TestClient, add: Add, client_as: Callable[..., TestClient]
) -> None:
    add("A public article about printing", family="printing")
    before = {text: _seen(site, text) for text in (COINED, "printing", COINED[:6], "zyxquorbla")}
    internal = add(f"{COINED} printing secrets", audience=("agent",), family="printing", keywords=(COINED,))
    draft = add(f"{COINED} printing draft", publish=False)
    assert {text: _seen(site, text) for text in before} == before
    assert internal in ids(ask(client_as("agent"), COINED))
    for hidden in (internal, draft):
        assert site.get(f"/v1/articles/{hidden}").status_code == 404


def _seen(client: TestClient, text: str) -> Any:
    found = ask(client, text)
    suggestions = client.get("/v1/suggest", params={"query": text}).json()["suggestions"]
    kept = {name: found[name] for name in ("total", "facets", "corrected_from", "no_answer", "clarify", "query")}
    return kept, [(h["article"], h["variants"]) for h in found["hits"]], suggestions


def test_unpublished_is_gone_before_it_is_acknowledged(
    site: TestClient, add: Add, client_as: Callable[..., TestClient]
) -> None:
    article = add(f"About {COINED}")
    admin = client_as("admin")
    version = admin.get(f"/v1/articles/{article}").headers["ETag"]
    answer = admin.post(f"/v1/articles/{article}/unpublish", headers={"If-Match": version})
    assert answer.status_code == 200
    assert ask(site, COINED)["total"] == 0
    assert site.get("/v1/suggest", params={"query": "About"}).json()["suggestions"] == []


@pytest.mark.parametrize(
    "text",
    [
        "(" * 20_000,
        "NOT " * 5_000,
        " ".join(f"w{i}" for i in range(3_500)),
        'title:"x" AND *:*',
        "\x00\x01 vpn",
        "'; --",
    ],
    ids=["parentheses", "NOT", "distinct words", "syntax", "control characters", "quotes"],
)
def test_hostile_texts_are_answered(site: TestClient, add: Add, text: str) -> None:
    add("An article")
    assert site.post("/v1/search", json={"query": text}).status_code == 200
    assert site.post("/v1/answers", json={"query": text}).status_code in (200, 422)


def test_errors_say_where_and_what_to_do(site: TestClient, add: Add) -> None:
    add("An article")
    cases = {
        "product": {"query": "x", "product": "Gatewya"},
        "version": {"query": "x", "version": "11"},
        "cursor": {"query": "x", "cursor": "AAAA"},
    }
    for field, params in cases.items():
        problem = site.get("/v1/search", params=params)
        assert problem.status_code == 422
        assert problem.headers["content-type"].startswith("application/problem+json")
        assert problem.json()["errors"][0]["pointer"] == f"/{field}"
    assert "Gateway" in site.get("/v1/search", params=cases["product"]).json()["detail"]


def test_pages_partition_the_list(site: TestClient, add: Add) -> None:
    for i in range(7):
        add(f"Printing guide number {i}")
    seen, cursor = [], None
    while True:
        params: dict[str, Any] = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = ask(site, "printing guide", **params)
        seen += ids(page)
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 7
    assert ask(site, "", limit=3)["total"] == 7


def test_an_identifier_is_never_replaced_by_a_look_alike(site: TestClient, add: Add) -> None:
    right = add("Error ERR-4021 at start")
    add("Error ERR-4022 at start, often error at start")
    assert ids(ask(site, "ERR-4021"))[0] == right
    unknown = ask(site, "ERR-4029")
    assert (unknown["total"], unknown["no_answer"], unknown["no_answer_reason"]) == (0, True, "unknown_identifier")


class Broken(Encoder):
    """An encoder that always fails, of the same recipe."""

    def __init__(self, encoder: Encoder) -> None:
        self.recipe = encoder.recipe

    def encode_queries(self, texts: Any) -> Any:
        raise EncoderUnavailable("out of order")

    encode_passages = encode_queries


@pytest.fixture
def broken_encoder(parts: Parts) -> Iterator[None]:
    former = parts.search.retriever.encoder
    parts.search.retriever.encoder = Broken(former)
    yield
    parts.search.retriever.encoder = former


@pytest.mark.usefixtures("broken_encoder")
def test_without_an_encoder_the_words_still_answer_and_say_so(site: TestClient, add: Add) -> None:
    article = add("Replace the battery")
    found = ask(site, "battery")
    assert ids(found) == [article]
    assert found["degraded"] == ["encoder_failed"]


def test_every_path_is_logged_masked(site: TestClient, add: Add, parts: Parts) -> None:
    add("An article about mail")
    ask(site, "mail to anna@example.com", session_id="s1")
    site.get("/v1/suggest", params={"query": "mai", "session_id": "s1"})
    site.post("/v1/answers", json={"query": "mail", "session_id": "s1"})
    parts.search.log.flush()
    with parts.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("select kind, text from query_log where session_id = 's1'").all()
    assert {row[0] for row in rows} == {"search", "suggest", "answer"}
    assert not any("anna@" in row[1] for row in rows)


def test_a_repeated_question_still_sees_what_changed_in_the_database(site: TestClient, add: Add, parts: Parts) -> None:
    article = add("Replace the fan")
    assert [ids(ask(site, "replace fan")) for _ in range(2)] == [[article]] * 2
    with parts.database.writing() as session:
        session.connection().exec_driver_sql("update article set audience = '[\"agent\"]'")
    assert ids(ask(site, "replace fan")) == []
