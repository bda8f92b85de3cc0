"""Administration by pages: the no-answer floor, people, keys; and what "did this help?" keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from kb_service.articles.markdown import read_sections, to_html
from kb_service.articles.models import Article, AuditEvent, Feedback
from kb_service.assembly import Parts
from kb_service.search.models import SiteState
from tests.api import test_pages
from tests.api.test_pages import HTML, address, signed_in, token_of
from tests.conftest import HOST

library = test_pages.library


@pytest.fixture
def browser(site: TestClient, app: FastAPI) -> TestClient:
    return TestClient(app, base_url=HOST, headers=HTML, follow_redirects=False)


@pytest.fixture
def admin(browser: TestClient, add_user: Callable[..., int]) -> TestClient:
    signed_in(browser, add_user, "admin")
    return browser


def form(page: str, **values: str) -> dict[str, str]:
    return {"csrf_token": token_of(page), **values}


def audits(parts: Parts) -> list[tuple[str, str]]:
    with parts.database.reading() as session:
        return [(row.action, row.target) for row in session.scalars(select(AuditEvent).order_by(AuditEvent.id))]


def test_the_floor_shows_its_effect_and_a_change_is_audited(
    admin: TestClient,
    library: dict[str, object],
    parts: Parts,
) -> None:
    admin.get("/search?query=vpn+drops")
    admin.get("/search?query=flarnish+blorp")
    page = admin.get("/admin/calibration?floor=0.5").text
    assert "The last 2 different questions" in page
    assert "vpn drops" in page or "nothing changes" in page
    assert admin.post("/admin/calibration", data=form(page, floor="0.2")).status_code == 303
    with parts.database.reading() as session:
        state = session.get(SiteState, "calibration")
        assert state and state.value["floor"] == 0.2
    assert ("site.no_answer_floor", "calibration") in audits(parts)
    assert "0.19 → 0.2" in admin.get("/admin/calibration").text


@pytest.mark.parametrize("floor", ["", "x", "-1", "0.95", "nan", "1e9"])
def test_a_floor_that_is_none_is_refused_at_its_field(admin: TestClient, floor: str) -> None:
    answer = admin.post("/admin/calibration", data=form(admin.get("/admin/calibration").text, floor=floor))
    assert answer.status_code == 422
    assert 'id="floor-error"' in answer.text


def test_people_are_added_given_roles_and_shut_out(admin: TestClient, parts: Parts) -> None:
    page = admin.get("/admin/users").text
    new = form(
        page,
        action="add",
        email="new@example.com",
        name="New",
        role="agent",
        groups="partner",
        password="long enough 1",
    )
    assert admin.post("/admin/users", data=new).status_code == 303
    assert "new@example.com" in admin.get("/admin/users").text
    assert admin.post("/admin/users", data=form(page, action="role", id="2", role="author")).status_code == 303
    assert admin.post("/admin/users", data=form(page, action="disable", id="2")).status_code == 303
    assert "Enable new@example.com" in admin.get("/admin/users").text
    assert admin.post("/admin/users", data=form(page, action="enable", id="2")).status_code == 303
    assert [action for action, _ in audits(parts)] == ["user.add", "user.role", "user.disable", "user.enable"]


def test_wrong_people_are_refused_at_their_field_and_nobody_shuts_himself_out(admin: TestClient) -> None:
    page = admin.get("/admin/users").text
    wrong = form(page, action="add", email="nobody", role="agent", password="long enough 1")
    refused = admin.post("/admin/users", data=wrong)
    assert refused.status_code == 422
    assert "An address such as name@example.com." in refused.text
    short = form(page, action="add", email="a@example.com", role="agent", password="x")
    assert admin.post("/admin/users", data=short).status_code == 422
    assert admin.post("/admin/users", data=form(page, action="disable", id="1")).status_code == 403
    assert admin.post("/admin/users", data=form(page, action="disable", id="77")).status_code == 404
    assert admin.post("/admin/users", data=form(page, action="fly")).status_code == 422


def test_a_key_is_shown_once_works_and_can_be_revoked(admin: TestClient, app: FastAPI, parts: Parts) -> None:
    page = admin.get("/admin/keys").text
    made = admin.post("/admin/keys", data=form(page, action="add", name="Robot", role="agent"))
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    key = made.text.partition('class="secret">')[2].partition("<")[0]
    program = TestClient(app, base_url=HOST, headers={"Authorization": f"Bearer {key}"})
    assert program.get("/v1/me").json()["role"] == "agent"
    assert key not in admin.get("/admin/keys").text
    assert admin.post("/admin/keys", data=form(page, action="revoke", id="1")).status_code == 303
    assert program.get("/v1/me").status_code == 401
    assert [action for action, _ in audits(parts)] == ["key.add", "key.revoke"]


def test_a_publishable_key_needs_origins(admin: TestClient) -> None:
    values = {"action": "add", "name": "Widget", "role": "agent", "publishable": "yes"}
    page = admin.get("/admin/keys").text
    assert admin.post("/admin/keys", data=form(page, **values)).status_code == 422
    assert admin.post("/admin/keys", data=form(page, **values, origins="https://a.example")).status_code == 200


def test_people_and_keys_are_for_those_who_may(browser: TestClient, add_user: Callable[..., int]) -> None:
    signed_in(browser, add_user, "author")
    for path in ("/admin/users", "/admin/keys", "/admin/calibration"):
        assert browser.get(path).status_code == 403


def test_the_reason_joins_the_vote_that_was_given_a_moment_ago(
    browser: TestClient,
    library: dict[str, dict[str, object]],
    parts: Parts,
) -> None:
    token = token_of(browser.get(address(browser, library["old"])).text)
    url = f"/a/{library['old']['number']}/feedback"
    browser.post(url, data={"csrf_token": token, "helpful": "no"})
    browser.post(url, data={"csrf_token": token, "reason": "wrong_version", "words": "I have 11"})
    with parts.database.reading() as session:
        (row,) = session.scalars(select(Feedback)).all()
        assert (row.is_helpful, row.reason, row.words) == (False, "wrong_version", "I have 11")
        voted = session.get(Article, library["old"]["id"])
        assert voted and (voted.votes_up, voted.votes_down) == (0, 1)
    browser.post(url, data={"csrf_token": token, "helpful": "yes"})
    with parts.database.reading() as session:
        voted = session.get(Article, library["old"]["id"])
        assert voted and (voted.votes_up, voted.votes_down) == (1, 0)


@pytest.mark.parametrize("reason", ["wrong_version", "not_asked"])
def test_the_pages_reasons_are_the_apis_too(
    site: TestClient, library: dict[str, dict[str, object]], reason: str
) -> None:
    body = {"is_helpful": False, "reason": reason}
    assert site.post(f"/v1/articles/{library['old']['id']}/feedback", json=body).status_code in (200, 201, 204)


def test_the_widgets_words_come_from_the_catalogue(browser: TestClient) -> None:
    answer = browser.get("/static/kb-search.js")
    assert "No sure answer. Try other words." in answer.text
    assert answer.headers["content-type"].startswith("text/javascript")
    assert browser.get("/static/kb-search.js", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_columns_are_aligned_by_classes() -> None:
    (section,) = read_sections("| a | b |\n|:-:|--:|\n| 1 | 2 |\n")
    html = to_html(section.tokens, lambda _: None)
    assert '<td class="align-right">2</td>' in html
    assert '<th class="align-center">a</th>' in html
    assert "style" not in html
