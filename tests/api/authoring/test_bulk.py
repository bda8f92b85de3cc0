"""Many articles at once: looked at first, never wider than the licence, refused one by one, taken back."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from kb_service.authoring.bulk_rules import BulkEdit, Now, keywords_after, plan
from tests.api import test_pages
from tests.api.authoring import test_editor_pages
from tests.api.test_pages import token_of
from tests.conftest import ClientAs

library = test_pages.library
people = test_editor_pages.people


def look(client: TestClient, change: dict[str, Any], **select: Any) -> dict[str, Any]:
    answer = client.post("/v1/bulk/preview", json={"select": select, "change": change})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def make(client: TestClient, change: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    articles = [{"article": one["article"], "version": one["version"]} for one in seen["items"] if not one["refused"]]
    answer = client.post("/v1/bulk", json={"articles": articles, "change": change})
    assert answer.status_code == 201, answer.text
    done: dict[str, Any] = answer.json()
    return done


def test_keywords_are_added_and_removed_whatever_their_case() -> None:
    assert keywords_after(["VPN", "Reset"], ["vpn", "tunnel"], ["reset"]) == ["VPN", "tunnel"]


def test_what_is_so_already_is_no_change() -> None:
    now = Now(["agent"], "user:1", ["a"], "k")
    assert plan(BulkEdit(audience=("agent",), owner="user:1", add_keywords=("A",)), now, None).after == {}
    assert plan(BulkEdit(owner=""), now, None).after == {"owner": ""}


def test_a_change_is_looked_at_made_and_taken_back(client_as: ClientAs, library: dict[str, Any]) -> None:
    author, change = (
        client_as("author"),
        {"owner": "user:7", "add_keywords": ["tunnel"], "applies_to": [{"product": "gateway"}]},
    )
    seen = look(author, change, product="gateway", words="VPN")
    assert {one["title"] for one in seen["items"]} == {"VPN drops on ten", "VPN drops on eleven"}
    before = {id: author.get(f"/v1/articles/{id}").json() for id in (library["old"]["id"], library["new"]["id"])}
    done = make(author, change, seen)
    assert done["changed"] == sorted(before)
    for id in before:
        now = author.get(f"/v1/articles/{id}").json()
        assert (now["status"], now["source"]["owner"], now["keywords"]) == ("published", "user:7", ["tunnel"])
        assert now["applies_to"] == ["Harbour Gateway"]
    assert look(author, change, product="gateway", words="VPN") == {"items": [], "left": 0, "same": 2}
    assert client_as("reviewer").post(f"/v1/bulk/{done['id']}/undo").status_code == 404, "it is another's"
    assert author.post(f"/v1/bulk/{done['id']}/undo").json()["refused"] == {}
    for id, old in before.items():
        now = author.get(f"/v1/articles/{id}").json()
        assert {n: now[n] for n in ("keywords", "applies_to", "audience", "status")} == {
            n: old[n] for n in ("keywords", "applies_to", "audience", "status")
        }
        assert now["source"]["owner"] == old["source"]["owner"]
    assert author.post(f"/v1/bulk/{done['id']}/undo").status_code == 409


def test_nobody_changes_more_at_once_than_one_by_one(client_as: ClientAs, library: dict[str, Any]) -> None:
    agent = client_as("agent")
    wider = {"select": {"words": "Zorblax"}, "change": {"audience": ["public"]}}
    assert agent.post("/v1/bulk/preview", json=wider).status_code == 403
    body = {"articles": [{"article": library["internal"]["id"], "version": 2}], "change": {"audience": ["public"]}}
    assert agent.post("/v1/bulk", json=body).status_code == 403
    assert agent.post("/v1/bulk/preview", json={**wider, "change": {"archive": True}}).status_code == 403
    seen = look(agent, {"add_keywords": ["tunnel"]}, status="published")
    refused = {one["title"] for one in seen["items"] if one["refused"]}
    assert refused == {"VPN drops on ten", "VPN drops on eleven", "Grommets and widgets"}, "the public is a publisher's"
    done = make(agent, {"add_keywords": ["tunnel"]}, seen)
    assert done["changed"] == [library["internal"]["id"]]
    assert client_as("customer").post("/v1/bulk/preview", json=wider).status_code == 403
    assert agent.post("/v1/bulk/preview", json={"select": {}, "change": {}}).status_code == 422
    assert agent.post("/v1/bulk/preview", json={"select": {}, "change": {"confidence": "validated"}}).status_code == 422


def test_what_has_changed_since_stays_and_is_not_taken_back(client_as: ClientAs, library: dict[str, Any]) -> None:
    author, change = client_as("author"), {"owner": "user:7"}
    seen = look(author, change, words="VPN")
    url = f"/v1/articles/{library['old']['id']}"

    def touch() -> None:
        read = author.get(url)
        kind = "faq" if read.json()["type"] == "howto" else "howto"
        assert author.patch(url, json={"type": kind}, headers={"If-Match": read.headers["etag"]}).status_code == 200

    touch()
    done = make(author, change, seen)
    assert (done["changed"], list(done["refused"])) == ([library["new"]["id"]], [str(library["old"]["id"])])
    done = make(author, change, look(author, change, words="VPN"))
    touch()
    assert author.post(f"/v1/bulk/{done['id']}/undo").status_code == 403, "nothing is left to take back"


def test_archiving_many_comes_back_as_it_was(client_as: ClientAs, library: dict[str, Any]) -> None:
    author = client_as("author")
    done = make(author, {"archive": True}, look(author, {"archive": True}, words="VPN"))
    assert author.get(f"/v1/articles/{library['old']['id']}").json()["status"] == "archived"
    assert author.post(f"/v1/bulk/{done['id']}/undo").status_code == 200
    assert author.get(f"/v1/articles/{library['old']['id']}").json()["status"] == "published"


@pytest.mark.parametrize("by", ["filter", "ticks"])
def test_the_page_chooses_shows_changes_and_takes_back(
    people: dict[str, TestClient], client_as: ClientAs, library: dict[str, Any], by: str
) -> None:
    author = people["author"]
    listed = author.get("/workbench/articles?words=VPN").text
    assert f'name="id" value="{library["old"]["id"]}"' in listed
    query = "words=VPN&all=1" if by == "filter" else f"id={library['old']['id']}&id={library['new']['id']}"
    page = author.get(f"/workbench/bulk?{query}").text
    form = {"csrf_token": token_of(page), "set_audience": "1", "audience": ["agent"], "add_keywords": "tunnel, ipsec"}
    seen = author.post(f"/workbench/bulk/preview?{query}", data=form).text
    chosen = re.findall(r'name="article" value="([^"]+)"', seen)
    assert len(chosen) == 2
    change = re.search(r'name="change" value="([^"]*)"', seen)
    assert change is not None
    sent = {"csrf_token": token_of(seen), "article": chosen, "change": html.unescape(change[1])}
    done = author.post("/workbench/bulk", data=sent).headers["location"]
    reader = client_as("customer")
    assert reader.get(f"/v1/articles/{library['old']['number']}").status_code == 404
    after = author.get(done).text
    assert "2 articles are changed." in after
    undo = re.search(r'action="(/workbench/bulk/\d+/undo)"', after)
    assert undo is not None
    assert author.post(undo[1], data={"csrf_token": token_of(after)}).status_code == 303
    assert reader.get(f"/v1/articles/{library['old']['number']}").status_code == 200
