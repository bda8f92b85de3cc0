"""Checks before publishing over HTTP and on the findings page; what becomes of two alike articles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from kb_service.assembly import Parts
from kb_service.authoring.checks_nightly import check_all_links
from kb_service.authoring.duplicates_finding import Finder
from kb_service.authoring.duplicates_scanning import scan
from tests.api.test_pages import HTML, signed_in, token_of
from tests.conftest import HOST

BODY: dict[str, Any] = {
    "title": "Lamp on the gateway is red",
    "short_answer": "Restart the gateway and wait for the green lamp.",
    "issue": "The lamp on the front of the gateway is red and no session opens.",
    "resolution": "1. Hold the reset button for 30 seconds.\n2. Wait until the lamp is green.\n3. Open the session again.",
    "audience": ["public"],
}
AGAIN = {**BODY, "title": "Gateway: red lamp", "resolution": BODY["resolution"].replace("30", "90")}


def publish(admin: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    made = admin.post("/v1/articles", json=body).json()
    got = admin.post(f"/v1/articles/{made['id']}/publish?wait=searchable", headers={"If-Match": "*"})
    assert got.status_code == 200, got.text
    return dict(got.json())


def test_a_text_is_checked_while_it_is_written(client_as: Callable[..., TestClient]) -> None:
    admin = client_as("admin")
    first = publish(admin, BODY)
    report = admin.post("/v1/articles/checks", json=AGAIN).json()
    assert [d["number"] for d in report["duplicates"]] == [first["number"]]
    assert report["duplicates"][0]["likeness"] > 0.9 and "gateway" in report["duplicates"][0]["shared"]
    assert [f["detail"]["why"] for f in report["findings"] if f["kind"] == "contradiction"] == ["number"]
    assert not admin.post("/v1/articles/checks", json={**AGAIN, "article": first["number"]}).json()["duplicates"]
    assert admin.post("/v1/articles/checks", json={**AGAIN, "article": "KB000999"}).status_code == 404
    clear = {**BODY, "title": "Invoices", "short_answer": "See the billing page.", "issue": "Where is my invoice?"}
    clear["resolution"] = "Open the billing page and choose the month."
    assert admin.post("/v1/articles/checks", json=clear).json() == {"is_clear": True, "findings": [], "duplicates": []}


def test_what_is_for_another_version_or_another_reader_is_no_duplicate(
    site: TestClient, client_as: Callable[..., TestClient]
) -> None:
    admin = client_as("admin")
    admin.post("/v1/products", json={"name": "Gateway", "slug": "gateway"})
    publish(admin, {**BODY, "applies_to": [{"product": "gateway", "versions": "<11"}]})
    other = {**AGAIN, "applies_to": [{"product": "gateway", "versions": ">=11"}]}
    assert not admin.post("/v1/articles/checks", json=other).json()["duplicates"]
    overlapping = {**AGAIN, "applies_to": [{"product": "gateway", "versions": ">=10"}]}
    found = admin.post("/v1/articles/checks", json=overlapping).json()["duplicates"]
    assert found and found[0]["common"] == ["Gateway 10"]
    secret = {**BODY, "title": "Secret lamp", "audience": ["author"]}
    publish(admin, secret)
    seen = client_as("agent").post("/v1/articles/checks", json={**AGAIN, "title": "Secret lamp", "audience": ["agent"]})
    assert all(d["title"] != "Secret lamp" for d in seen.json()["duplicates"])
    assert site.post("/v1/articles/checks", json=AGAIN).status_code == 401


def test_pairs_are_found_by_the_scan_and_decided_once(client_as: Callable[..., TestClient], parts: Parts) -> None:
    admin = client_as("admin")
    first, second = publish(admin, BODY), publish(admin, AGAIN)
    finder = Finder(parts.search)
    assert "compared 2 articles" in scan(parts.database, finder, parts.catalog)
    assert "compared 0 articles" in scan(parts.database, finder, parts.catalog)
    [pair] = admin.get("/v1/duplicates").json()["items"]
    assert {m["number"] for m in pair["articles"]} == {first["number"], second["number"]} and pair["why"][
        "contradictions"
    ]
    decide = f"/v1/articles/{second['number']}/duplicates/{first['number']}"
    assert admin.post(decide, json={"decision": "keep"}).status_code == 428
    assert admin.post(decide, json={"decision": "keep"}, headers={"If-Match": "*"}).status_code == 200
    assert not admin.get("/v1/duplicates").json()["items"]
    assert admin.get("/v1/duplicates?state=kept").json()["items"][0]["decided_by"]
    assert not admin.get(f"/v1/articles/{second['number']}/checks").json()["duplicates"]
    admin.patch(f"/v1/articles/{second['number']}", json={"cause": "A fuse."}, headers={"If-Match": "*"})
    admin.post(f"/v1/articles/{second['number']}/publish?wait=searchable", headers={"If-Match": "*"})
    scan(parts.database, finder, parts.catalog)
    assert not admin.get("/v1/duplicates").json()["items"], "a decision outlives the scan"


def test_variants_share_a_family_and_a_merged_article_leads_on(
    site: TestClient, client_as: Callable[..., TestClient]
) -> None:
    admin = client_as("admin")
    first, second, third = publish(admin, BODY), publish(admin, AGAIN), publish(admin, {**BODY, "title": "Red lamp"})
    variant = f"/v1/articles/{second['number']}/duplicates/{first['number']}"
    assert admin.post(variant, json={"decision": "variant"}, headers={"If-Match": "*"}).status_code == 200
    assert [v["number"] for v in admin.get(f"/v1/articles/{first['number']}").json()["variants"]] == [second["number"]]
    merge = f"/v1/articles/{third['number']}/duplicates/{first['number']}"
    got = admin.post(merge, json={"decision": "merge"}, headers={"If-Match": "*"})
    assert got.status_code == 200 and got.json()["status"] == "archived"
    moved = site.get(f"/a/{third['number']}", follow_redirects=False)
    assert moved.status_code == 301 and first["number"] in moved.headers["location"]
    back = f"/v1/articles/{first['number']}/duplicates/{third['number']}"
    assert admin.post(back, json={"decision": "merge"}, headers={"If-Match": "*"}).status_code == 409
    assert (
        client_as("agent")
        .post(
            f"/v1/articles/{second['number']}/duplicates/{first['number']}",
            json={"decision": "merge"},
            headers={"If-Match": "*"},
        )
        .status_code
        == 403
    )


def test_links_are_checked_for_their_readers(client_as: Callable[..., TestClient], parts: Parts) -> None:
    admin = client_as("admin")
    inside = publish(admin, {**BODY, "title": "Inside", "audience": ["agent"]})
    gone = publish(admin, {**BODY, "title": "Gone"})
    admin.post(f"/v1/articles/{gone['number']}/archive", headers={"If-Match": "*"})
    draft = admin.post("/v1/articles", json={**BODY, "title": "Draft"}).json()
    good = publish(admin, {**BODY, "title": "Good", "body": "## Place\n\nHere."})
    body = (
        f"[a](kb:{inside['number']}) [b](kb:{gone['number']}) [c](kb:{draft['number']}) [d](kb:nothing) "
        f"[e](kb:{good['number']}#place) [f](kb:{good['number']}#elsewhere) [g](/a/{gone['number']}/x) [h](https://example.com)"
    )
    made = publish(admin, {**BODY, "title": "Many links", "body": body})
    report = admin.get(f"/v1/articles/{made['number']}/checks").json()
    assert [f["kind"] for f in report["findings"] if f["kind"].startswith("link")] == [
        "link_less_public", "link_archived", "link_unpublished", "link_broken", "link_place", "link_archived",
    ]  # fmt: skip
    assert "6 links to mend" in check_all_links(parts.database)
    assert "6 links to mend" in check_all_links(parts.database), "again finds the same, not twice"
    listed = admin.get("/v1/link-findings?limit=4").json()
    assert (
        len(listed["items"]) == 4
        and len(admin.get(f"/v1/link-findings?cursor={listed['next_cursor']}").json()["items"]) == 2
    )
    assert admin.get("/v1/link-findings?cursor=nonsense").status_code == 422


def test_the_findings_page_decides_in_one_action(
    client_as: Callable[..., TestClient], app: FastAPI, add_user: Callable[..., int], parts: Parts
) -> None:
    admin = client_as("admin")
    first, second = publish(admin, BODY), publish(admin, AGAIN)
    scan(parts.database, Finder(parts.search), parts.catalog)
    browser = TestClient(app, base_url=HOST, headers=HTML, follow_redirects=False)
    signed_in(browser, add_user, "admin")
    page = browser.get("/workbench/findings").text
    assert f"Merge {first['number']} into {second['number']}" in page and "They say different things" in page
    data = {"csrf_token": token_of(page), "decision": "merge", "version": "0"}
    assert browser.post(f"/workbench/findings/{first['number']}/{second['number']}", data=data).status_code == 412
    data["version"] = page.split('name="version" value="')[1].split('"')[0]
    assert browser.post(f"/workbench/findings/{first['number']}/{second['number']}", data=data).status_code == 303
    assert "No two articles say the same" in browser.get("/workbench/findings").text
