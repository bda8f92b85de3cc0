"""Who may come in: keys, publishable keys, browser sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select

from kb_service.app import create_app
from kb_service.assembly import Parts
from kb_service.auth.models import ApiKey, BrowserSession
from kb_service.db.session import Database
from tests.conftest import HOST, PASSWORD, ClientAs

AddUser = Callable[..., int]


@pytest.fixture
def database(parts: Parts) -> Database:
    return parts.database


def sign_in(site: TestClient, email: str = "ann@example.com", password: str = PASSWORD) -> Any:
    return site.post("/v1/session", json={"email": email, "password": password})


def test_a_visitor_is_anonymous(site: TestClient) -> None:
    me = site.get("/v1/me").json()
    assert me["role"] is None
    assert me["audiences"] == ["public"]


def test_a_key_carries_its_role_and_only_its_hash_is_kept(client_as: ClientAs, parts: Parts) -> None:
    agent = client_as("agent")
    assert agent.get("/v1/me").json()["role"] == "agent"
    sent = agent.headers["authorization"].removeprefix("Bearer ")
    with parts.database.reading() as session:
        row = session.scalars(select(ApiKey)).one()
    assert sent not in (row.hash, row.prefix)


@pytest.mark.parametrize("header", ["Bearer kb_sk_" + "x" * 43, "Bearer nonsense", "Basic YTpi", "Bearer", ""])
def test_a_wrong_key_is_401_and_never_anonymous(site: TestClient, header: str) -> None:
    answer = site.get("/v1/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["code"] == "not-authenticated"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_scopes_narrow_a_role_and_never_widen_it(client_as: ClientAs) -> None:
    assert client_as("admin", scopes=["search"]).get("/v1/me").json()["scopes"] == ["search"]
    assert "users:manage" not in client_as("agent", scopes=["search", "users:manage"]).get("/v1/me").json()["scopes"]


@pytest.mark.parametrize("role", ["customer", "colleague", "agent", "lead", "author", "reviewer"])
def test_only_admins_manage_keys_and_users(client_as: ClientAs, role: str) -> None:
    client = client_as(role)
    for path in ("/v1/keys", "/v1/users"):
        assert client.get(path).status_code == 403
    assert client.post("/v1/keys", json={"name": "x", "role": "admin"}).status_code == 403


def test_a_visitor_is_asked_to_sign_in(site: TestClient) -> None:
    assert site.get("/v1/keys").status_code == 401


def test_a_key_is_shown_once_and_works_until_it_is_revoked(client_as: ClientAs) -> None:
    admin = client_as("admin")
    made = admin.post("/v1/keys", json={"name": "desk", "role": "agent"}).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert admin.get("/v1/me", headers=headers).json()["role"] == "agent"
    assert made["key"] not in admin.get("/v1/keys").text
    assert admin.delete(f"/v1/keys/{made['id']}").json()["revoked_at"]
    assert admin.get("/v1/me", headers=headers).status_code == 401


def test_a_known_key_costs_no_query(client_as: ClientAs, parts: Parts) -> None:
    agent = client_as("agent")
    agent.get("/v1/ping")
    statements: list[str] = []
    event.listen(parts.database.engine, "before_cursor_execute", lambda c, cu, text, *rest: statements.append(text))
    agent.get("/v1/ping")
    assert [text for text in statements if "api_key" in text] == []


def publishable(client_as: ClientAs) -> dict[str, str]:
    admin = client_as("admin")
    made = admin.post("/v1/keys", json={"name": "w", "is_publishable": True, "origins": ["https://shop.example"]})
    assert made.status_code == 201
    return {"Authorization": f"Bearer {made.json()['key']}"}


def test_a_publishable_key_works_from_its_origin_only(site: TestClient, client_as: ClientAs) -> None:
    key = publishable(client_as)
    allowed = site.get("/v1/me", headers={**key, "Origin": "https://shop.example"})
    assert allowed.json()["scopes"] == ["search"]
    assert allowed.json()["audiences"] == ["public"]
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    foreign = site.get("/v1/me", headers={**key, "Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert "access-control-allow-origin" not in foreign.headers
    assert site.get("/v1/me", headers=key).status_code == 403
    assert site.get("/v1/me", headers={**key, "Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert site.get("/v1/me", headers={**key, "Origin": HOST}).status_code == 200


def test_a_preflight_is_granted_to_known_origins(site: TestClient, client_as: ClientAs) -> None:
    publishable(client_as)
    ask = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    granted = site.options("/v1/search", headers={**ask, "Origin": "https://shop.example"})
    assert granted.status_code == 204
    assert "authorization" in granted.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in granted.headers
    refused = site.options("/v1/search", headers={**ask, "Origin": "https://evil.example"})
    assert refused.status_code == 403


@pytest.mark.parametrize("origins", [[], ["*"], ["https://a.example/path"], ["javascript:alert(1)"]])
def test_a_publishable_key_names_real_origins(client_as: ClientAs, origins: list[str]) -> None:
    body = {"name": "w", "is_publishable": True, "origins": origins}
    assert client_as("admin").post("/v1/keys", json=body).status_code == 422


def test_signing_in_sets_a_cookie_that_scripts_cannot_read(site: TestClient, add_user: AddUser, parts: Parts) -> None:
    add_user("agent", "ann@example.com")
    answer = sign_in(site, "ANN@example.com")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert site.get("/v1/me").json()["role"] == "agent"
    with parts.database.reading() as session:
        row = session.scalars(select(BrowserSession)).one()
    assert row.token_hash not in cookie


def test_cookies_are_secure_and_bound_to_the_host_outside_loopback(parts: Parts, add_user: AddUser) -> None:
    add_user("agent", "ann@example.com")
    with TestClient(create_app(parts.settings, parts), base_url="https://help.example.com") as site:
        cookie = sign_in(site).headers["set-cookie"]
        assert cookie.startswith("__Host-kb_session=")
        assert "Secure" in cookie
        assert site.get("/v1/me").json()["role"] == "agent"


def test_every_failed_sign_in_looks_the_same(site: TestClient, add_user: AddUser, client_as: ClientAs) -> None:
    add_user("agent", "ann@example.com")
    gone = add_user("agent", "gone@example.com")
    assert client_as("admin").post(f"/v1/users/{gone}/disable").status_code == 200
    tries = [("ann@example.com", "wrong password"), ("nobody@example.com", PASSWORD), ("gone@example.com", PASSWORD)]
    answers = [sign_in(site, email, password) for email, password in tries]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_signing_in_again_ends_the_former_session(site: TestClient, add_user: AddUser, parts: Parts) -> None:
    add_user("agent", "ann@example.com")
    sign_in(site)
    former = site.cookies["kb_session"]
    sign_in(site)
    assert site.cookies["kb_session"] != former
    stale = TestClient(site.app, base_url=HOST, cookies={"kb_session": former})
    assert stale.get("/v1/me").json()["role"] is None


def test_changes_by_cookie_need_the_csrf_token(site: TestClient, add_user: AddUser) -> None:
    add_user("admin", "ann@example.com")
    token = sign_in(site).json()["csrf_token"]
    body = {"name": "x", "role": "agent"}
    assert site.post("/v1/keys", json=body).json()["reason"] == "csrf"
    assert site.post("/v1/keys", json=body, headers={"X-CSRF-Token": "wrong"}).status_code == 403
    assert site.post("/v1/keys", json=body, headers={"X-CSRF-Token": token}).status_code == 201


def test_signing_out_ends_the_session(site: TestClient, add_user: AddUser) -> None:
    add_user("agent", "ann@example.com")
    token = sign_in(site).json()["csrf_token"]
    kept = site.cookies["kb_session"]
    assert site.delete("/v1/session", headers={"X-CSRF-Token": token}).status_code == 204
    again = TestClient(site.app, base_url=HOST, cookies={"kb_session": kept})
    assert again.get("/v1/me").json()["role"] is None


def test_disabling_a_user_ends_their_sessions_and_the_last_admin_stays(
    site: TestClient, add_user: AddUser, client_as: ClientAs
) -> None:
    ann = add_user("admin", "ann@example.com")
    bob = add_user("admin", "bob@example.com")
    sign_in(site)
    admin = client_as("admin")
    assert admin.post(f"/v1/users/{ann}/disable").status_code == 200
    assert site.get("/v1/me").json()["role"] is None
    assert admin.post(f"/v1/users/{bob}/disable").status_code == 409


def test_too_many_tries_to_sign_in_are_slowed_down(parts: Parts) -> None:
    parts.settings = parts.settings.model_copy(update={"sign_in_limit_per_minute": 3})
    with TestClient(create_app(parts.settings, parts), base_url=HOST) as site:
        answers = [sign_in(site, "ann@example.com", "wrong password") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_creating_a_user_twice_with_one_idempotency_key_makes_one(client_as: ClientAs) -> None:
    admin = client_as("admin")
    body = {"email": "new@example.com", "role": "author", "password": PASSWORD}
    headers = {"Idempotency-Key": "one"}
    first = admin.post("/v1/users", json=body, headers=headers)
    again = admin.post("/v1/users", json=body, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = admin.post("/v1/users", json={**body, "email": "x@example.com"}, headers=headers)
    assert other.status_code == 409
    assert admin.post("/v1/users", json=body).status_code == 409
