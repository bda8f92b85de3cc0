"""The pages over a small knowledge base: what they show, what they hide, where they lead."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from kb_service.articles.models import Redirect
from kb_service.assembly import Parts
from kb_service.catalog.service import add_release, create_product
from kb_service.catalog.trees import create_node
from tests.conftest import HOST, PASSWORD, ClientAs

HTML = {"Accept": "text/html"}
SECTIONS = """Words for all.

## Old way {applies_to="product=gateway; versions=10"}
Turn the grommet.

## New way {applies_to="product=gateway; versions=>=11"}
Press the widget.
"""


@pytest.fixture
def library(parts: Parts, site: TestClient, client_as: ClientAs) -> dict[str, dict[str, Any]]:
    """Two variants, one sectioned article, an internal and a draft one."""
    with parts.database.writing() as session:
        create_product(session, "Harbour Gateway", slug="gateway")
        for version in ("10", "11"):
            add_release(session, "gateway", version)
        create_node(session, "topic", "Networking")
        create_node(session, "topic", "VPN", "networking")
    author = client_as("admin")

    def add(publish: bool = True, **more: Any) -> dict[str, Any]:
        body = {"audience": ["public"], "topics": ["networking/vpn"], **more}
        made = author.post("/v1/articles", json=body)
        assert made.status_code == 201, made.text
        article: dict[str, Any] = made.json()
        if publish:
            headers = {"If-Match": made.headers["etag"]}
            done = author.post(f"/v1/articles/{article['id']}/publish?wait=searchable", headers=headers)
            assert done.status_code == 200, done.text
        return article

    def gateway(versions: str) -> list[dict[str, Any]]:
        return [{"product": "gateway", "versions": versions}]

    return {
        "old": add(title="VPN drops on ten", family="vpn-drops", applies_to=gateway("10"), short_answer="Reset it."),
        "new": add(title="VPN drops on eleven", family="vpn-drops", applies_to=gateway(">=11"), short_answer="Resume."),
        "both": add(title="Grommets and widgets", applies_to=gateway(">=10"), body=SECTIONS),
        "internal": add(title="Zorblax triage", audience=["agent"], body="Zorblax"),
        "draft": add(publish=False, title="Quuxify drafts", body="Quuxify"),
    }


@pytest.fixture
def browser(site: TestClient, app: FastAPI) -> TestClient:
    return TestClient(app, base_url=HOST, headers=HTML, follow_redirects=False)


def address(browser: TestClient, article: dict[str, Any]) -> str:
    return str(browser.get(f"/a/{article['number']}").headers["location"])


def test_the_home_page_lists_products_topics_and_public_answers_only(
    browser: TestClient, library: dict[str, Any]
) -> None:
    page = browser.get("/").text
    assert "Harbour Gateway" in page
    assert "Grommets and widgets" in page
    assert "Zorblax" not in page
    assert "Quuxify" not in page


def test_results_show_the_passage_that_answers(browser: TestClient, library: dict[str, Any]) -> None:
    page = browser.get("/search?query=grommets").text
    assert "<mark>" in page
    assert f"/a/{library['both']['number']}/grommets-and-widgets" in page


def test_the_context_stands_above_the_results_and_can_be_taken_off(
    browser: TestClient, library: dict[str, Any]
) -> None:
    page = browser.get("/search?query=vpn+drops&product=gateway&version=10").text
    assert "VPN drops on ten" in page
    assert 'href="/search?query=vpn+drops&amp;product=gateway"' in page


def test_a_stated_context_is_remembered_as_a_preference_and_can_be_forgotten(
    browser: TestClient, library: dict[str, Any]
) -> None:
    browser.get("/search?query=vpn+drops&product=gateway&version=10")
    page = browser.get("/search?query=vpn+drops").text
    assert "From your last visit" in page
    answer = browser.get("/search?query=vpn+drops&forget=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/search?query=vpn+drops"
    assert "From your last visit" not in browser.get("/search?query=vpn+drops").text


def test_an_unknown_product_is_refused_with_a_way_on(browser: TestClient, library: dict[str, Any]) -> None:
    answer = browser.get("/search?query=vpn&product=gatewy")
    assert answer.status_code == 422
    assert "Harbour Gateway" in answer.text


def test_nothing_found_is_said_and_leads_on(browser: TestClient, library: dict[str, Any]) -> None:
    page = browser.get("/search?query=flarnish+blorp+wibble").text
    assert "No sure answer" in page
    assert 'href="/topics"' in page


def test_another_slug_leads_to_the_right_address(browser: TestClient, library: dict[str, Any]) -> None:
    answer = browser.get(f"/a/{library['both']['number']}/wrong-words?q=x")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"/a/{library['both']['number']}/grommets-and-widgets?q=x"


def test_sections_for_another_version_are_folded(browser: TestClient, library: dict[str, Any]) -> None:
    page = browser.get(address(browser, library["both"]) + "?product=gateway&version=11").text
    folded = re.search(r"<details class=\"folded\".*?</details>", page, re.DOTALL)
    assert folded
    assert "grommet" in folded[0]
    assert "widget" not in folded[0]


def test_the_wrong_variant_says_so_and_names_the_right_one(browser: TestClient, library: dict[str, Any]) -> None:
    page = browser.get(address(browser, library["old"]) + "?product=gateway&version=11").text
    assert "Open the answer for" in page
    assert f"/a/{library['new']['number']}/" in page


@pytest.mark.parametrize("which", ["internal", "draft"])
def test_what_a_visitor_may_not_read_is_not_there(browser: TestClient, library: dict[str, Any], which: str) -> None:
    answer = browser.get(f"/a/{library[which]['number']}")
    assert answer.status_code == 404
    assert 'role="search"' in answer.text
    assert library[which]["title"] not in answer.text


def test_only_public_articles_are_in_the_site_map(browser: TestClient, library: dict[str, Any]) -> None:
    sitemap = browser.get("/sitemap.xml").text
    assert library["new"]["number"] in sitemap
    assert library["internal"]["number"] not in sitemap
    assert library["draft"]["number"] not in sitemap


def test_old_addresses_lead_to_their_article_for_those_who_may_read_it(
    browser: TestClient, library: dict[str, Any], parts: Parts
) -> None:
    with parts.database.writing() as session:
        session.add(Redirect(path="/hc/en-us/articles/1-vpn", article_id=library["new"]["id"]))
        session.add(Redirect(path="/hc/en-us/articles/2-zorblax", article_id=library["internal"]["id"]))
    answer = browser.get("/hc/en-us/articles/1-vpn")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"/a/{library['new']['number']}/vpn-drops-on-eleven"
    assert browser.get("/hc/en-us/articles/2-zorblax").status_code == 404


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def test_did_not_help_shows_the_next_step_at_once(browser: TestClient, library: dict[str, Any]) -> None:
    url = address(browser, library["old"])
    token = token_of(browser.get(url + "?q=vpn+drops").text)
    form = {"csrf_token": token, "helpful": "no"}
    answer = browser.post(f"/a/{library['old']['number']}/feedback?q=vpn+drops", data=form)
    assert answer.status_code == 303
    page = browser.get(answer.headers["location"]).text
    assert "Reach us" in page
    assert "Other answers to your question" in page
    assert browser.post(f"/a/{library['old']['number']}/feedback", data={"helpful": "no"}).status_code == 403


def test_product_topic_article_takes_three_actions(browser: TestClient, library: dict[str, Any]) -> None:
    assert 'href="/p/gateway"' in browser.get("/").text
    assert 'href="/p/gateway/networking/vpn"' in browser.get("/p/gateway").text
    assert f"/a/{library['new']['number']}/" in browser.get("/p/gateway/networking/vpn").text
    assert browser.get("/p/nothing").status_code == 404
    assert browser.get("/t/nothing").status_code == 404


def signed_in(browser: TestClient, add_user: Callable[..., int], role: str) -> None:
    add_user(role, f"{role}@example.com")
    token = token_of(browser.get("/sign-in").text)
    form = {"csrf_token": token, "email": f"{role}@example.com", "password": PASSWORD, "next": "/admin"}
    answer = browser.post("/sign-in", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/admin"


def test_administration_is_for_those_who_may(browser: TestClient, add_user: Callable[..., int]) -> None:
    assert browser.get("/admin/catalog").headers["location"].startswith("/sign-in")
    signed_in(browser, add_user, "agent")
    assert browser.get("/admin/catalog").status_code == 403


def test_an_admin_edits_the_catalogue_and_sees_errors_at_the_field(
    browser: TestClient, add_user: Callable[..., int], library: dict[str, Any]
) -> None:
    signed_in(browser, add_user, "admin")
    token = token_of(browser.get("/admin/catalog").text)
    form = {"csrf_token": token, "form": "add-product", "action": "add-product", "name": "Lighthouse"}
    assert browser.post("/admin/catalog", data=form).status_code == 303
    assert "Lighthouse" in browser.get("/products").text
    refused = browser.post("/admin/catalog", data={**form, "name": ""})
    assert refused.status_code == 422
    assert 'id="add-product-error"' in refused.text
    used = {"csrf_token": token, "form": "p-gateway-remove", "action": "remove", "kind": "product", "target": "gateway"}
    assert browser.post("/admin/catalog", data=used).status_code == 409


def test_an_admin_sets_the_notice(browser: TestClient, add_user: Callable[..., int]) -> None:
    signed_in(browser, add_user, "admin")
    token = token_of(browser.get("/admin/notice").text)
    form = {"csrf_token": token, "text": "**Mail** is slow", "link": ""}
    assert browser.post("/admin/notice", data=form).status_code == 303
    assert "<strong>Mail</strong> is slow" in browser.get("/").text
    assert browser.post("/admin/notice", data={**form, "link": "javascript:x"}).status_code == 422


def test_programs_get_problems_and_methods_stay_distinct(browser: TestClient) -> None:
    answer = browser.get("/nothing", headers={"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert browser.get("/v1/nothing").headers["content-type"] == "application/problem+json"


def test_no_page_carries_inline_script_or_style(browser: TestClient, library: dict[str, Any]) -> None:
    for path in ("/", "/search?query=vpn", "/products", "/sign-in", "/examples/widget", "/nothing"):
        page = browser.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page), path


def test_the_widget_is_one_small_module(browser: TestClient) -> None:
    assert len(browser.get("/static/kb-search.js").content) < 12_000
