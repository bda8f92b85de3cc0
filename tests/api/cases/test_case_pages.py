"""From the portal to a case, and its pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from kb_service.assembly import Parts
from kb_service.cases import escalation

PASSWORD = "correct horse battery"


def token(client: TestClient, url: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(url).text)
    assert found
    return found[1]


def sign_in(client: TestClient, email: str) -> None:
    data = {"email": email, "password": PASSWORD, "csrf_token": token(client, "/sign-in")}
    assert client.post("/sign-in", data=data, follow_redirects=False).status_code == 303


def test_a_visitors_session_comes_along_and_the_customer_reads_no_notes(
    site: TestClient, parts: Parts, add_user: Callable[..., int]
) -> None:
    visitor = TestClient(site.app, base_url="http://localhost")
    visitor.get("/search?query=printer+smokes")
    parts.search.log.flush()
    form: dict[str, Any] = {"csrf_token": token(visitor, "/contact"), "words": "It smokes", "email": "ann@example.com"}
    assert "printer smokes" in visitor.get("/contact").text, "the last search is the start"
    sent = visitor.post("/contact", data=form)
    assert sent.status_code == 200 and "C-000001" in sent.text and "We expect to answer" in sent.text
    assert visitor.post("/contact", data={**form, "words": ""}).status_code == 422
    add_user("agent", "agent@example.com")
    agent = TestClient(site.app, base_url="http://localhost")
    sign_in(agent, "agent@example.com")
    assert "Searched: printer smokes" in agent.get("/cases/C-000001").text
    note = {"text": "secret note", "csrf_token": token(agent, "/cases/C-000001")}
    assert "secret note" in agent.post("/cases/C-000001", data=note).text
    add_user("customer", "ann@example.com")
    add_user("customer", "bob@example.com")
    ann, bob = (TestClient(site.app, base_url="http://localhost") for _ in range(2))
    sign_in(ann, "ann@example.com")
    sign_in(bob, "bob@example.com")
    page = ann.get("/cases/C-000001").text
    assert "It smokes" in page and "secret note" not in page and "printer smokes" not in page
    assert bob.get("/cases/C-000001").status_code == 404


def test_a_reading_is_a_step_with_its_duration(
    site: TestClient, parts: Parts, client_as: Callable[..., TestClient]
) -> None:
    admin = client_as("admin")
    made = admin.post("/v1/articles", json={"title": "Ink", "resolution": "Shake it.", "audience": ["public"]}).json()
    admin.post(f"/v1/articles/{made['id']}/publish", headers={"If-Match": "*"})
    visitor = TestClient(site.app, base_url="http://localhost")
    visitor.get("/search?query=ink")
    visitor.get(f"/a/{made['number']}")
    visitor.get("/search?query=ink+again")
    parts.search.log.flush()
    with parts.database.reading() as session:
        steps = escalation.with_dwell(escalation.read_steps(session, visitor.cookies["kb_sid"]))
    assert [step.kind for step in steps] == ["searched", "read", "searched"]
    assert steps[1].article_id == made["id"] and steps[1].dwell_seconds is not None


def test_a_form_sent_twice_is_one_case_and_the_receipt_leads_to_it(
    site: TestClient, parts: Parts, client_as: Callable[..., TestClient]
) -> None:
    visitor = TestClient(site.app, base_url="http://localhost")
    page = visitor.get("/contact").text
    assert 'href="/contact"' not in page.split("<main")[1], "no link to the page that one is on"
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once
    form = {"csrf_token": token(visitor, "/contact"), "words": "It smokes", "email": "ann@example.com", "once": once[1]}
    assert "C-000001" in visitor.post("/contact", data=form).text
    assert "C-000001" in visitor.post("/contact", data=form).text
    agent = client_as("agent")
    assert len(agent.get("/v1/cases").json()["items"]) == 1
    mails = agent.get("/v1/mails").json()["items"]
    assert [mail["kind"] for mail in mails] == ["receipt"]
    link = re.search(r"http://localhost(/requests/\S+)", mails[0]["text"])
    assert link and "It smokes" in visitor.get(link[1]).text


def test_what_the_visit_remembered_prefers_and_does_not_filter(
    site: TestClient, client_as: Callable[..., TestClient]
) -> None:
    admin = client_as("admin")
    admin.post("/v1/products", json={"name": "Tunnel", "slug": "tunnel"})
    visitor = TestClient(site.app, base_url="http://localhost", cookies={"kb_context": "product=tunnel"})
    form = {"csrf_token": token(visitor, "/contact"), "words": "It smokes badly", "email": "ann@example.com"}
    visitor.post("/contact", data=form)
    case = client_as("agent").get("/v1/cases/C-000001").json()
    assert case["product"] is None and case["preferred"] == {"product": "tunnel"}


def test_an_agent_moves_no_case_into_a_queue_that_he_does_not_see(client_as: Callable[..., TestClient]) -> None:
    client_as("admin").post("/v1/queues", json={"slug": "payroll", "name": "Payroll", "groups": ["payroll"]})
    agent = client_as("agent")
    case = agent.post("/v1/cases", json={"subject": "x"}).json()
    moved = agent.patch(f"/v1/cases/{case['number']}", json={"queue": "payroll"}, headers={"If-Match": "*"})
    assert moved.status_code == 422 and "no queue" in moved.json()["detail"]


def test_an_agent_answers_on_the_page_and_takes_it_back(
    site: TestClient, parts: Parts, add_user: Callable[..., int], client_as: Callable[..., TestClient]
) -> None:
    admin = client_as("admin")
    made = admin.post(
        "/v1/articles", json={"title": "Printer smokes", "resolution": "Unplug.", "audience": ["agent"]}
    ).json()
    admin.post(f"/v1/articles/{made['id']}/publish?wait=searchable", headers={"If-Match": "*"})
    body = {"subject": "printer smokes badly", "customer": {"channel": "email", "value": "ann@example.com"}}
    admin.post("/v1/cases", json=body)
    add_user("agent", "agent@example.com")
    agent = TestClient(site.app, base_url="http://localhost")
    sign_in(agent, "agent@example.com")
    page = agent.get("/cases/C-000001").text
    chosen = re.search(r'<option value="(\d+\|\d+\|passage)"', page)
    version = re.search(r'name="version" value="(\d+)"', page)
    assert chosen and version
    form = {"csrf_token": token(agent, "/cases/C-000001"), "text": "My words", "version": version[1]}
    refused = agent.post("/cases/C-000001/reply", data={**form, "article": chosen[1]})
    assert refused.status_code == 409 and "wider audience" in refused.text and "My words" in refused.text
    stale = agent.post("/cases/C-000001/reply", data={**form, "version": "999"})
    assert stale.status_code == 412 and "while you wrote" in stale.text and "My words" in stale.text
    sent = agent.post("/cases/C-000001/reply", data={**form, "status": "solved"})
    assert "Waiting to leave" in sent.text and "Solved" in sent.text
    button = re.search(r'name="interaction" value="(\d+)"', sent.text)
    assert button
    back = agent.post("/cases/C-000001/take-back", data={"csrf_token": form["csrf_token"], "interaction": button[1]})
    assert back.status_code == 200 and ">My words</textarea>" in back.text and "Taken back" in back.text
    assert "ann@example.com" in agent.get("/cases/outbox").text
