"""Suggestions for cases, and what the customer tried before."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from kb_service.assembly import Parts
from kb_service.auth.actors import SYSTEM
from kb_service.cases import escalation, repository
from kb_service.search.service import new_query_id

ClientAs = Callable[..., TestClient]


def publish(client: TestClient, title: str, text: str) -> int:
    made = client.post("/v1/articles", json={"title": title, "resolution": text, "audience": ["public"]}).json()
    url = f"/v1/articles/{made['id']}/publish?wait=searchable"
    assert client.post(url, headers={"If-Match": "*"}).status_code == 200
    return int(made["id"])


def test_a_case_gets_articles_with_reasons_and_read_ones_are_lowered(client_as: ClientAs, parts: Parts) -> None:
    author, agent = client_as("admin"), client_as("agent")
    first = publish(author, "Tunnel drops after sleep", "The tunnel drops after sleep: turn off power saving.")
    publish(author, "Tunnel drops on travel", "The tunnel drops while travelling: choose the other port.")
    typed = agent.post("/v1/cases/suggest", json={"subject": "tunnel drops after sleep"}).json()
    assert typed["suggestions"][0]["hit"]["article"] == first and typed["suggestions"][0]["hit"]["why"]
    case = agent.post("/v1/cases", json={"subject": "tunnel drops after sleep"}).json()
    parts.search.record_event(
        {"query_id": new_query_id(), "session_id": "s" * 20, "action": "not_helpful", "article_id": first,
         "rank": 1, "channel": "portal", "attributes": {}}
    )  # fmt: skip
    parts.search.log.flush()
    with parts.database.writing() as session:
        assert escalation.carry_session(session, repository.find_case(session, case["id"], SYSTEM), "s" * 20) == 1
    found = agent.get(f"/v1/cases/{case['number']}/suggestions").json()["suggestions"]
    marked = [item["hit"]["article"] for item in found if item["was_read"]]
    assert marked == [first] and found[-1]["hit"]["article"] == first and len(found) == 2
    assert agent.get(f"/v1/cases/{case['number']}").json()["session"][0]["kind"] == "did_not_help"


def test_before_three_words_the_most_used_is_offered(client_as: ClientAs) -> None:
    author, agent = client_as("admin"), client_as("agent")
    article = publish(author, "Tunnel drops after sleep", "Turn off power saving.")
    case = agent.post("/v1/cases", json={"subject": "x"}).json()
    agent.post(f"/v1/cases/{case['number']}/articles", json={"article": str(article)})
    found = agent.post("/v1/cases/suggest", json={"subject": "help"}).json()
    assert found["suggestions"] == [] and [used["article"] for used in found["most_used"]] == [article]


def test_suggestions_are_for_agents(client_as: ClientAs) -> None:
    assert client_as("customer").post("/v1/cases/suggest", json={"subject": "anything at all"}).status_code == 403
