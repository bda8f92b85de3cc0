"""Drafts over /v1: one's own, with If-Match, saved into revisions."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from kb_service.articles.schemas import ArticleFields
from kb_service.authoring.schemas import DraftFields
from tests.api import test_pages
from tests.conftest import ClientAs

library = test_pages.library


@pytest.fixture
def author(client_as: ClientAs, library: dict[str, Any]) -> TestClient:
    return client_as("author")


def begin(client: TestClient, **body: Any) -> tuple[dict[str, Any], dict[str, str]]:
    made = client.post("/v1/drafts", json=body)
    assert made.status_code == 201, made.text
    return made.json(), {"If-Match": made.headers["etag"]}


def test_a_draft_is_kept_saved_and_published(author: TestClient) -> None:
    draft, match = begin(author, fields={"issue": "half"})
    assert author.put(f"/v1/drafts/{draft['id']}", json={"fields": {"issue": "x"}}).status_code == 428
    kept = author.put(f"/v1/drafts/{draft['id']}", json={"fields": {"title": "Whole", "issue": "whole"}}, headers=match)
    assert kept.status_code == 200
    stale = author.put(f"/v1/drafts/{draft['id']}", json={"fields": {"issue": "lost"}}, headers=match)
    assert stale.status_code == 412
    match = {"If-Match": kept.headers["etag"]}
    saved = author.post(f"/v1/drafts/{draft['id']}/save?publish=true", headers=match)
    assert (saved.status_code, saved.json()["status"]) == (200, "published")
    assert author.get(f"/v1/drafts/{draft['id']}").status_code == 404


def test_a_draft_on_an_older_version_is_refused_and_stays(author: TestClient, library: dict[str, Any]) -> None:
    number = library["old"]["number"]
    draft, match = begin(author, article=number, fields={"short_answer": "Mine"})
    head = {"If-Match": author.get(f"/v1/articles/{number}").headers["etag"]}
    assert author.patch(f"/v1/articles/{number}", json={"short_answer": "Theirs"}, headers=head).status_code == 200
    assert author.post(f"/v1/drafts/{draft['id']}/save", headers=match).status_code == 412
    assert author.get(f"/v1/drafts/{draft['id']}").json()["fields"]["short_answer"] == "Mine"


def test_drafts_are_their_owners_alone(author: TestClient, client_as: ClientAs) -> None:
    draft, match = begin(author, fields={"title": "Secret plan"})
    other = client_as("admin")
    assert other.get("/v1/drafts").json() == []
    assert other.get(f"/v1/drafts/{draft['id']}").status_code == 404
    assert other.delete(f"/v1/drafts/{draft['id']}", headers=match).status_code == 404
    assert client_as("customer").post("/v1/drafts", json={"fields": {}}).status_code == 403
    assert author.delete(f"/v1/drafts/{draft['id']}", headers=match).status_code == 204


def test_a_draft_takes_whatever_an_article_takes() -> None:
    assert set(ArticleFields.model_fields) <= set(DraftFields.model_fields)


def test_a_preview_shows_what_readers_would_see(author: TestClient) -> None:
    body = {"fields": {"title": "T", "body": "# A\nb"}, "product": "gateway"}
    shown = author.post("/v1/previews", json=body)
    assert shown.status_code == 200, shown.text
    assert "<p>b</p>" in str(shown.json()["sections"])
