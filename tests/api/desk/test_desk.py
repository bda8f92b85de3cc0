"""The desk's API: views with counts, one search, bulk changes, putting off, calls, presence."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from kb_service.db.base import utcnow
from tests.conftest import PASSWORD

AddUser = Callable[..., int]
ClientAs = Callable[..., TestClient]


class Person(TestClient):
    """Somebody signed in with a browser, with the token that pages send."""

    number = 0

    def send_json(self, method: str, url: str, body: Any, **headers: str) -> Any:
        token = self.get("/v1/me").json()["csrf_token"]
        return self.request(method, url, json=body, headers={"X-CSRF-Token": token, **headers})


@pytest.fixture
def person(site: TestClient, add_user: AddUser) -> Callable[..., Person]:
    def enter(name: str, role: str = "agent", **more: Any) -> Person:
        client = Person(site.app, base_url="http://localhost")
        client.number = add_user(role, f"{name}@example.com", name=name.capitalize(), **more)
        page = client.get("/sign-in").text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found
        data = {"email": f"{name}@example.com", "password": PASSWORD, "csrf_token": found[1]}
        done = client.post("/sign-in", data=data, follow_redirects=False)
        client.headers["x-first-page"] = done.headers["location"]
        return client

    return enter


def counts(client: TestClient) -> dict[str, int]:
    return {view["name"] or view["key"]: view["count"] for view in client.get("/v1/desk").json()["views"]}


def open_case(client: Person, subject: str, **more: Any) -> dict[str, Any]:
    return dict(client.send_json("POST", "/v1/cases", {"subject": subject, **more}).json())


def test_views_count_what_they_show_and_a_saved_one_is_ones_own(person: Callable[..., Person]) -> None:
    mia, bo = person("mia"), person("bo")
    assert mia.headers["x-first-page"] == "/desk", "an agent begins at the desk"
    first = open_case(mia, "The tunnel drops", tags=["vpn"])
    open_case(mia, "Printer smokes")
    assert counts(mia)["unassigned"] == 2 and counts(mia)["mine"] == 0
    done = mia.send_json("POST", "/v1/desk/bulk", {"cases": [first["number"]], "assignee_id": mia.number})
    assert done.json() == {"done": [first["number"]], "refused": []}
    assert counts(mia)["mine"] == 1 and counts(bo)["mine"] == 0
    view = mia.send_json("POST", "/v1/desk/views", {"name": "VPN", "wanted": {"tag": "vpn", "words": "tunnel"}}).json()
    assert view["count"] == 1 and counts(mia)["VPN"] == 1 and "VPN" not in counts(bo)
    listed = mia.get(f"/v1/desk/views/{view['key']}").json()["items"]
    assert [(case["number"], case["assignee_name"], case["is_ours"]) for case in listed] == [
        (first["number"], "Mia", True)
    ]
    assert bo.get(f"/v1/desk/views/{view['key']}").status_code == 404
    assert mia.send_json("DELETE", f"/v1/desk/views/{view['id']}", None).status_code == 204
    assert mia.get("/v1/desk/views/nothing").status_code == 404


def test_one_search_finds_cases_customers_and_articles(person: Callable[..., Person], client_as: ClientAs) -> None:
    author, mia = client_as("admin"), person("mia")
    made = author.post("/v1/articles", json={"title": "Tunnel drops", "resolution": "x", "audience": ["public"]}).json()
    author.post(f"/v1/articles/{made['id']}/publish?wait=searchable", headers={"If-Match": "*"})
    customer = {"name": "Anna Berg", "identities": [{"channel": "phone", "value": "+49 30 1234567"}]}
    anna = mia.send_json("POST", "/v1/customers", customer).json()
    case = open_case(mia, "Tunnel drops at night", customer_id=anna["id"])

    def find(words: str) -> tuple[list[str], list[str], list[str]]:
        found = mia.get("/v1/desk/find", params={"query": words}).json()
        cases, people = found["cases"], found["customers"]
        return [c["number"] for c in cases], [c["name"] for c in people], [a["title"] for a in found["articles"]]

    assert find(case["number"])[0] == [case["number"]]
    assert find("anna")[:2] == ([case["number"]], ["Anna Berg"])
    for written in ("30 / 123 4567", "030 1234567", "0049 30 1234567", "(030) 123-4567"):
        assert find(written)[1] == ["Anna Berg"], written
    assert find("tunnel") == ([case["number"]], [], ["Tunnel drops"])
    assert find("") == ([], [], [])


def test_a_case_put_off_comes_back_by_itself(person: Callable[..., Person]) -> None:
    mia, bo = person("mia"), person("bo")
    case = open_case(mia, "Printer smokes")
    url = f"/v1/desk/cases/{case['number']}/snooze"
    later = (utcnow() + timedelta(hours=1)).isoformat()
    assert mia.send_json("PUT", url, {"until": later}).json()["snoozed_until"]
    assert counts(mia)["unassigned"] == 0 and counts(mia)["put_off"] == 1
    assert counts(bo)["unassigned"] == 1, "it is put off for her alone"
    assert mia.send_json("PUT", url, {"until": None}).json()["snoozed_until"] is None
    assert counts(mia)["unassigned"] == 1
    assert mia.send_json("PUT", url, {"until": "2020-01-01T00:00:00Z"}).status_code == 422


def test_a_colleague_is_called_by_a_note_unless_the_case_is_not_for_her(person: Callable[..., Person]) -> None:
    mia, bo = person("mia", groups=["payroll"]), person("bo")
    case = open_case(mia, "Printer smokes")
    url = f"/v1/desk/cases/{case['number']}"
    told = mia.send_json("POST", f"{url}/notes", {"text": "@Bo can you look?", "call": [bo.number]})
    assert told.json()["called"] == ["Bo"] and told.json()["interaction"]["kind"] == "note"
    assert [call["case"] for call in bo.get("/v1/desk").json()["mentions"]] == [case["number"]]
    assert bo.send_json("PUT", f"{url}/presence", {"doing": "looking"}).status_code == 204
    assert bo.get("/v1/desk").json()["mentions"] == []
    lead = person("lea", "admin")
    lead.send_json("POST", "/v1/queues", {"slug": "payroll", "name": "Payroll", "groups": ["payroll"]})
    secret = open_case(mia, "Salary", queue="payroll")
    refused = mia.send_json("POST", f"/v1/desk/cases/{secret['number']}/notes", {"text": "@Bo", "call": [bo.number]})
    assert refused.status_code == 422
    assert bo.get(f"/v1/desk/cases/{secret['number']}").status_code == 404
    assert bo.get(f"/desk/{secret['number']}").status_code == 404


def test_colleagues_see_who_replies_and_who_is_away(person: Callable[..., Person]) -> None:
    mia, bo = person("mia"), person("bo")
    case = open_case(mia, "Printer smokes")
    url = f"/v1/desk/cases/{case['number']}"
    mia.send_json("PUT", f"{url}/presence", {"doing": "replying"})
    assert bo.get(url).json()["here"] == ["Mia"] and mia.get(url).json()["here"] == []
    mia.send_json("PUT", f"{url}/presence", {"doing": "nothing"})
    assert bo.get(url).json()["here"] == []
    assert mia.send_json("PUT", "/v1/desk/me", {"is_away": True}).json()["is_away"] is True
    assert {one["name"]: one["is_away"] for one in bo.get("/v1/desk").json()["colleagues"]} == {
        "Mia": True,
        "Bo": False,
    }


def test_bulk_changes_say_what_was_refused(person: Callable[..., Person]) -> None:
    mia = person("mia")
    case = open_case(mia, "Printer smokes", tags=["old"])
    body = {"cases": [case["number"], "C-999999"], "status": "solved", "add_tags": ["fire"], "remove_tags": ["old"]}
    done = mia.send_json("POST", "/v1/desk/bulk", body).json()
    assert done["done"] == [case["number"]] and done["refused"][0]["case"] == "C-999999"
    now = mia.get(f"/v1/cases/{case['number']}").json()
    assert (now["status"], now["tags"]) == ("solved", ["fire"])


def test_not_this_is_kept_for_the_case(person: Callable[..., Person], client_as: ClientAs) -> None:
    mia, author = person("mia"), client_as("admin")
    made = author.post("/v1/articles", json={"title": "Tunnel", "resolution": "x", "audience": ["agent"]}).json()
    case = open_case(mia, "Printer smokes")
    url = f"/v1/desk/cases/{case['number']}"
    assert mia.send_json("POST", f"{url}/not-this", {"article": made["id"]}).json()["not_this"] == [made["id"]]
    again = mia.send_json("POST", f"{url}/not-this", {"article": made["id"], "is_it": True})
    assert again.json()["not_this"] == []
    assert mia.send_json("POST", f"{url}/not-this", {"article": 999}).status_code == 404


def test_the_desk_is_for_agents(person: Callable[..., Person], site: TestClient) -> None:
    assert site.get("/v1/desk").status_code == 401
    vera = person("vera", "customer")
    assert vera.headers["x-first-page"] == "/" and vera.get("/v1/desk").status_code == 403
    assert vera.get("/desk").status_code == 403


def test_the_page_brings_its_first_view_and_no_markup_of_a_customer_runs(person: Callable[..., Person]) -> None:
    mia = person("mia")
    case = open_case(mia, "</script><script>alert(1)</script>")
    mia.send_json("POST", "/v1/desk/bulk", {"cases": [case["number"]], "assignee_id": mia.number})
    page = mia.get("/desk").text
    assert "<script>alert" not in page and "\\u003c/script" in page
    assert f'href="/desk/{case["number"]}"' in page
