"""/v1/products, /v1/operating-systems, /v1/topics."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from kb_service.articles.importing import upsert_imported
from kb_service.articles.inputs import ArticleText, ImportedArticle, Outcome
from kb_service.articles.models import Article
from kb_service.articles.repository import find_redirect
from kb_service.catalog.ensuring import ensure_os, ensure_product, ensure_release, ensure_topic
from kb_service.catalog.repository import CatalogCache, load_catalog
from kb_service.catalog.service import create_product
from kb_service.db.session import Database

ADMIN = {"X-Role": "admin"}


def fill(database: Database, audience: str = "public", **changes: Any) -> Outcome:
    values = {"title": "T", "applies_to": ({"product": "gateway", "os": "Win 11"},), "topics": ("vpn",), **changes}
    text = ArticleText(audience=(audience,), **values)
    with database.writing() as session:
        item = ImportedArticle("zendesk", audience, text, redirects=("/hc/1-reset",))
        return upsert_imported(session, item, load_catalog(session))


def test_counts_hold_what_the_reader_may_read(client: TestClient, database: Database) -> None:
    fill(database, "public")
    fill(database, "agent")
    for role, count in ((None, 1), ("agent", 2)):
        headers = {"X-Role": role} if role else {}
        assert client.get("/v1/products", headers=headers).json()[0]["articles"] == count
        for path in ("/v1/operating-systems", "/v1/topics"):
            assert [node["articles"] for node in client.get(path, headers=headers).json()] == [count, count]


def test_a_product_is_made_changed_and_removed(client: TestClient) -> None:
    made = client.post("/v1/products", headers=ADMIN, json={"name": "Harbour Mail", "aliases": ["HM"]})
    assert made.status_code == 201
    assert made.json()["slug"] == "harbour-mail"
    match = {**ADMIN, "If-Match": made.headers["etag"]}
    changed = client.patch("/v1/products/harbour-mail", headers=match, json={"name": "Mail", "aliases": ["HMail"]})
    assert changed.json()["name"] == "Mail"
    assert changed.json()["aliases"] == ["HMail"]
    assert client.patch("/v1/products/harbour-mail", headers=match, json={"name": "M"}).status_code == 412
    assert client.post("/v1/products/harbour-mail/releases", headers=ADMIN, json={"version": "1.2"}).status_code == 201
    assert client.post("/v1/products/harbour-mail/releases", headers=ADMIN, json={"version": "1..2"}).status_code == 422
    assert client.delete("/v1/products/harbour-mail/releases/1.2", headers=ADMIN).status_code == 204
    assert client.delete("/v1/products/harbour-mail", headers=ADMIN).status_code == 204
    assert client.get("/v1/products/harbour-mail").status_code == 404


@pytest.mark.parametrize("path", ["products/gateway", "operating-systems/windows/11", "topics/networking/vpn"])
def test_what_articles_use_is_not_removed(client: TestClient, database: Database, path: str) -> None:
    fill(database)
    refused = client.delete(f"/v1/{path}", headers=ADMIN)
    assert refused.status_code == 409
    assert refused.json()["used_by"] == 1


def test_a_section_is_a_use(client: TestClient, database: Database) -> None:
    fill(database, applies_to=(), body='# A {applies_to="product=Lighthouse"}\n\nx')
    assert client.delete("/v1/products/lighthouse", headers=ADMIN).status_code == 409


def test_a_new_name_reindexes_the_articles_that_show_it(client: TestClient, database: Database) -> None:
    fill(database)
    client.patch("/v1/operating-systems/windows/11", headers=ADMIN, json={"name": "Windows Eleven"})
    client.patch("/v1/products/gateway", headers={**ADMIN, "If-Match": "*"}, json={"name": "Gate"})
    client.patch("/v1/products/gateway", headers={**ADMIN, "If-Match": "*"}, json={"description": "unseen"})
    with database.reading() as session:
        assert session.scalar(select(Article.index_version)) == 3
    assert client.get("/v1/articles/1").json()["applies_to"] == ["Gate · Windows Eleven"]


def test_trees_grow_and_shrink_at_the_leaves(client: TestClient) -> None:
    body = {"name": "macOS 15", "slug": "15", "parent": "macos"}
    assert client.post("/v1/operating-systems", headers=ADMIN, json=body).status_code == 422
    assert client.post("/v1/operating-systems", headers=ADMIN, json={"name": "macOS"}).status_code == 201
    assert client.post("/v1/operating-systems", headers=ADMIN, json=body).json()["path"] == "macos/15"
    assert client.post("/v1/operating-systems", headers=ADMIN, json=body).status_code == 409
    assert client.delete("/v1/operating-systems/macos", headers=ADMIN).status_code == 409


def test_changing_needs_the_scope(client: TestClient) -> None:
    assert client.post("/v1/products", json={"name": "X"}).status_code == 401
    assert client.post("/v1/products", headers={"X-Role": "author"}, json={"name": "X"}).status_code == 403


def test_an_import_changes_only_what_changed(client: TestClient, database: Database) -> None:
    assert [fill(database), fill(database), fill(database, title="New")] == [
        Outcome.CREATED,
        Outcome.UNCHANGED,
        Outcome.UPDATED,
    ]
    found = client.get("/v1/articles/1").json()
    assert (found["title"], found["revision"]) == ("New", 2)
    with database.reading() as session:
        assert find_redirect(session, "/hc/1-reset") == 1


def test_the_cached_view_follows_writes_of_its_own_at_once(database: Database) -> None:
    cache, other = CatalogCache(database), Database(str(database.url))
    assert len(cache.products) == 2
    with database.writing() as session:
        create_product(session, "Third")
    assert len(cache.products) == 3
    with other.writing() as session:
        create_product(session, "Fourth")
    assert len(cache.current().products) == 4
    other.dispose()


def test_ensuring_finds_before_it_adds(database: Database) -> None:
    with database.writing() as session:
        assert ensure_product(session, "hgw").added == ()
        assert ensure_release(session, "gateway", "Anchor").target == "11.2"
        assert ensure_os(session, "Windows 10").added == ("os:windows/10",)
        assert ensure_topic(session, "networking/Wi-Fi").added == ("topic:networking/wi-fi",)
        assert ensure_topic(session, "Billing/Refunds").added == ("topic:billing", "topic:billing/refunds")
