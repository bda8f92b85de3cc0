"""From questions in vain to a gap, a draft, an answer that people take; over HTTP and on the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from kb_service.assembly import Parts
from kb_service.authoring.gaps_collecting import Collector, Rules
from kb_service.cases.unanswered import UnansweredCases
from tests.api.test_pages import HTML, signed_in, token_of
from tests.conftest import HOST

WORDS = ("The lamp on the front is purple", "purple lamp on the front", "why is the front lamp purple ann@acme.io")


@pytest.fixture
def collector(parts: Parts) -> Collector:
    return Collector(parts.database, parts.encoder, Rules(3, 90, timedelta(0)), [UnansweredCases()])


def ask(site: TestClient, parts: Parts, start: int = 0, taken: bool = False) -> None:
    for index, words in enumerate(WORDS):
        session = f"session-{start + index}"
        body = {"query": words, "session_id": session, "context": {"product": "gateway"}}
        answer = site.post("/v1/search", json=body).json()
        if taken:
            event = {
                "action": "click",
                "query_id": answer["query_id"],
                "session_id": session,
                "article": answer["hits"][0]["article"],
            }
            assert site.post("/v1/events", json=event).status_code in (200, 202, 204)
    parts.search.log.flush()


def gaps(client: TestClient, state: str = "open") -> list[dict[str, object]]:
    got = client.get("/v1/gaps", params={"state": state})
    assert got.status_code == 200, got.text
    return list(got.json()["items"])


def test_a_gap_becomes_a_draft_closes_when_it_is_answered_and_opens_when_it_is_not(
    site: TestClient, parts: Parts, client_as: Callable[..., TestClient], collector: Collector
) -> None:
    admin = client_as("admin")
    admin.post("/v1/products", json={"name": "Gateway", "slug": "gateway"})
    ask(site, parts)
    collector.collect()
    collector.collect()
    [gap] = gaps(admin)
    assert gap["demand"] == 3 and gap["product"] == "gateway" and gap["label"] == "purple lamp on the front"
    said = [question["text"] for question in gap["questions"]]  # type: ignore[attr-defined]
    assert "ann@acme.io" not in str(said) and "[address]" in str(said)
    made = admin.post(f"/v1/gaps/{gap['id']}/draft")
    assert made.status_code == 201 and made.json()["status"] == "draft"
    source = made.json()["source"]
    assert "> purple lamp on the front" in source["issue"] and source["confidence"] == "work_in_progress"
    assert made.json()["applies_to"] == ["Gateway"]
    again = admin.post(f"/v1/gaps/{gap['id']}/draft")
    assert again.status_code == 409 and made.json()["number"] in again.json()["detail"]
    text = {"resolution": "Press the button.", "confidence": "validated", "audience": ["public"]}
    number = made.json()["number"]
    admin.patch(f"/v1/articles/{number}", json=text, headers={"If-Match": "*"})
    admin.post(f"/v1/articles/{number}/publish?wait=searchable", headers={"If-Match": "*"})
    ask(site, parts, 10, taken=True)
    collector.collect()
    assert not gaps(admin) and [g["id"] for g in gaps(admin, "closed")] == [gap["id"]]
    ask(site, parts, 20)
    collector.collect()
    [reopened] = gaps(admin)
    assert reopened["id"] == gap["id"] and reopened["times_reopened"] == 1


def test_too_few_askers_are_watched_and_what_is_put_aside_stays_there(
    site: TestClient, parts: Parts, client_as: Callable[..., TestClient], collector: Collector
) -> None:
    admin = client_as("admin")
    admin.post("/v1/products", json={"name": "Gateway", "slug": "gateway"})
    site.post("/v1/search", json={"query": WORDS[0], "session_id": "one", "context": {"product": "gateway"}})
    parts.search.log.flush()
    collector.collect()
    assert not gaps(admin)
    [watched] = gaps(admin, "watched")
    assert admin.post(f"/v1/gaps/{watched['id']}/dismiss", headers={"If-Match": "*"}).status_code == 409
    ask(site, parts)
    collector.collect()
    [gap] = gaps(admin)
    assert admin.post(f"/v1/gaps/{gap['id']}/dismiss").status_code == 428
    assert admin.post(f"/v1/gaps/{gap['id']}/dismiss", headers={"If-Match": '"0"'}).status_code == 412
    assert admin.post(f"/v1/gaps/{gap['id']}/dismiss", headers={"If-Match": "*"}).status_code == 200
    ask(site, parts, 10)
    collector.collect()
    assert not gaps(admin)
    assert admin.post(f"/v1/gaps/{gap['id']}/reopen", headers={"If-Match": "*"}).json()["state"] == "open"
    assert admin.get("/v1/gaps/999").status_code == 404 and admin.get("/v1/gaps?state=x").status_code == 422
    assert client_as("customer").get("/v1/gaps").status_code == 403 and site.get("/v1/gaps").status_code == 401


def test_cases_solved_without_an_article_are_a_need_too(
    parts: Parts, client_as: Callable[..., TestClient], collector: Collector
) -> None:
    agent, admin = client_as("agent"), client_as("admin")
    for index in range(3):
        case = agent.post("/v1/cases", json={"subject": "The lamp is purple", "description": f"Since day {index}"})
        assert case.status_code == 201, case.text
        number = case.json()["number"]
        moved = agent.post(f"/v1/cases/{number}/status", json={"status": "solved"}, headers={"If-Match": "*"})
        assert moved.status_code == 200, moved.text
    collector.collect()
    [gap] = gaps(admin)
    assert gap["reasons"] == {"case": 3}


def test_the_page_makes_the_draft_in_one_action(
    site: TestClient,
    parts: Parts,
    app: FastAPI,
    client_as: Callable[..., TestClient],
    add_user: Callable[..., int],
    collector: Collector,
) -> None:
    client_as("admin").post("/v1/products", json={"name": "Gateway", "slug": "gateway"})
    ask(site, parts)
    collector.collect()
    browser = TestClient(app, base_url=HOST, headers=HTML, follow_redirects=False)
    signed_in(browser, add_user, "admin")
    page = browser.get("/workbench/gaps").text
    assert "purple lamp on the front" in page and "3 sessions" in page and "Write the article" in page
    gap = page.split('id="gap-')[1].split('"')[0]
    made = browser.post(f"/workbench/gaps/{gap}/draft", data={"csrf_token": token_of(page)})
    assert made.status_code == 303 and made.headers["location"] == "/workbench/articles/KB000001/edit"
    assert "Draft KB000001" in browser.get("/workbench/gaps").text
    data = {"csrf_token": token_of(page), "action": "dismiss", "version": "0"}
    assert browser.post(f"/workbench/gaps/{gap}", data=data).status_code == 412
