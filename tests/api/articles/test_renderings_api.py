"""Forms per channel over HTTP: one revision, one context; an override holds until the article says something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.api.test_pages import HTML, signed_in, token_of
from tests.conftest import HOST

BODY = {
    "title": "Lamp is red",
    "short_answer": "Restart the gateway.",
    "issue": "The lamp is red.",
    "resolution": "> **Warning:** sessions end.\n\n1. Restart it.",
    "audience": ["public"],
}


@pytest.fixture
def client(site: TestClient) -> TestClient:
    return site


def publish(admin: TestClient, body: dict[str, Any] = BODY) -> str:
    made = admin.post("/v1/articles", json=body).json()
    admin.post(f"/v1/articles/{made['id']}/publish", headers={"If-Match": "*"})
    return str(made["number"])


def form(client: TestClient, number: str, channel: str, **params: str) -> dict[str, Any]:
    got = client.get(f"/v1/articles/{number}/renderings", params={"channel": channel, **params})
    assert got.status_code == 200, got.text
    [found] = got.json()["forms"]
    return dict(found)


def test_every_channel_says_the_same_revision(site: TestClient, client_as: Callable[..., TestClient]) -> None:
    number = publish(client_as("admin"))
    got = site.get(f"/v1/articles/{number}/renderings").json()
    assert got["revision"] == 1 and {f["channel"] for f in got["forms"]} == {
        "summary", "sms", "chat", "email_text", "email_html", "phone", "social",
    }  # fmt: skip
    sms = form(site, number, "sms")
    assert sms["segments"] == 1 and sms["encoding"] == "gsm7"
    assert "sessions end" in sms["text"] and f"http://localhost/a/{number}" in sms["text"]
    assert site.get("/v1/articles/KB000999/renderings").status_code == 404
    assert site.get(f"/v1/articles/{number}/renderings?product=nothing").status_code == 422


def test_an_override_is_set_aside_when_the_resolution_changes(
    site: TestClient, client_as: Callable[..., TestClient]
) -> None:
    admin = client_as("admin")
    number = publish(admin)
    put = f"/v1/articles/{number}/renderings/sms"
    assert admin.put(put, json={"text": "Own words."}).status_code == 428
    assert admin.put(put, json={"text": "Own words."}, headers={"If-Match": '"0"'}).status_code == 412
    assert admin.put(put, json={"text": "Own words."}, headers={"If-Match": "*"}).status_code == 200
    assert form(site, number, "sms")["text"] == "Own words."
    assert form(site, number, "sms")["missing_warnings"] == ["Warning: sessions end."]
    assert form(site, number, "sms")["override"] is None, "who wrote it is for writers"

    def edit(**changes: str) -> None:
        admin.patch(f"/v1/articles/{number}", json=changes, headers={"If-Match": "*"})
        admin.post(f"/v1/articles/{number}/publish", headers={"If-Match": "*"})

    edit(cause="A fuse.")
    assert form(site, number, "sms")["origin"] == "override", "the answer is the same"
    edit(resolution="1. Replace the fuse.")
    assert "Own words" not in form(site, number, "sms")["text"]
    assert form(admin, number, "sms")["override"]["in_force"] is False
    assert admin.post(f"{put}/confirm", headers={"If-Match": "*"}).status_code == 200
    assert form(site, number, "sms")["text"] == "Own words."
    assert admin.delete(put, headers={"If-Match": "*"}).status_code == 200
    assert form(site, number, "sms")["origin"] == "derived"
    assert admin.delete(put, headers={"If-Match": "*"}).status_code == 404


def test_who_may_not_publish_an_article_may_not_reword_it(client_as: Callable[..., TestClient]) -> None:
    number = publish(client_as("admin"))
    put = f"/v1/articles/{number}/renderings/chat"
    refused = client_as("agent").put(put, json={"text": "Own."}, headers={"If-Match": "*"})
    assert refused.status_code == 403 and "articles:publish" in refused.json()["detail"]


def test_an_override_of_a_compliance_article_waits_for_another_person(
    site: TestClient, client_as: Callable[..., TestClient]
) -> None:
    one, two = client_as("admin"), client_as("admin")
    made = one.post("/v1/articles", json={**BODY, "governance": "compliance"}).json()
    assert two.post(f"/v1/articles/{made['id']}/publish", headers={"If-Match": "*"}).status_code == 200
    put = f"/v1/articles/{made['id']}/renderings/sms"
    assert one.put(put, json={"text": "Own words."}, headers={"If-Match": "*"}).status_code == 200
    assert form(site, made["number"], "sms")["origin"] == "derived"
    assert one.post(f"{put}/confirm", headers={"If-Match": "*"}).status_code == 409
    assert two.post(f"{put}/confirm", headers={"If-Match": "*"}).status_code == 200
    assert form(site, made["number"], "sms")["text"] == "Own words."


def test_an_override_speaks_for_the_whole_article_only(site: TestClient, client_as: Callable[..., TestClient]) -> None:
    admin = client_as("admin")
    assert admin.post("/v1/products", json={"name": "Gateway", "slug": "gateway"}).status_code == 201
    body = 'All.\n\n## New {applies_to="versions=>=11"}\n\nFor eleven.'
    number = publish(
        admin, {"title": "T", "body": body, "audience": ["public"], "applies_to": [{"product": "gateway"}]}
    )
    admin.put(f"/v1/articles/{number}/renderings/chat", json={"text": "For eleven."}, headers={"If-Match": "*"})
    assert form(site, number, "chat")["text"] == "For eleven."
    ten = form(site, number, "chat", product="gateway", version="10")
    assert "eleven" not in ten["text"] and ten["origin"] == "derived"


def test_an_answer_carries_every_channels_form(site: TestClient, client_as: Callable[..., TestClient]) -> None:
    admin = client_as("admin")
    number = publish(admin)
    admin.put(f"/v1/articles/{number}/renderings/sms", json={"text": "Own words."}, headers={"If-Match": "*"})
    made = admin.post("/v1/articles", json={**BODY, "title": "Lamp red again"}).json()
    admin.post(f"/v1/articles/{made['id']}/publish?wait=searchable", headers={"If-Match": "*"})
    answer = site.post("/v1/answers", json={"query": "lamp is red"}).json()
    packet = next(p for p in answer["packets"] if p["number"] == number)
    assert packet["renderings"]["sms"] == "Own words." and "Restart it" in packet["renderings"]["phone"]


def test_the_preview_page_shows_and_replaces_a_form(
    site: TestClient, app: FastAPI, client_as: Callable[..., TestClient], add_user: Callable[..., int]
) -> None:
    number = publish(client_as("admin"))
    browser = TestClient(app, base_url=HOST, headers=HTML, follow_redirects=False)
    assert browser.get(f"/workbench/articles/{number}/renderings").status_code == 303, "sign in first"
    signed_in(browser, add_user, "admin")
    page = browser.get(f"/workbench/articles/{number}/renderings").text
    assert "Phone script" in page and "1 segment, GSM-7" in page
    version = page.split('name="version" value="')[1].split('"')[0]
    data = {"csrf_token": token_of(page), "version": version, "text": "Own words.", "action": "save"}
    assert browser.post(f"/workbench/articles/{number}/renderings/sms", data=data).status_code == 303
    assert form(site, number, "sms")["text"] == "Own words."
    assert browser.post(f"/workbench/articles/{number}/renderings/sms", data=data).status_code == 412, (
        "somebody was faster"
    )
    assert browser.post(f"/workbench/articles/{number}/renderings/fax", data=data).status_code in (404, 422)
