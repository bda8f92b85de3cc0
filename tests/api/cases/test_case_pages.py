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
