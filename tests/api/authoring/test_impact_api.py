"""The impact preview says what the search will do once the edit is published."""

from __future__ import annotations

import random
from collections.abc import Callable

from fastapi import FastAPI
from fastapi.testclient import TestClient

from kb_service.articles.models import Article
from kb_service.assembly import Parts
from kb_service.authoring.impact import Previewer, outcome
from kb_service.authoring.impact_routes import newest_text
from tests.api.authoring.test_checks_api import BODY, publish
from tests.api.test_pages import HTML, signed_in
from tests.conftest import HOST

WORDS = [
    "lamp",
    "gateway",
    "red",
    "green",
    "invoice",
    "printer",
    "reset",
    "button",
    "session",
    "cable",
    "router",
    "restart",
]


def test_the_preview_agrees_with_the_search_before_and_after(
    site: TestClient, parts: Parts, client_as: Callable[..., TestClient]
) -> None:
    admin, chance = client_as("admin"), random.Random(4)
    made = [
        publish(
            admin,
            {
                "title": " ".join(chance.sample(WORDS, 3)),
                "body": " ".join(chance.choices(WORDS, k=30)),
                "audience": ["public"],
            },
        )
        for _ in range(6)
    ]
    for word in WORDS[:8]:
        site.get("/v1/search", params={"query": f"{word} {chance.choice(WORDS)}"})
    parts.search.log.flush()
    previewer = Previewer(parts.search)
    for _ in range(4):
        article = chance.choice(made)
        change = {"title": " ".join(chance.sample(WORDS, 3)), "body": " ".join(chance.choices(WORDS, k=30))}
        admin.patch(f"/v1/articles/{article['number']}", json=change, headers={"If-Match": "*"})
        with parts.database.reading() as session:
            content, keywords = newest_text(session, session.get_one(Article, article["id"]))
        impact = previewer.preview(article["id"], content, keywords)
        assert impact.asked == 8
        before = {effect.question: effect.before for effect in impact.effects}
        for question, expected in before.items():
            assert outcome(parts.search, question, parts.engine, parts.search.pipeline) == expected
        admin.post(f"/v1/articles/{article['number']}/publish?wait=searchable", headers={"If-Match": "*"})
        for effect in impact.effects:
            assert outcome(parts.search, effect.question, parts.engine, parts.search.pipeline) == effect.after
    assert not previewer.preview(article["id"], content, keywords).effects, "published already: nothing would change"


def test_the_page_and_the_route_tell_what_moves(
    site: TestClient, parts: Parts, app: FastAPI, client_as: Callable[..., TestClient], add_user: Callable[..., int]
) -> None:
    admin = client_as("admin")
    article = publish(admin, BODY)
    publish(
        admin,
        {
            **BODY,
            "title": "Printer",
            "issue": "The printer is out of ink.",
            "resolution": "Fill it.",
            "short_answer": "Ink.",
        },
    )
    site.get("/v1/search", params={"query": "red lamp"})
    parts.search.log.flush()
    change = {"title": "Ink", "issue": "Ink.", "resolution": "Ink.", "short_answer": "Ink."}
    admin.patch(f"/v1/articles/{article['number']}", json=change, headers={"If-Match": "*"})
    got = admin.get(f"/v1/articles/{article['number']}/impact").json()
    assert got["asked"] == 1 and got["moved"] == 1 and got["found_by"] == 1 and not got["is_due"]
    assert got["effects"][0]["place_before"] == 1
    assert site.get(f"/v1/articles/{article['number']}/impact").status_code == 401
    draft = admin.post("/v1/articles", json=BODY).json()
    assert admin.get(f"/v1/articles/{draft['number']}/impact").status_code == 409
    browser = TestClient(app, base_url=HOST, headers=HTML, follow_redirects=False)
    signed_in(browser, add_user, "admin")
    assert "red lamp" in browser.get(f"/workbench/articles/{article['number']}/impact").text
