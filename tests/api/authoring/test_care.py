"""Reuse validates, suggestions are accepted in one action, moves wait for their time, freshness asks one key each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from kb_service.articles.models import Article, Revision
from kb_service.assembly import Parts
from kb_service.authoring.freshness import tell_overdue
from kb_service.authoring.models import Notification
from kb_service.authoring.reuse import forget_reuse
from kb_service.authoring.scheduling import run_due
from kb_service.catalog.service import add_release
from kb_service.db.base import utcnow
from tests.api import test_pages
from tests.api.authoring import test_editor_pages
from tests.api.authoring.test_flow import revise
from tests.api.test_pages import HTML, token_of
from tests.conftest import HOST, ClientAs

library = test_pages.library
people = test_editor_pages.people


@pytest.fixture
def author(client_as: ClientAs, library: dict[str, Any]) -> TestClient:
    return client_as("author")


def patch(client: TestClient, number: str, **fields: Any) -> None:
    head = {"If-Match": client.get(f"/v1/articles/{number}").headers["etag"]}
    assert client.patch(f"/v1/articles/{number}", json=fields, headers=head).status_code == 200


def test_linking_validates_by_those_with_a_licence_only(
    author: TestClient, client_as: ClientAs, library: dict[str, Any]
) -> None:
    url = f"/v1/articles/{library['old']['number']}"
    patch(author, library["old"]["number"], confidence="not_validated")
    assert client_as("colleague").post(f"{url}/reuse", json={}).json()["confidence"] == "not_validated"
    agent = client_as("agent")
    assert agent.post(f"{url}/reuse", json={"case": "C1"}).json()["confidence"] == "validated"
    badge = agent.post(f"{url}/reuse", json={"case": "C1"}).json()
    assert (badge["uses"], badge["last_used_by"]) == (2, "test agent"), "the same case counts once"
    outside = client_as("customer").get(f"{url}/badge").json()
    assert (outside["confidence"], outside["uses"], outside["last_used_by"]) == ("validated", 0, "")


def test_a_suggested_change_is_accepted_in_one_action_under_its_authors_name(
    author: TestClient, client_as: ClientAs, library: dict[str, Any]
) -> None:
    number, colleague = library["old"]["number"], client_as("colleague")
    same = colleague.post("/v1/suggestions", json={"article": number, "fields": {"short_answer": "Reset it."}})
    assert same.status_code == 422
    body = {"article": number, "fields": {"short_answer": "Press it.", "audience": ["public"]}, "note": "I tried"}
    made = colleague.post("/v1/suggestions", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["fields"] == {"short_answer": "Press it."}, "who reads it is not theirs to say"
    assert colleague.post(f"/v1/suggestions/{made.json()['id']}/accept").status_code == 403
    done = author.post(f"/v1/suggestions/{made.json()['id']}/accept")
    assert (done.status_code, done.json()["short_answer"]) == (200, "Press it.")
    assert author.get(f"/v1/articles/{number}/revisions").json()[0]["author"] == made.json()["author"]
    assert colleague.get("/v1/notifications").json()[0]["kind"] == "suggestion_accepted"
    assert author.post(f"/v1/suggestions/{made.json()['id']}/accept").status_code == 409


def test_a_suggestion_on_an_older_text_never_undoes_a_newer_one(
    author: TestClient, client_as: ClientAs, library: dict[str, Any]
) -> None:
    number, colleague = library["old"]["number"], client_as("colleague")
    ids = [
        colleague.post("/v1/suggestions", json={"article": number, "fields": fields}).json()["id"]
        for fields in ({"short_answer": "Press it."}, {"issue": "Tears."})
    ]
    revise(author, number, short_answer="Newer.")
    refused = author.post(f"/v1/suggestions/{ids[0]}/accept")
    assert (refused.status_code, refused.json()["fields"]) == (409, ["short_answer"])
    taken = author.post(f"/v1/suggestions/{ids[1]}/accept").json()
    assert (taken["short_answer"], taken["source"]["issue"]) == ("Newer.", "Tears.")
    assert author.post(f"/v1/suggestions/{ids[0]}/decline", json={"note": "Too late"}).json()["state"] == "declined"


def test_a_colleague_suggests_by_page_and_an_author_accepts(
    people: dict[str, TestClient], library: dict[str, Any]
) -> None:
    agent, author = people["agent"], people["author"]
    page = agent.get("/workbench/suggest").text
    sent = {"csrf_token": token_of(page), "title": "Descale the widget", "resolution": "Vinegar."}
    assert agent.post("/workbench/suggest", data=sent).status_code == 303
    listed = author.get("/workbench/suggestions").text
    assert "<ins>Vinegar.</ins>" in listed
    id = listed.partition('id="s-')[2].partition('"')[0]
    token = {"csrf_token": token_of(listed)}
    assert author.post(f"/workbench/suggestions/{id}", data=token).headers["location"].endswith("done=accepted")
    assert "Descale the widget" in author.get("/workbench/articles").text
    assert "was accepted" in agent.get("/workbench").text


def test_a_scheduled_publication_publishes_that_revision_or_nothing(
    author: TestClient, client_as: ClientAs, library: dict[str, Any], parts: Parts
) -> None:
    url, later = f"/v1/articles/{library['draft']['number']}", utcnow() + timedelta(hours=1)
    assert author.put(f"{url}/schedule", json={"move": "publish", "due_at": "2001-01-01T00:00:00Z"}).status_code == 422
    body = {"move": "publish", "due_at": later.isoformat()}
    assert author.put(f"{url}/schedule", json=body).status_code == 200
    parts.database.write(run_due)
    assert author.get(url).json()["status"] == "draft"
    patch(author, library["draft"]["number"], body="Newer words")
    run = lambda: parts.database.write(lambda session: run_due(session, later + timedelta(seconds=1)))  # noqa: E731
    assert run() == 0
    assert author.get("/v1/notifications").json()[0]["kind"] == "schedule_refused"
    assert author.put(f"{url}/schedule", json=body).status_code == 200
    assert run() == 1
    assert author.get(url).json()["status"] == "published"


def test_a_schedule_has_only_the_rights_of_who_set_it(
    client_as: ClientAs, author: TestClient, library: dict[str, Any], parts: Parts
) -> None:
    agent, later = client_as("agent"), utcnow() + timedelta(hours=1)
    url = f"/v1/articles/{library['draft']['number']}"
    assert agent.put(f"{url}/schedule", json={"move": "publish", "due_at": later.isoformat()}).status_code == 200
    assert agent.put(f"{url}/schedule", json={"move": "archive", "due_at": later.isoformat()}).status_code == 403
    parts.database.write(lambda session: run_due(session, later + timedelta(seconds=1)))
    assert author.get(url).json()["status"] == "draft", "the public is not an agent's to write for"


def test_a_new_release_asks_for_each_open_article_and_one_action_answers(
    people: dict[str, TestClient], author: TestClient, library: dict[str, Any], parts: Parts
) -> None:
    with parts.database.writing() as session:
        add_release(session, "gateway", "12")
    browser = people["author"]
    page = browser.get("/workbench/freshness?product=gateway").text
    assert "VPN drops on eleven" in page
    assert "Grommets and widgets" in page
    assert "VPN drops on ten" not in page, "it ends before"
    head = {"csrf_token": token_of(page), "product": "gateway", "release": "12"}
    one = {**head, "article": library["new"]["number"], "action": "confirm"}
    assert browser.post("/workbench/freshness", data=one).status_code == 303
    version = author.get(f"/v1/articles/{library['both']['number']}").json()["version"]
    two = {**head, "article": library["both"]["number"], "action": "cut", "version": version}
    assert browser.post("/workbench/freshness", data=two).status_code == 303
    assert author.get("/v1/freshness/unconfirmed?product=gateway").json() == []
    assert author.get(f"/v1/articles/{library['both']['number']}").json()["applies_to"] == [
        "Harbour Gateway 10 to before 12"
    ]


def test_what_is_old_and_unused_is_offered_and_what_is_overdue_is_listed(
    author: TestClient, client_as: ClientAs, library: dict[str, Any], parts: Parts
) -> None:
    past = utcnow() - timedelta(days=600)
    with parts.database.writing() as session:
        session.execute(update(Article).values(updated_at=past, published_at=past))
        session.execute(update(Revision).values(published_at=past))
        session.execute(update(Article).where(Article.id == library["old"]["id"]).values(governance="compliance"))
    number = library["old"]["number"]
    assert [one["number"] for one in author.get("/v1/freshness/overdue").json()] == [number]
    later = (utcnow() + timedelta(days=30)).isoformat()
    assert author.put(f"/v1/articles/{number}/review-date", json={"due_at": later}).status_code == 200
    assert author.get("/v1/freshness/overdue").json() == []
    assert author.put(f"/v1/articles/{library['new']['number']}/review-date", json={"due_at": later}).status_code == 409
    client_as("agent").post(f"/v1/articles/{library['new']['number']}/reuse", json={})
    unused = {one["number"] for one in author.get("/v1/freshness/unused").json()}
    assert library["both"]["number"] in unused
    assert library["new"]["number"] not in unused
    assert library["draft"]["number"] not in unused


def test_linking_in_a_case_counts_and_validates_without_a_new_version(
    author: TestClient, client_as: ClientAs, library: dict[str, Any], parts: Parts
) -> None:
    patch(author, library["old"]["number"], confidence="not_validated")
    agent = client_as("agent")
    version = author.get(f"/v1/articles/{library['old']['number']}").json()["version"]
    case = agent.post("/v1/cases", json={"subject": "VPN", "channel": "phone"}).json()
    linked = agent.post(f"/v1/cases/{case['number']}/articles", json={"article": library["old"]["number"]})
    assert linked.status_code in (200, 201), linked.text
    badge = agent.get(f"/v1/articles/{library['old']['number']}/badge").json()
    assert (badge["confidence"], badge["uses"]) == ("validated", 1)
    assert version == author.get(f"/v1/articles/{library['old']['number']}").json()["version"], (
        "nobody's edit is disturbed"
    )
    with parts.database.writing() as session:
        forget_reuse(session, case["number"], [library["old"]["id"]], "key:1")
    assert agent.get(f"/v1/articles/{library['old']['number']}/badge").json()["uses"] == 1, "a link is no sending"


def test_an_overdue_review_is_told_once_and_shown_to_each_as_fits(
    people: dict[str, TestClient], author: TestClient, client_as: ClientAs, library: dict[str, Any], parts: Parts,
    add_user: Any,
) -> None:  # fmt: skip
    lead, past = add_user("lead", "boss@example.com"), utcnow() - timedelta(days=200)
    with parts.database.writing() as session:
        session.execute(update(Revision).where(Revision.state == "published").values(published_at=past))
        session.execute(update(Article).where(Article.id == library["old"]["id"]).values(governance="compliance"))
    assert parts.database.write(lambda session: tell_overdue(session, {})) == 0
    rules = {"problem": 400, "gateway": 100}
    assert parts.database.write(lambda session: tell_overdue(session, rules)) == 1
    assert parts.database.write(lambda session: tell_overdue(session, rules)) == 0
    with parts.database.reading() as session:
        told = set(session.scalars(select(Notification.recipient).where(Notification.kind == "overdue")))
    assert f"user:{lead}" in told
    with parts.database.writing() as session:
        session.execute(update(Revision).values(published_at=past - timedelta(days=200)))
    page = people["agent"].get(f"/a/{library['old']['number']}", follow_redirects=True).text
    assert "Review due since" in page
    outside = TestClient(people["agent"].app, base_url=HOST, headers=HTML)
    assert "Last found right on" in outside.get(f"/a/{library['old']['number']}").text


def test_the_editor_says_what_stands_in_the_way_and_nothing_where_there_is_nothing(
    people: dict[str, TestClient], library: dict[str, Any]
) -> None:
    author = people["author"]
    page = author.get(f"/workbench/articles/{library['old']['number']}/edit").text
    assert f"/workbench/articles/{library['old']['number']}/impact" in page
    assert "data-checks" in page
    sent = {
        "csrf_token": token_of(page),
        "title": "Ask Ann",
        "short_answer": "Press it.",
        "issue": "Lost.",
        "resolution": "Write to ann.smith@gmail.com",
    }
    found = author.post("/workbench/checks", data=sent).text
    assert "Before publishing" in found
    clear = author.post("/workbench/checks", data={**sent, "resolution": "Press the blue button twice."}).text
    assert clear.strip() == ""
    assert author.post("/workbench/checks", data={**sent, "title": ""}).text.strip() == ""
