"""/v1/articles: what each licence may put before whom."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from kb_service.articles.importing import upsert_imported
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.catalog.repository import CatalogCache
from kb_service.db.session import Database
from kb_service.errors import InvalidInput

AGENT, AUTHOR, REVIEWER = {"X-Role": "agent"}, {"X-Role": "author"}, {"X-Role": "reviewer"}
TEXT: dict[str, Any] = {"title": "Reset the gateway", "resolution": "Hold the button.", "audience": ["agent"]}


def create(client: TestClient, role: dict[str, str], **changes: Any) -> int:
    response = client.post("/v1/articles", headers=role, json={**TEXT, **changes})
    assert response.status_code == 201, response.text
    return int(response.json()["id"])


def _headers(client: TestClient, article: int, role: dict[str, str]) -> dict[str, str]:
    return {**role, "If-Match": client.get(f"/v1/articles/{article}", headers=AUTHOR).headers["etag"]}


def publish(client: TestClient, article: int, role: dict[str, str]) -> Any:
    return client.post(f"/v1/articles/{article}/publish", headers=_headers(client, article, role))


def edit(client: TestClient, article: int, role: dict[str, str], **changes: Any) -> Any:
    return client.patch(f"/v1/articles/{article}", headers=_headers(client, article, role), json=changes)


def test_an_agent_publishes_work_in_progress_for_agents_and_customers_never_see_it(client: TestClient) -> None:
    article = create(client, AGENT, confidence="work_in_progress")
    assert publish(client, article, AGENT).status_code == 200
    assert client.get(f"/v1/articles/{article}", headers=AGENT).status_code == 200
    assert client.get(f"/v1/articles/{article}", headers={"X-Role": "customer"}).status_code == 404


@pytest.mark.parametrize("audience", [["public"], ["agent", "customer"], ["agent", "partner"]])
def test_an_agent_publishes_for_nobody_outside(client: TestClient, audience: list[str]) -> None:
    article = create(client, AUTHOR, audience=["agent", *audience])
    refused = publish(client, article, AGENT)
    assert refused.status_code == 403
    assert "ask a publisher" in refused.json()["detail"]


def test_work_in_progress_is_not_published_outside(client: TestClient) -> None:
    article = create(client, AUTHOR, audience=["public"], confidence="work_in_progress")
    refused = publish(client, article, AUTHOR)
    assert refused.status_code == 409
    assert "not_validated" in refused.json()["detail"]


def test_a_published_article_does_not_become_work_in_progress_for_customers(client: TestClient) -> None:
    outside = create(client, AUTHOR, audience=["public"])
    assert publish(client, outside, AUTHOR).status_code == 200
    assert edit(client, outside, AUTHOR, confidence="work_in_progress").status_code == 409
    inside = create(client, AUTHOR, confidence="work_in_progress")
    assert publish(client, inside, AUTHOR).status_code == 200
    assert edit(client, inside, AUTHOR, audience=["public"]).status_code == 409
    assert edit(client, inside, AUTHOR, audience=["public"], confidence="validated").status_code == 200


def test_a_compliance_article_is_published_by_another_than_its_author(client: TestClient) -> None:
    article = create(client, AUTHOR, governance="compliance")
    assert publish(client, article, AGENT).status_code == 403
    assert publish(client, article, AUTHOR).status_code == 409
    assert publish(client, article, REVIEWER).status_code == 200


def test_a_later_edit_by_another_does_not_let_the_first_author_approve(client: TestClient) -> None:
    article = create(client, AUTHOR, governance="compliance")
    assert edit(client, article, AGENT, title="Reset the gateway at once").status_code == 200
    assert publish(client, article, AUTHOR).status_code == 409


def test_review_is_not_skipped_by_changing_the_governance(client: TestClient) -> None:
    article = create(client, AUTHOR, governance="compliance")
    assert edit(client, article, AGENT, governance="experience").status_code == 403
    assert edit(client, article, AUTHOR, governance="experience").status_code == 409
    assert edit(client, article, REVIEWER, governance="experience").status_code == 200


def test_an_import_brings_no_work_in_progress_to_customers(client: TestClient, database: Database) -> None:
    text = ArticleText(title="Half", audience=("public",), confidence="work_in_progress")
    catalog = CatalogCache(database).current()
    with database.writing() as session, pytest.raises(InvalidInput, match="agents only"):
        upsert_imported(session, ImportedArticle("old", "1", text), catalog)
