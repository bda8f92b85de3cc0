"""Bookmarks over HTTP, in search, and as pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb_service.assembly import Parts
from kb_service.auth.actors import Role, actor_for
from kb_service.bookmarks import service
from kb_service.bookmarks.schemas import BookmarkIn, SetIn
from kb_service.bookmarks.signals import BookmarkSignals
from kb_service.catalog import ensuring
from kb_service.search.request import SearchOptions, SearchRequest

ClientAs = Callable[..., TestClient]
PASSWORD = "correct horse battery"
ANY = {"If-Match": "*"}


def publish(client: TestClient, title: str, **more: Any) -> int:
    body = {"title": title, "resolution": f"{title}: turn off power saving.", "audience": ["public"], **more}
    made = client.post("/v1/articles", json=body).json()
    assert client.post(f"/v1/articles/{made['id']}/publish?wait=searchable", headers=ANY).status_code == 200
    return int(made["id"])


@pytest.fixture
def quick(parts: Parts) -> None:
    """Sets are read at every search."""
    parts.search.pipeline.sources[:] = [BookmarkSignals(parts.database, parts.catalog, keep_seconds=0)]


def start(client: TestClient, **body: Any) -> dict[str, Any]:
    made = client.post("/v1/bookmarks/sets", json={"name": "Daily", **body})
    assert made.status_code == 201, made.text
    return dict(made.json())


def test_a_set_is_filled_ordered_and_guarded_by_its_version(client_as: ClientAs) -> None:
    author, mia = client_as("admin"), client_as("agent")
    first, second = publish(author, "Tunnel drops"), publish(author, "Printer smokes")
    made = start(mia)
    url = f"/v1/bookmarks/sets/{made['id']}"
    mia.post(f"{url}/articles", json={"article": str(first), "note": "read the box"})
    mia.post(f"{url}/articles", json={"article": str(second), "place": 0})
    found = mia.get(url)
    assert [(item["article"], item["note"]) for item in found.json()["items"]] == [
        (second, ""),
        (first, "read the box"),
    ]
    assert mia.patch(url, json={"name": "Daily use"}).status_code == 428
    assert mia.patch(url, json={"name": "Daily use"}, headers={"If-Match": '"v1"'}).status_code == 412
    assert mia.patch(url, json={"name": "Daily use"}, headers={"If-Match": found.headers["ETag"]}).status_code == 200
    assert mia.delete(f"{url}/articles/{first}").json()["articles"] == 1
    assert mia.delete(url, headers=ANY).status_code == 204
    assert mia.get(url).status_code == 404


def test_sharing_following_copying(client_as: ClientAs) -> None:
    author, mia, bo = client_as("admin"), client_as("agent"), client_as("agent")
    article = publish(author, "Tunnel drops")
    url = f"/v1/bookmarks/sets/{start(mia)['id']}"
    mia.post(f"{url}/articles", json={"article": str(article)})
    assert bo.get(url).status_code == 404, "not shared: not there"
    assert mia.patch(url, json={"team": "agents"}, headers=ANY).status_code == 200
    assert mia.patch(url, json={"team": "payroll"}, headers=ANY).status_code == 422, "not a group of hers"
    assert bo.put(f"{url}/subscription").json()["is_subscribed"] is True
    assert bo.patch(url, json={"name": "x"}, headers=ANY).status_code == 403
    copied = bo.post(f"{url}/copy").json()
    assert copied["is_mine"] and [item["article"] for item in copied["items"]] == [article]
    assert {found["is_mine"] for found in bo.get("/v1/bookmarks/sets").json()["items"]} == {True, False}
    assert bo.delete(f"{url}/subscription").json()["is_subscribed"] is False


def test_bookmarks_are_not_for_customers(client_as: ClientAs, site: TestClient) -> None:
    assert client_as("customer").get("/v1/bookmarks/sets").status_code == 403
    assert site.get("/v1/bookmarks/sets").status_code == 401
    assert client_as("agent").post("/v1/bookmarks/sets", json={"name": "x", "kind": "starter"}).status_code == 403


def test_a_changed_article_warns_until_it_was_looked_at(client_as: ClientAs, parts: Parts) -> None:
    author, mia = client_as("admin"), client_as("agent")
    with parts.database.writing() as session:
        ensuring.ensure_product(session, "Gateway")
        ensuring.ensure_product(session, "Desk")
    article = publish(author, "Tunnel drops", applies_to=[{"product": "gateway"}])
    url = f"/v1/bookmarks/sets/{start(mia, product='Gateway')['id']}"
    mia.post(f"{url}/articles", json={"article": str(article)})
    assert mia.get(url).json()["items"][0]["warnings"] == []
    change = {"title": "Tunnel drops", "resolution": "New words.", "applies_to": [{"product": "desk"}]}
    assert author.patch(f"/v1/articles/{article}", json=change, headers=ANY).status_code == 200
    assert author.post(f"/v1/articles/{article}/publish", headers=ANY).status_code == 200
    assert mia.get(url).json()["items"][0]["warnings"] == ["changed", "no_longer_applies"]
    looked = mia.patch(f"{url}/articles/{article}", json={"looked": True}).json()
    assert looked["items"][0]["warnings"] == ["no_longer_applies"] and looked["warnings"] == 1


def test_an_article_for_others_is_neither_named_nor_counted(client_as: ClientAs) -> None:
    author, mia, bo = client_as("admin", groups=["payroll"]), client_as("agent", groups=["payroll"]), client_as("agent")
    secret = publish(author, "Salaries of directors", audience=["payroll"])
    url = f"/v1/bookmarks/sets/{start(mia, team='agents')['id']}"
    mia.post(f"{url}/articles", json={"article": str(secret)})
    seen = bo.get(url)
    assert seen.json()["articles"] == 0 and "Salaries" not in seen.text
    mine = f"/v1/bookmarks/sets/{start(bo)['id']}/articles"
    assert bo.post(mine, json={"article": str(secret)}).status_code == 404


@pytest.mark.usefixtures("quick")
def test_a_result_says_whose_set_it_stands_in_to_colleagues_only(client_as: ClientAs, site: TestClient) -> None:
    author, mia, bo = client_as("admin"), client_as("agent"), client_as("agent")
    article = publish(author, "Tunnel drops after sleep")
    publish(author, "Tunnel drops after sleeping badly")
    url = f"/v1/bookmarks/sets/{start(mia, team='agents')['id']}"
    mia.post(f"{url}/articles", json={"article": str(article)})

    def sets(client: TestClient) -> list[str]:
        hits = client.get("/v1/search?query=tunnel drops&why=true").json()["hits"]
        hit = next(hit for hit in hits if hit["article"] == article)
        assert all(reason["value"] <= 0.05 for reason in hit["why"] if reason["name"] == "bookmark")
        return list(hit["in_sets"])

    assert sets(mia) == ["in your set “Daily”"]
    assert sets(bo) == [], "a set that is merely shared says nothing"
    bo.put(f"{url}/subscription")
    assert sets(bo) == ["in test’s set “Daily”"], "keys are called by their name"
    assert sets(site) == []


@pytest.mark.usefixtures("quick")
def test_no_set_brings_in_what_does_not_apply(client_as: ClientAs, parts: Parts) -> None:
    author = client_as("admin")
    with parts.database.writing() as session:
        for name in ("Gateway", "Desk"):
            ensuring.ensure_product(session, name)
    ids = [
        publish(author, f"Tunnel drops {word}", applies_to=[{"product": product}])
        for product in ("gateway", "desk")
        for word in ("after sleep", "on travel", "at night")
    ]
    agent = actor_for("key:77", "Mia", Role.AGENT)

    def ask() -> list[int]:
        stated = parts.catalog.resolve_context("gateway", None, None)
        request = SearchRequest("tunnel drops at night", stated, actor=agent, options=SearchOptions(log=False))
        return [hit.article for hit in parts.search.search(request).hits]

    plain = ask()

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(ids), max_size=6), st.integers(1, 3))
    def holds(kept: list[int], count: int) -> None:
        with parts.database.writing() as session:
            made = [service.create_set(session, SetIn(name="x"), parts.catalog, agent) for _ in range(count)]
            for found in made:
                for article in kept:
                    service.add(session, found, BookmarkIn(article=str(article)), agent)
        assert sorted(ask()) == sorted(plain)
        with parts.database.writing() as session:
            for found in made:
                service.delete_set(session, service.for_change(session, found.id, agent), agent)

    holds()


def test_a_newcomer_is_offered_what_colleagues_use(client_as: ClientAs) -> None:
    author, mia, bo = client_as("admin"), client_as("agent"), client_as("agent")
    article = publish(author, "Tunnel drops")
    assert bo.post("/v1/bookmarks/starter", json={}).status_code == 409
    case = mia.post("/v1/cases", json={"subject": "tunnel"}).json()
    mia.post(f"/v1/cases/{case['number']}/articles", json={"article": str(article)})
    assert bo.get("/v1/bookmarks/starter").json()["articles"][0]["uses"] == 1
    taken = bo.post("/v1/bookmarks/starter", json={"name": "From colleagues"}).json()
    assert [item["article"] for item in taken["items"]] == [article]


def test_a_set_is_kept_by_pages_alone(client_as: ClientAs, site: TestClient, add_user: Callable[..., int]) -> None:
    author = client_as("admin")
    article = publish(author, "Tunnel drops")
    number = author.get(f"/v1/articles/{article}").json()["number"]
    add_user("agent", "mia@example.com", name="Mia")
    browser = TestClient(site.app, base_url="http://localhost")

    def post(url: str, **values: Any) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(url.split("?")[0]).text)
        assert found
        done = browser.post(url, data={"csrf_token": found[1], **values})
        assert done.status_code == 200, done.text
        return done.text

    post("/sign-in", email="mia@example.com", password=PASSWORD)
    made = post("/bookmarks", action="add", name="Daily", kind="personal", team="")
    url = re.search(r'action="(/bookmarks/\d+)"', made)
    assert url and "Nothing in this set yet" in made
    assert "Tunnel drops" in post(url[1], action="keep", article=number, note="read the box")
    assert "read the box" in post(url[1], action="up", id=str(article))
    assert "Keep in" in browser.get(f"/bookmarks?add={number}").text
    shared = post(url[1], action="settings", name="Daily use", team="agents", product="")
    assert "Daily use" in shared
    assert "Bookmarks" in post(url[1], action="remove")
    assert browser.get(url[1]).status_code == 404
    assert site.get("/bookmarks", headers={"Accept": "text/html"}, follow_redirects=False).status_code == 303
