"""Pins and synonym sets count at once, within context and dates, and are checked first; why an article is not found."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from kb_service.articles.importing import upsert_imported
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.assembly import Parts
from kb_service.catalog import ensuring
from kb_service.db.base import utcnow
from tests.api.test_pages import HTML, signed_in, token_of
from tests.conftest import HOST

ClientAs = Callable[..., TestClient]
TEXTS: dict[str, dict[str, Any]] = {
    "Replace a lost access card": {"body": "Order a new access card at the desk."},
    "Print on the second floor": {"body": "Choose the printer by its name."},
    "Update the gateway": {"body": "Download the update.", "applies_to": ({"product": "gateway", "versions": ">=11"},)},
    "Payroll calendar": {"body": "Salaries are paid on the last day.", "audience": ("author",)},
}


@pytest.fixture
def articles(site: TestClient, parts: Parts) -> dict[str, int]:
    with parts.database.writing() as session:
        ensuring.ensure_product(session, "Gateway")
        for version in ("10.2", "11.2"):
            ensuring.ensure_release(session, "gateway", version)
    for number, (title, text) in enumerate(TEXTS.items()):
        item = ImportedArticle(
            "test", str(number), ArticleText(title=title, **({"audience": ("public",)} | text)), publish=True
        )
        with parts.database.writing() as session:
            upsert_imported(session, item, parts.catalog)
    with parts.database.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select a.id, r.title from article a join article_revision r on r.id = a.published_revision_id"
        )
        found = {title: number for number, title in rows}
    for _ in range(100):
        if len(parts.engine.snapshot().stored([(number, None) for number in found.values()])) == len(found):
            break
        time.sleep(0.05)
    return found


def first(client: TestClient, query: str, **params: str) -> tuple[str | None, bool]:
    hits = client.get("/v1/search", params={"query": query, **params}).json()["hits"]
    return (hits[0]["title"], hits[0]["pinned"]) if hits else (None, False)


def test_a_pin_stands_first_at_once_and_never_outside_its_context(
    site: TestClient, client_as: ClientAs, articles: dict[str, int]
) -> None:
    lead = client_as("lead")
    body = {"phrase": "Lost badge?", "article": str(articles["Print on the second floor"])}
    made = lead.post("/v1/pins", json=body)
    assert made.status_code == 201, made.text
    assert first(site, "lost badge") == ("Print on the second floor", True)
    assert lead.post("/v1/pins", json=body).status_code == 409
    scoped = {
        "phrase": "news",
        "article": str(articles["Update the gateway"]),
        "product": "Gateway",
        "versions": ">=11",
    }
    assert lead.post("/v1/pins", json=scoped).status_code == 201
    assert first(site, "news", product="Gateway", version="11.2") == ("Update the gateway", True)
    assert not first(site, "news", product="Gateway", version="10.2")[1]
    assert not first(site, "news")[1]
    over = {**body, "ends_at": (utcnow() - timedelta(days=1)).isoformat(), "starts_at": None}
    changed = lead.put(made.headers["location"], json=over, headers={"If-Match": made.headers["etag"]})
    assert changed.json()["state"] == "over"
    assert not first(site, "lost badge")[1]
    assert lead.delete(made.headers["location"], headers={"If-Match": made.headers["etag"]}).status_code == 412
    assert lead.delete(made.headers["location"]).status_code == 428
    assert lead.delete(made.headers["location"], headers={"If-Match": changed.headers["etag"]}).status_code == 204


def test_a_synonym_of_several_words_finds_the_other_word(
    site: TestClient, client_as: ClientAs, articles: dict[str, int]
) -> None:
    lead = client_as("lead")
    assert "words" not in why_of(site, "flarnish blorp", articles["Replace a lost access card"])
    made = lead.post("/v1/synonyms", json={"terms": ["flarnish blorp", "access card"]})
    assert made.status_code == 201, made.text
    assert "words" in why_of(site, "flarnish blorp", articles["Replace a lost access card"])
    assert "words" not in why_of(site, "blorp flarnish", articles["Replace a lost access card"])
    assert lead.post("/v1/synonyms", json={"terms": ["Card", "cards"]}).status_code == 422
    assert lead.post("/v1/synonyms", json={"terms": ["a", "b"], "versions": "11"}).status_code == 422


def why_of(client: TestClient, query: str, article: int) -> set[str]:
    hits = client.get("/v1/search", params={"query": query, "why": True}).json()["hits"]
    return {reason["name"] for hit in hits if hit["article"] == article for reason in hit["why"]}


def test_what_makes_a_judged_question_worse_is_not_saved_unless_accepted(
    site: TestClient, client_as: ClientAs, articles: dict[str, int], parts: Parts
) -> None:
    lead, agent = client_as("lead"), client_as("agent")
    right = articles["Replace a lost access card"]
    asked = agent.get("/v1/search", params={"query": "access card"}).json()
    agent.post("/v1/events", json={"action": "solved", "query_id": asked["query_id"], "article": right})
    parts.search.log.flush()
    body = {"phrase": "access card", "article": str(articles["Print on the second floor"])}
    effect = lead.post("/v1/pins/check", json=body).json()
    assert (effect["judged"], effect["worse"]) == (1, 1)
    assert (effect["changes"][0]["before"], effect["changes"][0]["after"]) == (1, 2)
    assert lead.post("/v1/pins", json=body).status_code == 409
    assert lead.post("/v1/pins", json={**body, "accept_worse": True}).status_code == 201


def test_pins_of_what_one_may_not_read_do_not_exist(client_as: ClientAs, articles: dict[str, int]) -> None:
    secret = {"phrase": "pay day", "article": str(articles["Payroll calendar"])}
    made = client_as("admin").post("/v1/pins", json=secret)
    lead = client_as("lead")
    assert lead.get(made.headers["location"]).status_code == 404
    assert lead.post("/v1/pins", json={**secret, "phrase": "x"}).status_code == 404
    assert lead.get("/v1/pins").json() == {"items": []}
    assert client_as("agent").get("/v1/pins").status_code == 403
    assert first(client_as("agent"), "pay day")[0] != "Payroll calendar"
    assert first(client_as("author"), "pay day") == ("Payroll calendar", True)


def test_why_an_article_is_not_found(site: TestClient, client_as: ClientAs, articles: dict[str, int]) -> None:
    def outcome(client: TestClient, title: str, query: str, **params: str) -> dict[str, Any]:
        params = {"query": query, "article": str(articles[title]), **params}
        answer = client.get("/v1/search/why-not", params=params)
        return answer.json() if answer.status_code == 200 else {"outcome": answer.status_code}

    found = outcome(site, "Update the gateway", "update gateway")
    assert (found["outcome"], found["place"], found["missing"]) == ("found", 1, [])
    other = outcome(site, "Update the gateway", "update gateway", product="Gateway", version="10.2")
    assert (other["outcome"], other["excluded_by"]) == ("other_context", ["version"])
    assert outcome(site, "Update the gateway", "update", type="faq")["excluded_by"] == ["type"]
    assert outcome(site, "Update the gateway", "ERR-99871")["outcome"] == "unknown_code"
    assert outcome(site, "Payroll calendar", "salaries")["outcome"] == 404
    assert outcome(client_as("author"), "Payroll calendar", "salaries")["outcome"] == "found"


def test_signals_can_be_left_out(site: TestClient, articles: dict[str, int]) -> None:
    context = {"query": "update gateway", "product": "Gateway", "version": "11.2", "why": "true"}
    names = [
        {
            reason["name"]
            for reason in site.get("/v1/search", params={**context, "signals": value}).json()["hits"][0]["why"]
        }
        for value in ("on", "off")
    ]
    assert "exact" in names[0]
    assert "exact" not in names[1]


def test_the_page_shows_the_effect_saves_and_takes_away(
    site: TestClient, articles: dict[str, int], add_user: Callable[..., int]
) -> None:
    browser = TestClient(site.app, base_url=HOST, headers=HTML, follow_redirects=False)
    signed_in(browser, add_user, "admin")
    page = browser.get("/admin/curation").text
    form = {"csrf_token": token_of(page), "form": "pin", "phrase": "lost badge", "article": "nothing"}
    assert browser.post("/admin/curation", data={**form, "action": "add"}).status_code == 404
    form["article"] = str(articles["Print on the second floor"])
    assert "Effect on past questions" in browser.post("/admin/curation", data={**form, "action": "check"}).text
    bad = browser.post("/admin/curation", data={**form, "action": "add", "ends_at": "soon"})
    assert bad.status_code == 422 and "A day as 2026-12-31." in bad.text
    assert browser.post("/admin/curation", data={**form, "action": "add"}).status_code == 303
    assert "lost badge" in browser.get("/admin/curation").text
    gone = {"csrf_token": form["csrf_token"], "form": "pin", "action": "remove", "id": "1"}
    assert browser.post("/admin/curation", data=gone).status_code == 303
    assert "Nothing is pinned." in browser.get("/admin/curation").text
    asked = browser.get(f"/admin/curation?query=printer&article={form['article']}").text
    assert "It is there, at place 1" in asked
