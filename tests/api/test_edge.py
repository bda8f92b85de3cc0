"""What every request passes: headers, limits, problems, health, docs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError

from indexers.engine import EngineUnavailable
from kb_service.app import create_app
from kb_service.assembly import Parts
from kb_service.db.session import Database
from kb_service.errors import KbError
from kb_service.http import etag, require_if_match
from tests.conftest import HOST, ClientAs

SECRET_WORDS = "secret words of the exception"


@pytest.fixture
def database(parts: Parts) -> Database:
    return parts.database


def is_problem(answer: Any, status: int, code: str) -> bool:
    body = answer.json()
    return bool(
        answer.status_code == status == body["status"]
        and answer.headers["content-type"] == "application/problem+json"
        and body["code"] == code
        and {"type", "title", "detail", "request_id"} <= set(body)
    )


def test_unknown_routes_and_methods_are_problems(site: TestClient) -> None:
    assert is_problem(site.get("/v1/nothing"), 404, "not-found")
    answer = site.put("/v1/ping")
    assert is_problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]


def test_invalid_input_points_to_every_field(client_as: ClientAs) -> None:
    answer = client_as("admin").post("/v1/keys", json={"name": "", "role": "king"})
    assert is_problem(answer, 422, "invalid-input")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/name", "/role"}


def test_broken_json_is_a_problem(client_as: ClientAs) -> None:
    headers = {"Content-Type": "application/json"}
    assert is_problem(client_as("admin").post("/v1/keys", content=b"{", headers=headers), 422, "invalid-input")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError(SECRET_WORDS), 500, "internal"),
        (OperationalError(SECRET_WORDS, {}, Exception(SECRET_WORDS)), 503, "unavailable"),
        (EngineUnavailable(SECRET_WORDS), 503, "unavailable"),
        (StaleDataError(SECRET_WORDS), 412, "stale-version"),
    ],
)
def test_failures_are_problems_without_their_words(app: FastAPI, error: Exception, status: int, code: str) -> None:
    def fail() -> None:
        raise error

    app.add_api_route("/v1/fail", fail)
    with TestClient(app, base_url=HOST) as site:
        answer = site.get("/v1/fail")
    assert is_problem(answer, status, code)
    assert SECRET_WORDS not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert ("retry-after" in answer.headers) == (status == 503)


def test_security_headers_stand_on_every_answer(site: TestClient) -> None:
    for path in ("/v1/ping", "/nothing", "/docs", "/health/live"):
        headers = site.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"]


def test_a_request_id_is_kept_when_it_is_harmless_and_made_otherwise(site: TestClient) -> None:
    assert site.get("/v1/ping", headers={"X-Request-ID": "abc-12345678"}).headers["x-request-id"] == "abc-12345678"
    made = site.get("/v1/ping", headers={"X-Request-ID": "a b\tc"}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{16}", made)


def test_bodies_are_limited_announced_or_streamed(client_as: ClientAs) -> None:
    admin = client_as("admin")
    big = b'{"name": "' + b"x" * 1_000_001 + b'"}'
    headers = {"Content-Type": "application/json"}
    assert is_problem(admin.post("/v1/keys", content=big, headers=headers), 413, "too-large")
    parts = (big[start : start + 65536] for start in range(0, len(big), 65536))
    assert is_problem(admin.post("/v1/keys", content=parts, headers=headers), 413, "too-large")


def test_requests_beyond_the_limit_are_told_when_to_come_again(parts: Parts) -> None:
    settings = parts.settings.model_copy(update={"rate_limit_per_minute": 8, "trusted_proxies": "10.0.0.0/8"})
    app = create_app(settings, parts)
    with TestClient(app, base_url=HOST, client=("10.1.2.3", 1)) as site:
        ann = {"X-Forwarded-For": "6.6.6.6, 203.0.113.1"}
        answers = [site.get("/v1/ping", headers=ann) for _ in range(3)]
        made_up = site.get("/v1/ping", headers={**ann, "Authorization": "Bearer kb_sk_" + "y" * 43})
        other = site.get("/v1/ping", headers={"X-Forwarded-For": "203.0.113.2"})
        health = site.get("/health/live", headers=ann)
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert is_problem(answers[-1], 429, "rate-limited")
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert made_up.status_code == 429, "a made-up key is no way around the limit"
    assert other.status_code == health.status_code == 200


def test_a_strangers_forwarded_address_is_not_believed(parts: Parts) -> None:
    settings = parts.settings.model_copy(update={"rate_limit_per_minute": 4, "trusted_proxies": "10.0.0.1"})
    with TestClient(create_app(settings, parts), base_url=HOST, client=("198.51.100.7", 1)) as site:
        answers = [site.get("/v1/ping", headers={"X-Forwarded-For": f"203.0.113.{i}"}) for i in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]


def test_a_foreign_page_cannot_change_anything_with_our_cookies(site: TestClient) -> None:
    answer = site.post("/v1/session", json={}, headers={"Origin": "https://evil.example"})
    assert is_problem(answer, 403, "not-allowed")
    assert answer.json()["reason"] == "cross-origin"
    assert site.post("/v1/session", json={}, headers={"Origin": HOST}).status_code == 422


def test_if_match_is_required_and_compared_strongly() -> None:
    def code_of(header: str | None) -> str | None:
        headers = [(b"if-match", header.encode())] if header is not None else []
        try:
            require_if_match(Request({"type": "http", "headers": headers}), 7)
        except KbError as error:
            return error.code
        return None

    assert etag(7) == '"v7"'
    assert code_of(None) == "precondition-required"
    assert code_of('"v6"') == "stale-version"
    assert code_of('W/"v7"') == "stale-version"
    assert code_of('"v1", "v7"') is None
    assert code_of("*") is None


def test_health_tells_live_from_ready(site: TestClient, parts: Parts) -> None:
    assert site.get("/health/live").json()["status"] == "ok"
    assert site.get("/health/ready").json()["parts"] == {"database": "ok", "index": "ok"}


def test_the_docs_load_nothing_from_elsewhere(site: TestClient) -> None:
    page = site.get("/docs")
    assert page.status_code == 200
    assert re.findall(r"(?:src|href)=['\"]?(https?:|//)", page.text) == []
    assert "<script" not in page.text
    assert "/v1/keys" in page.text


def test_the_openapi_says_how_to_sign_in_and_what_can_go_wrong(site: TestClient) -> None:
    schema = site.get("/openapi.json").json()
    assert set(schema["components"]["securitySchemes"]) == {"key", "session"}
    assert "Problem" in schema["components"]["schemas"]
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["tags"], (method, path)
            problem = operation["responses"]["422"]["content"]["application/problem+json"]["schema"]
            assert problem["$ref"].endswith("/Problem"), (method, path)
