"""/metrics: for those who may, in Prometheus' form, without a word of what people typed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest
import structlog
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from kb_service.app import create_app
from kb_service.assembly import Parts
from kb_service.settings import Settings
from kb_service.telemetry import configure_logging
from tests.api.search.test_database_down import refuse
from tests.conftest import HOST

TOKEN = "a-token-of-sixteen-characters"


@pytest.fixture
def scrape(parts: Parts) -> Callable[[], dict[tuple[str, ...], float]]:
    settings = Settings(**{**parts.settings.model_dump(), "metrics_token": TOKEN})
    app = create_app(settings, parts)
    client = TestClient(app, base_url=HOST)

    def read() -> dict[tuple[str, ...], float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.text
        assert "zyxquorble" not in answer.text
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    return read


def test_searches_requests_feed_and_parts_are_shown(
    site: TestClient, scrape: Callable[[], dict[tuple[str, ...], float]]
) -> None:
    before = scrape()
    site.get("/v1/search", params={"query": "zyxquorble"})
    after = scrape()

    def grown(*key: str) -> float:
        return after.get(key, 0.0) - before.get(key, 0.0)

    assert sum(grown(*key) for key in after if key[0] == "kb_requests_total" and "/v1/search" in key) == 1
    assert grown("kb_search_seconds_count", "search") == 1
    assert after[("kb_part_up", "database")] == after[("kb_part_up", "index")] == 1
    for name in ("kb_outbox_changes", "kb_outbox_oldest_seconds", "kb_dead_letters", "kb_index_passages"):
        assert (name,) in after
    assert any(key[0] == "kb_search_stage_seconds_count" for key in after)


def test_a_database_that_is_out_is_shown_by_the_figures(
    parts: Parts, scrape: Callable[[], dict[tuple[str, ...], float]]
) -> None:
    event.listen(parts.database.engine, "begin", refuse)
    try:
        found = scrape()
    finally:
        event.remove(parts.database.engine, "begin", refuse)
    assert (found[("kb_part_up", "database")], found[("kb_part_up", "index")]) == (0, 1)


def test_strangers_see_no_figures(site: TestClient, client_as: Callable[..., TestClient]) -> None:
    assert site.get("/metrics").status_code == 401
    assert site.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401
    assert client_as("agent").get("/metrics").status_code == 403
    assert client_as("admin").get("/metrics").status_code == 200


def test_events_of_a_request_carry_its_id_and_never_its_query(site: TestClient) -> None:
    written = io.TextIOWrapper(io.BytesIO())
    before = structlog.get_config()
    try:
        with redirect_stdout(written):
            configure_logging("debug")
        body = {"email": "nobody@example.com", "password": "zyxquorble"}
        site.post("/v1/session", json=body, headers={"X-Request-ID": "abcdefgh-1"})
        site.get("/v1/search", params={"query": "zyxquorble"}, headers={"X-Request-ID": "abcdefgh-2"})
    finally:
        structlog.configure(**before)
    text = written.buffer.getvalue().decode()  # type: ignore[attr-defined]
    lines = [json.loads(line) for line in text.splitlines()]
    by_event = {line["event"]: line.get("request_id") for line in lines}
    assert by_event["auth.sign_in_failed"] == "abcdefgh-1"
    assert {line["request_id"] for line in lines if line["event"] == "request.served"} == {"abcdefgh-1", "abcdefgh-2"}
    assert "zyxquorble" not in text
