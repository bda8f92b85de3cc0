"""A host's server fetches a token for its agent; the agent's browser uses it from the host's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from tests.conftest import ClientAs

CRM = "https://crm.example.com"


def token_of(server: TestClient, **more: Any) -> str:
    made = server.post("/v1/widget-tokens", json={"origin": CRM, **more})
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


def browser(site: TestClient, token: str, origin: str = CRM) -> TestClient:
    headers = {"Authorization": f"Bearer {token}", "Origin": origin}
    return TestClient(site.app, base_url="http://localhost", headers=headers)


def test_a_token_serves_the_agent_in_the_hosts_page_alone(
    site: TestClient, client_as: ClientAs, add_user: Callable[..., int]
) -> None:
    client_as("customer", is_publishable=True, origins=[CRM])
    server = client_as("agent")
    number = add_user("agent", "mia@example.com", name="Mia")
    token = token_of(server, agent="mia@example.com")
    mia = browser(site, token)
    asked = mia.post("/v1/cases/suggest", json={"subject": "the tunnel drops"})
    assert asked.status_code == 200 and asked.headers["access-control-allow-origin"] == CRM
    me = mia.get("/v1/me").json()
    assert me["id"] == f"user:{number}" and "users:manage" not in me["scopes"]
    made = mia.post("/v1/bookmarks/sets", json={"name": "Daily"})
    assert made.status_code == 201 and made.json()["owner_name"] == "Mia"
    assert browser(site, token, "https://evil.example.com").get("/v1/me").status_code == 403
    assert browser(site, token + "x").get("/v1/me").status_code == 401
    assert mia.post("/v1/widget-tokens", json={"origin": CRM}).status_code == 403, "a token fetches no token"


def test_only_named_pages_and_known_agents(site: TestClient, client_as: ClientAs, add_user: Callable[..., int]) -> None:
    server = client_as("agent")
    assert server.post("/v1/widget-tokens", json={"origin": CRM}).status_code == 422
    client_as("customer", is_publishable=True, origins=[CRM])
    assert server.post("/v1/widget-tokens", json={"origin": CRM, "agent": "x@y.example"}).status_code == 422
    assert client_as("customer").post("/v1/widget-tokens", json={"origin": CRM}).status_code == 403
    add_user("admin", "root@example.com")
    token = token_of(server, agent="root@example.com")
    assert browser(site, token).get("/v1/users").status_code == 403, "no more than the key holds"


def test_the_example_gives_a_token_to_a_signed_in_agent_only(site: TestClient, client_as: ClientAs) -> None:
    assert "<kb-agent" in site.get("/examples/agent").text
    assert site.post("/examples/agent/token").status_code == 401
    assert client_as("customer").post("/examples/agent/token").status_code == 403
    module = site.get("/static/kb-agent.js")
    assert module.headers["access-control-allow-origin"] == "*", "a module of another site is fetched with CORS"
    assert '"attach": "Attach"' in module.text and len(module.content) < 150_000
