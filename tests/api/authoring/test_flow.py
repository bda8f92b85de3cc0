"""Flags, words and votes become one task; the next revision closes it and tells who reported; reviews; history."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from kb_service.articles.models import Article, Feedback
from kb_service.assembly import Parts
from kb_service.authoring.feedback import settle
from tests.api import test_pages
from tests.api.authoring import test_editor_pages
from tests.api.authoring.test_editor_pages import form
from tests.api.test_pages import token_of
from tests.conftest import ClientAs

library = test_pages.library
people = test_editor_pages.people


@pytest.fixture
def author(client_as: ClientAs, library: dict[str, Any]) -> TestClient:
    return client_as("author")


def revise(client: TestClient, number: str, **fields: Any) -> None:
    head = {"If-Match": client.get(f"/v1/articles/{number}").headers["etag"]}
    done = client.patch(f"/v1/articles/{number}", json=fields, headers=head)
    assert done.status_code == 200, done.text
    assert client.post(f"/v1/articles/{number}/publish", headers={"If-Match": done.headers["etag"]}).status_code == 200


def run(parts: Parts) -> str:
    return parts.database.write(lambda session: settle(session, 20))


def test_reports_on_a_revision_are_one_task_that_the_next_revision_closes(
    author: TestClient, client_as: ClientAs, library: dict[str, Any], parts: Parts
) -> None:
    number, agent = library["old"]["number"], client_as("agent")
    first = agent.post(f"/v1/articles/{number}/flag", json={"reason": "outdated", "words": "since 10.4"})
    assert first.status_code == 201, first.text
    client_as("colleague").post(f"/v1/articles/{number}/flag", json={})
    agent.post(f"/v1/articles/{number}/feedback", json={"is_helpful": False, "words": "It <b>broke</b>"})
    run(parts)
    (task,) = author.get("/v1/tasks?kind=feedback").json()
    assert [said["kind"] for said in task["reports"]] == ["flag", "flag", "words"]
    assert author.get("/v1/notifications").json() == [], "the owner is another"
    revise(author, number, short_answer="Better.")
    assert author.get("/v1/tasks?kind=feedback").json() == [], "over at once, before any job"
    run(parts)
    (told,) = agent.get("/v1/notifications").json()
    assert told["kind"] == "feedback_revised"
    assert agent.post("/v1/notifications/read", json={"last": told["id"]}).status_code == 204
    assert agent.get("/v1/notifications").json() == []
    assert run(parts) == "closed 0, opened 0"


def test_votes_open_a_task_only_when_clearly_worse(author: TestClient, library: dict[str, Any], parts: Parts) -> None:
    with parts.database.writing() as session:
        for place, id, no in ((0, library["old"]["id"], 16), (1, library["new"]["id"], 1)):
            for i in range(20):
                row = Feedback(article_id=id, revision_number=1, is_helpful=i >= no, session_id=f"{place}-{i}")
                session.add(row)
    assert run(parts) == "closed 0, opened 1"
    assert run(parts) == "closed 0, opened 0"
    (task,) = author.get("/v1/tasks").json()
    assert (task["number"], task["reports"][0]["words"]) == (library["old"]["number"], "16/20")


def test_a_task_can_be_taken_and_closed_without_a_change(
    author: TestClient, client_as: ClientAs, library: dict[str, Any]
) -> None:
    agent = client_as("agent")
    task = agent.post(f"/v1/articles/{library['new']['number']}/flag", json={}).json()
    assert author.post(f"/v1/tasks/{task['id']}/take").json()["owner"].startswith("key:")
    assert author.post(f"/v1/tasks/{task['id']}/dismiss", json={"note": "It is right."}).status_code == 200
    assert author.post(f"/v1/tasks/{task['id']}/dismiss", json={}).status_code == 409
    assert agent.get("/v1/notifications").json()[0]["detail"]["note"] == "It is right."
    assert client_as("customer").post(f"/v1/articles/{library['new']['number']}/flag", json={}).status_code == 403
    assert client_as("colleague").post(f"/v1/articles/{library['draft']['number']}/flag", json={}).status_code == 404


def test_a_compliance_article_is_approved_by_another_in_one_action(
    people: dict[str, TestClient], library: dict[str, Any]
) -> None:
    author, reviewer = people["author"], people["reviewer"]
    page = author.get("/workbench/new?type=policy").text
    made = author.post("/workbench/new", data=form(page, title="Who may bleach", body="Nobody.", type="policy",
                       governance="compliance", action="save"))  # fmt: skip
    number = made.headers["location"].split("/")[3]
    token = token_of(page)
    asked = author.post(f"/workbench/articles/{number}/review", data={"csrf_token": token})
    assert asked.status_code == 303
    queue = author.get("/workbench/reviews").text
    assert "Who may bleach" in queue
    approve = f"/workbench/articles/{number}/approve"
    version = queue.partition(f'action="{approve}"')[2].partition('name="version" value="')[2].partition('"')[0]
    own = author.post(approve, data={"csrf_token": token, "version": version})
    assert own.status_code == 409
    assert "another than who wrote it" in own.text
    theirs = {"csrf_token": token_of(reviewer.get("/workbench/reviews").text), "version": version}
    assert reviewer.post(approve, data=theirs).headers["location"].endswith("done=approved")
    assert "was approved" in author.get("/workbench").text
    assert "Who may bleach" not in reviewer.get("/workbench/reviews").text


def test_history_shows_words_and_an_old_text_comes_back(
    people: dict[str, TestClient], author: TestClient, library: dict[str, Any]
) -> None:
    number = library["old"]["number"]
    revise(author, number, short_answer="Press the <red> key.")
    revise(author, number, short_answer="Press the blue key.")
    browser = people["author"]
    page = browser.get(f"/workbench/articles/{number}/history").text
    assert "<ins>blue</ins>" in page
    assert "&lt;red&gt;" in page
    version = author.get(f"/v1/articles/{number}").json()["version"]
    sent = {"csrf_token": token_of(page), "revision": "2", "version": version}
    assert browser.post(f"/workbench/articles/{number}/restore", data=sent).status_code == 303
    assert browser.post(f"/workbench/articles/{number}/restore", data=sent).status_code == 412
    newest = author.get(f"/v1/articles/{number}/revisions").json()[0]
    assert (newest["number"], newest["state"]) == (4, "draft")
    assert author.get(f"/v1/articles/{number}/revisions/4").json()["short_answer"] == "Press the <red> key."
    changes = author.get(f"/v1/articles/{number}/revisions/4/changes?since=2").json()
    assert changes["fields"] == []
    match = {"If-Match": f'"v{version + 1}"'}
    assert author.post(f"/v1/articles/{number}/revisions/1/restore", headers=match).status_code == 200
    assert author.post(f"/v1/articles/{number}/revisions/99/restore", headers={"If-Match": "*"}).status_code == 404


def test_pages_flag_in_one_action_and_list_tasks(
    people: dict[str, TestClient], library: dict[str, Any], parts: Parts
) -> None:
    number, agent = library["internal"]["number"], people["agent"]
    page = agent.get(f"/a/{number}", follow_redirects=True).text
    assert agent.post(f"/workbench/articles/{number}/flag", data={"csrf_token": token_of(page)}).status_code == 303
    listed = people["author"].get("/workbench/tasks").text
    assert "Zorblax triage" in listed
    assert "incorrect" in listed
    with parts.database.reading() as session:
        assert session.get_one(Article, library["internal"]["id"]).version == library["internal"]["version"] + 1, (
            "only its publication"
        )
