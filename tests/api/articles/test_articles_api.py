"""/v1/articles: writing, publishing, reading, as each role."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from kb_service.articles.changes import ArticleChanges
from kb_service.articles.models import AuditEvent
from kb_service.db.outbox import OutboxRow
from kb_service.db.session import Database

AUTHOR, AGENT, ADMIN = {"X-Role": "author"}, {"X-Role": "agent"}, {"X-Role": "admin"}
DRAFT: dict[str, Any] = {
    "title": "Reset the gateway",
    "short_answer": "Hold the button.",
    "resolution": 'Hold it.\n\n## New ones {applies_to="versions=>=11; os=Win 11"}\n\nTap it.',
    "applies_to": [{"product": "HGW", "versions": ">=10"}],
    "topics": ["vpn"],
    "audience": ["public"],
}


def create(client: TestClient, **changes: Any) -> dict[str, Any]:
    response = client.post("/v1/articles", headers=AUTHOR, json={**DRAFT, **changes})
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def act(client: TestClient, article: dict[str, Any], move: str, role: dict[str, str] = AUTHOR) -> Any:
    version = client.get(f"/v1/articles/{article['id']}", headers=ADMIN).headers["etag"]
    return client.post(f"/v1/articles/{article['id']}/{move}", headers={**role, "If-Match": version})


def publish(client: TestClient, **changes: Any) -> dict[str, Any]:
    article = create(client, **changes)
    response = act(client, article, "publish")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_a_created_article_is_a_draft_with_number_etag_and_location(client: TestClient) -> None:
    response = client.post("/v1/articles", headers=AUTHOR, json=DRAFT)
    assert response.status_code == 201
    assert response.headers["etag"] == '"v1"'
    assert response.headers["location"] == "/v1/articles/1"
    body = response.json()
    assert (body["number"], body["status"], body["topics"]) == ("KB000001", "draft", ["networking/vpn"])
    assert body["applies_to"] == ["Harbour Gateway 10 and later"]


def test_the_same_idempotency_key_creates_once(client: TestClient) -> None:
    headers = {**AUTHOR, "Idempotency-Key": "k"}
    first, second = (client.post("/v1/articles", headers=headers, json=DRAFT) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["location"] == "/v1/articles/1"
    assert client.post("/v1/articles", headers=headers, json={**DRAFT, "title": "Other"}).status_code == 409


def test_readers_know_published_articles_only(client: TestClient) -> None:
    draft, published = create(client), publish(client)
    inside = publish(client, audience=["agent"])
    for reference in (draft["id"], inside["number"], "KB999999", "nothing", 2**40):
        assert client.get(f"/v1/articles/{reference}").status_code == 404
    found = client.get(f"/v1/articles/{published['number'].lower()}").json()
    assert found["source"] is None
    assert found["sections"][0]["html"] == "<p>Hold it.</p>\n"
    assert client.get(f"/v1/articles/{draft['id']}", headers=AGENT).json()["source"]["newest_revision"] == 1
    assert [a["id"] for a in client.get("/v1/articles").json()["items"]] == [published["id"]]
    assert client.get("/v1/articles?status=draft").status_code == 401


def test_an_article_is_rendered_in_a_context(client: TestClient) -> None:
    number = publish(client)["number"]
    sections = client.get(f"/v1/articles/{number}?product=HGW&version=10.5").json()["sections"]
    assert [(s["heading"], s["applies"]) for s in sections] == [("Resolution", True), ("New ones", False)]
    assert client.get(f"/v1/articles/{number}?product=Lighthouse").json()["applies"] is False
    wrong = client.get(f"/v1/articles/{number}?product=Harbor")
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/query/product"
    assert client.get(f"/v1/articles/{number}?version=1").status_code == 422


def test_a_change_needs_the_version_that_was_read(client: TestClient) -> None:
    create(client)
    assert client.patch("/v1/articles/1", headers=AUTHOR, json={"title": "A"}).status_code == 428
    stale = {**AUTHOR, "If-Match": '"v9"'}
    assert client.patch("/v1/articles/1", headers=stale, json={"title": "A"}).status_code == 412
    changed = client.patch("/v1/articles/1", headers={**AUTHOR, "If-Match": '"v1"'}, json={"title": "A"})
    assert changed.status_code == 200
    assert changed.headers["etag"] != '"v1"'
    assert changed.json()["title"] == "A"


def test_an_edit_of_a_published_article_shows_when_it_is_published(client: TestClient) -> None:
    article = publish(client)
    match = {**AUTHOR, "If-Match": f'"v{article["version"]}"'}
    client.patch("/v1/articles/1", headers=match, json={"title": "Better"})
    assert client.get("/v1/articles/1").json()["title"] == DRAFT["title"]
    act(client, article, "publish")
    assert client.get("/v1/articles/1").json()["title"] == "Better"
    states = [(r["number"], r["state"]) for r in client.get("/v1/articles/1/revisions", headers=AUTHOR).json()]
    assert states == [(2, "published"), (1, "superseded")]
    assert client.get("/v1/articles/1/revisions/1", headers=AUTHOR).json()["title"] == DRAFT["title"]


@pytest.mark.parametrize("move", ["unpublish", "archive"])
def test_what_is_withdrawn_leaves_the_index_before_the_answer(client: TestClient, feed: Any, move: str) -> None:
    article = publish(client)
    response = act(client, article, move)
    assert response.status_code == 200
    assert response.json()["pending"] is False
    assert feed.withdrawn == [(1, 2)]
    assert client.get("/v1/articles/1").status_code == 404


def test_an_engine_that_cannot_be_written_is_answered_with_pending(client: TestClient, feed: Any) -> None:
    article = publish(client)
    feed.is_up = False
    response = act(client, article, "unpublish")
    assert response.status_code == 202
    assert response.json()["pending"] is True


def test_narrowing_withdraws_and_widening_does_not(client: TestClient, feed: Any) -> None:
    publish(client)

    def patch(**changes: Any) -> Any:
        version = client.get("/v1/articles/1", headers=ADMIN).headers["etag"]
        return client.patch("/v1/articles/1", headers={**AUTHOR, "If-Match": version}, json=changes)

    assert patch(audience=["public", "agent"]).status_code == 200
    assert feed.withdrawn == []
    assert patch(audience=["agent"]).status_code == 200
    assert len(feed.withdrawn) == 1
    patch(applies_to=[{"product": "gateway", "versions": ">=11"}])
    act(client, {"id": 1}, "publish")
    assert len(feed.withdrawn) == 2
    patch(applies_to=[{"product": "gateway"}])
    act(client, {"id": 1}, "publish")
    assert len(feed.withdrawn) == 2


def test_publishing_waits_until_it_is_found(client: TestClient, feed: Any) -> None:
    create(client)
    response = client.post("/v1/articles/1/publish?wait=searchable", headers={**AUTHOR, "If-Match": '"v1"'})
    assert response.status_code == 200
    assert feed.waited == [(1, 1)]


def test_only_publishers_publish_or_address_the_public(client: TestClient) -> None:
    create(client)
    assert client.post("/v1/articles", headers=AGENT, json=DRAFT).status_code == 403
    refused = client.post("/v1/articles/1/publish", headers={**AGENT, "If-Match": '"v1"'})
    assert refused.status_code == 403
    assert client.post("/v1/articles", json=DRAFT).status_code == 401
    assert client.post("/v1/articles", headers={"X-Role": "customer"}, json=DRAFT).status_code == 403


def test_an_illegal_move_says_what_is_possible(client: TestClient) -> None:
    article = publish(client)
    response = act(client, article, "publish")
    assert response.status_code == 409
    assert response.json()["possible"] == ["edit", "unpublish", "archive"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"title": "x" * 301}, "/title"),
        ({"title": "a\x00b"}, "/title"),
        ({"short_answer": "x" * 301}, "/short_answer"),
        ({"body": "é" * 100_001}, "/body"),
        ({"audience": []}, "/audience"),
        ({"audience": ["Public!"]}, "/audience/0"),
        ({"type": "poem"}, "/type"),
        ({"language": "e"}, "/language"),
        ({"topics": ["nothing like it"]}, "/topics/0"),
        ({"applies_to": [{"product": "gateway", "versions": ">>1"}]}, "/applies_to/0/versions"),
        ({"applies_to": [{"versions": "1"}]}, "/applies_to/0/versions"),
        ({"body": '# A {applies_to="os=beos"}'}, "/body"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(client: TestClient, changes: dict[str, Any], pointer: str) -> None:
    response = client.post("/v1/articles", headers=AUTHOR, json={**DRAFT, **changes})
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer


def test_a_lone_surrogate_is_a_422(client: TestClient) -> None:
    body = b'{"title": "\\ud800"}'
    headers = {**AUTHOR, "Content-Type": "application/json"}
    assert client.post("/v1/articles", headers=headers, content=body).status_code == 422


def test_pages_partition_the_list(client: TestClient) -> None:
    for _ in range(5):
        create(client)
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get("/v1/articles?limit=2" + (f"&cursor={cursor}" if cursor else ""), headers=AUTHOR).json()
        assert page["total"] == 5
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == [1, 2, 3, 4, 5]
    assert len(seen) == 5
    assert client.get("/v1/articles?cursor=nonsense", headers=AUTHOR).status_code == 422


def test_lists_filter_by_status_topic_and_product(client: TestClient) -> None:
    publish(client)
    create(client, topics=[], applies_to=[], resolution="")

    def ids(query: str) -> list[int]:
        return [item["id"] for item in client.get(f"/v1/articles?{query}", headers=AUTHOR).json()["items"]]

    assert ids("status=draft") == [2]
    assert ids("topic=networking") == ids("product=HGW") == [1]


def test_variants_of_a_family_are_named_beside_each_other(client: TestClient) -> None:
    publish(client, family="reset")
    publish(client, family="reset", applies_to=[{"product": "lighthouse"}])
    publish(client, family="reset", audience=["agent"])
    variants = client.get("/v1/articles/1").json()["variants"]
    assert [(v["number"], v["applies_to"]) for v in variants] == [("KB000002", ["Lighthouse"])]


def test_feedback_counts_and_changes_no_version(client: TestClient) -> None:
    publish(client)
    before = client.get("/v1/articles/1").headers["etag"]
    vote = {"is_helpful": False, "revision": 1, "reason": "outdated", "words": "Old picture"}
    assert client.post("/v1/articles/1/feedback", json=vote).status_code == 201
    assert client.post("/v1/articles/1/feedback", json={"is_helpful": True, "revision": 9}).status_code == 422
    after = client.get("/v1/articles/1")
    assert after.headers["etag"] == before
    assert after.json()["votes_down"] == 1


def test_every_indexed_change_is_in_the_feed_once_and_audited(client: TestClient, database: Database) -> None:
    article = publish(client)
    act(client, article, "unpublish")
    with database.reading() as session:
        versions = [row.index_version for row in session.scalars(select(OutboxRow).order_by(OutboxRow.id))]
        actions = list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))
    assert versions == [1, 3]
    assert actions == ["article.create", "article.publish", "article.unpublish"]
    changes = ArticleChanges(database)
    (change,) = changes.claim(10)
    assert (change.article_id, change.index_version, len(change.row_ids)) == (1, 3, 2)
    assert changes.read([1]) == {1: None}
    assert changes.wanted_versions() == {1: -3}
    changes.release(change.row_ids, "engine down")
    assert changes.claim(10) == []
    changes.acknowledge(change.row_ids)
    with database.reading() as session:
        assert session.scalar(select(OutboxRow.id)) is None
