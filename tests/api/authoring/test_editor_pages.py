"""The workbench and the editor by their pages: writing, saving, publishing, two people at once, previews."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.api import test_pages
from tests.api.test_pages import HTML, signed_in, token_of
from tests.conftest import HOST, ClientAs

library = test_pages.library


@pytest.fixture
def people(app: FastAPI, site: TestClient, add_user: Callable[..., int]) -> dict[str, TestClient]:
    def browser(role: str) -> TestClient:
        client = TestClient(app, base_url=HOST, headers=HTML, follow_redirects=False)
        signed_in(client, add_user, role)
        return client

    return {role: browser(role) for role in ("author", "reviewer", "agent")}


def hidden(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found if name != "csrf_token"}


def form(page: str, **values: Any) -> dict[str, Any]:
    kept = {
        name: value
        for name, value in hidden(page).items()
        if name in ("version", "base_revision", "base", "draft", "article")
    }
    return {"csrf_token": token_of(page), **kept, **values}


def test_writing_something_new_and_publishing_it_is_one_action(
    people: dict[str, TestClient], library: dict[str, Any]
) -> None:
    author = people["author"]
    page = author.get("/workbench/new?type=howto").text
    assert "1. " in page
    made = author.post(
        "/workbench/new",
        data=form(page, title="Bleach the grommet", resolution="1. Bleach it.", audience_shown="1", audience=["public", "agent"],
                  type="howto", action="publish", applies_shown="1", **{"applies-0-product": "gateway", "applies-0-from": "11"}),
    )  # fmt: skip
    assert made.status_code == 303, made.text
    edit = made.headers["location"]
    assert "done=published" in edit
    read = author.get("/a/" + edit.split("/")[3], follow_redirects=True).text
    assert "Bleach it." in read
    assert "Harbour Gateway 11 and later" in read


def test_what_nobody_touched_makes_no_revision(
    people: dict[str, TestClient], client_as: ClientAs, library: dict[str, Any]
) -> None:
    number = library["both"]["number"]
    author = people["author"]
    page = author.get(f"/workbench/articles/{number}/edit").text
    body = unescape(re.search(r'name="body"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)[1])  # type: ignore[index]
    sent = form(page, title="Grommets and widgets", body=body, action="save", applies_shown="1",
                **{"applies-0-product": "gateway", "applies-0-from": "10"})  # fmt: skip
    assert author.post(f"/workbench/articles/{number}/edit", data=sent).status_code == 303
    assert len(client_as("author").get(f"/v1/articles/{number}/revisions").json()) == 1


def test_two_who_write_at_once_see_both_texts_and_lose_none(
    people: dict[str, TestClient], client_as: ClientAs, library: dict[str, Any]
) -> None:
    url = f"/workbench/articles/{library['old']['number']}/edit"
    author, reviewer = people["author"], people["reviewer"]
    mine, theirs = author.get(url).text, reviewer.get(url).text
    assert (
        reviewer.post(
            url, data=form(theirs, title="VPN drops on 10", short_answer="Theirs.", action="save")
        ).status_code
        == 303
    )
    refused = author.post(
        url, data=form(mine, title="VPN drops on ten", short_answer="Mine, in tears.", issue="Much.", action="save")
    )
    assert refused.status_code == 412
    text = refused.text
    assert "Mine, in tears." in text
    assert "Theirs." in text
    assert "both changed it" in text
    assert "only you changed it" in text
    assert "only they changed it" in text, "the title"
    assert "Mine, in tears." in author.get(url).text, "and it is kept when the page is closed"
    solved = author.post(
        url, data=form(text, title="VPN drops on 10", short_answer="Both.", issue="Much.", action="save")
    )
    assert solved.status_code == 303
    newest = client_as("author").get(f"/v1/articles/{library['old']['number']}/revisions/3").json()
    assert (newest["title"], newest["short_answer"], newest["issue"]) == ("VPN drops on 10", "Both.", "Much.")
    assert "Mine, in tears." not in author.get(url).text


def test_what_cannot_be_saved_comes_back_with_its_reason(
    people: dict[str, TestClient], library: dict[str, Any]
) -> None:
    agent = people["agent"]
    page = agent.get("/workbench/new").text
    refused = agent.post("/workbench/new", data=form(page, title="Public by an agent", issue="Kept words", audience_shown="1",
                                                audience=["public"], action="save"))  # fmt: skip
    assert refused.status_code == 403
    assert "Kept words" in refused.text
    assert "articles:publish" in refused.text
    empty = agent.post("/workbench/new", data=form(page, title="", issue="Kept words", action="save"))
    assert empty.status_code == 422
    assert 'id="e-title"' in empty.text


def test_an_autosaved_text_survives_the_browser_and_is_nobody_elses(
    people: dict[str, TestClient], library: dict[str, Any]
) -> None:
    author = people["author"]
    page = author.get("/workbench/new").text
    kept = author.post("/workbench/autosave", data=form(page, title="", issue="Half a sen"))
    assert kept.status_code == 200, kept.text
    draft = kept.json()
    assert "Half a sen" in author.get(f"/workbench/new?draft={draft['draft']}").text
    assert f"/workbench/new?draft={draft['draft']}" in author.get("/workbench").text
    assert people["reviewer"].get(f"/workbench/new?draft={draft['draft']}").status_code == 404
    again = form(page, title="A title", issue="Half a sentence", draft=draft["draft"])
    assert author.post("/workbench/autosave", data=again).status_code == 412, (
        "without the version that it was read with"
    )
    assert (
        author.post("/workbench/autosave", data=again, headers={"If-Match": f'"v{draft["version"]}"'}).status_code
        == 200
    )
    assert author.post("/workbench/new", data={**again, "action": "save"}).status_code == 303
    assert author.get(f"/workbench/new?draft={draft['draft']}").status_code == 404


def test_the_preview_is_the_readers_own_and_says_what_cannot_be_saved(
    people: dict[str, TestClient], library: dict[str, Any]
) -> None:
    author = people["author"]
    page = author.get("/workbench/new").text
    section = 'All.\n\n## Old {applies_to="product=gateway; versions=10"}\nTurn it. <script>alert(1)</script>'
    shown = author.post(
        "/workbench/preview", data=form(page, title="T", body=section, preview_product="gateway", preview_version="11")
    )
    assert '<details class="folded"' in shown.text
    assert "<script>" not in shown.text
    wrong = author.post("/workbench/preview", data=form(page, title="T", body='## X {applies_to="product=nothing"}\nT'))
    assert "This cannot be saved yet" in wrong.text


def test_lists_filter_and_show_nothing_to_readers(
    people: dict[str, TestClient], browser: TestClient, library: dict[str, Any]
) -> None:
    author = people["author"]
    page = author.get("/workbench/articles?status=draft").text
    assert "Quuxify drafts" in page
    assert "Zorblax triage" not in page
    assert "VPN drops on ten" in author.get("/workbench/articles?product=gateway&words=vpn").text
    assert "Grommets" not in author.get("/workbench/articles?words=vpn").text
    for path in ("/workbench", "/workbench/articles", "/workbench/new"):
        assert browser.get(path).status_code == 303, "signs in first"


browser = test_pages.browser
