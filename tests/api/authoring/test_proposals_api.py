"""Applicability for what was imported without: proposed, accepted or rejected in groups."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.testclient import TestClient

from kb_service.articles.importing import upsert_imported
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.assembly import Parts
from tests.api.test_pages import HTML, signed_in, token_of
from tests.conftest import HOST


def bring(parts: Parts, admin: TestClient) -> None:
    admin.post("/v1/products", json={"name": "Harbour Gateway", "slug": "gateway"})
    admin.post("/v1/products", json={"name": "Lighthouse", "slug": "lighthouse"})
    with parts.database.writing() as session:
        for index, name in enumerate(("Harbour Gateway", "Harbour Gateway", "Lighthouse", "Nothing")):
            text = ArticleText(f"{name} is slow {index}", body=f"The {name} is slow.", audience=("public",))
            address = f"/{name.lower().replace(' ', '-')}/x{index}"
            upsert_imported(session, ImportedArticle("old", str(index), text, redirects=(address,)), parts.catalog)


def test_a_group_is_accepted_or_rejected_once(client_as: Callable[..., TestClient], parts: Parts) -> None:
    admin = client_as("admin")
    bring(parts, admin)
    assert admin.post("/v1/applicability-proposals").json() == {"articles": 4, "proposals": 3}
    groups = admin.get("/v1/applicability-proposals").json()["groups"]
    assert [(g["name"], g["count"]) for g in groups] == [("Harbour Gateway", 2), ("Lighthouse", 1)]
    gateway, lighthouse = ({"product": g["product"], "evidence": g["evidence"]} for g in groups)
    assert client_as("agent").post("/v1/applicability-proposals/accept", json=gateway).status_code == 403
    done = admin.post("/v1/applicability-proposals/accept", json=gateway).json()
    assert (done["decided"], done["left"]) == (2, 0)
    article = admin.get("/v1/articles/KB000001").json()
    assert (
        article["applies_to"] == ["Harbour Gateway"] and article["status"] == "published" and article["revision"] == 2
    )
    assert admin.post("/v1/applicability-proposals/reject", json=lighthouse).json()["decided"] == 1
    assert admin.post("/v1/applicability-proposals").json() == {"articles": 1, "proposals": 0}, (
        "rejected is not proposed again"
    )
    assert admin.post("/v1/applicability-proposals/accept", json=lighthouse).json()["decided"] == 0
    assert admin.get("/v1/articles/KB000003").json()["applies_to"] == []


def test_a_draft_in_progress_is_not_published_by_the_way(client_as: Callable[..., TestClient], parts: Parts) -> None:
    admin = client_as("admin")
    bring(parts, admin)
    admin.patch("/v1/articles/KB000001", json={"body": "Unfinished"}, headers={"If-Match": "*"})
    admin.post("/v1/applicability-proposals")
    for group in admin.get("/v1/applicability-proposals").json()["groups"]:
        wanted = {"product": group["product"], "evidence": group["evidence"]}
        assert admin.post("/v1/applicability-proposals/accept", json=wanted).json()["decided"] > 0
    article = admin.get("/v1/articles/KB000001").json()
    assert article["revision"] == 1 and article["applies_to"] == []


def test_the_page_decides_on_a_group(
    client_as: Callable[..., TestClient], parts: Parts, app: FastAPI, add_user: Callable[..., int]
) -> None:
    bring(parts, client_as("admin"))
    browser = TestClient(app, base_url=HOST, headers=HTML, follow_redirects=False)
    signed_in(browser, add_user, "admin")
    page = browser.get("/workbench/applicability").text
    assert (
        browser.post("/workbench/applicability", data={"csrf_token": token_of(page), "action": "run"}).status_code
        == 303
    )
    page = browser.get("/workbench/applicability").text
    assert "Accept: for Harbour Gateway" in page and "2 articles" in page
    evidence = page.split('name="evidence" value="')[1].split('"')[0]
    data = {"csrf_token": token_of(page), "action": "accept", "product": "gateway", "evidence": evidence}
    assert browser.post("/workbench/applicability", data=data).headers["location"].endswith("decided=2")
