"""Capture: new knowledge out of a case, without what is personal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kb_service.assembly import Parts
from kb_service.cases.models import PortalSession, SessionEvent
from kb_service.cases.repository import list_case_articles
from kb_service.db.base import utcnow
from tests.api.desk.test_desk import Person, person

__all__ = ["person"]

WORDS = "My tunnel drops. Call me on +43 664 123 45 67 or write to ann@example.com.\nOrder number 4711234\nRegards, Ann Miller"


@pytest.fixture
def case(person: Callable[..., Person], parts: Parts) -> tuple[Person, dict[str, Any]]:
    mia = person("mia")
    body = {"name": "Ann Miller", "identities": [{"channel": "email", "value": "ann@example.com"}]}
    customer = mia.send_json("POST", "/v1/customers", body).json()
    opened = mia.send_json(
        "POST", "/v1/cases", {"subject": "Ann Miller: tunnel", "description": WORDS, "customer_id": customer["id"]}
    ).json()
    mia.send_json("POST", f"/v1/desk/cases/{opened['number']}/notes", {"text": "Rang ann@example.com: old router."})
    with parts.database.writing() as session:
        kept = PortalSession(case_id=opened["id"], started_at=utcnow())
        session.add(kept)
        session.flush()
        session.add(
            SessionEvent(
                portal_session_id=kept.id, kind="searched", text="tunnel drops", detail={}, happened_at=utcnow()
            )
        )
    return mia, opened


def test_a_capture_shows_the_case_without_personal_data_and_says_what_was_masked(case: tuple[Person, Any]) -> None:
    mia, opened = case
    asked = {"case": opened["number"], "resolution": "Dear Ann, change the router's MTU."}
    draft = mia.send_json("POST", "/v1/desk/captures/preview", asked).json()
    assert draft["title"] == "[name]: tunnel"
    assert draft["issue"] == (
        "My tunnel drops. Call me on [phone] or write to [address].\nOrder number [number]\nRegards, [name]"
    )
    assert draft["notes"] == "Rang [address]: old router."
    assert draft["resolution"] == "Dear [name], change the router's MTU."
    assert draft["searches"] == ["tunnel drops"]
    assert {item["kind"] for item in draft["masked"]} == {"name", "phone", "address", "number"}


def test_what_is_kept_is_masked_whatever_was_sent_and_linked_to_its_case(
    case: tuple[Person, Any], parts: Parts
) -> None:
    mia, opened = case
    body = {
        "case": opened["number"], "title": "Tunnel of Ann Miller drops", "issue": WORDS, "notes": "ann@example.com",
        "resolution": "Set the MTU to 1400.", "searches": ["tunnel drops"],
    }  # fmt: skip
    made = mia.send_json("POST", "/v1/desk/captures", body)
    assert made.status_code == 201, made.text
    article = mia.get(f"/v1/articles/{made.json()['number']}").json()
    kept = str(article)
    assert all(personal not in kept for personal in ("Ann ", "Miller", "ann@example.com", "664 123", "4711234")), kept
    assert "Tunnel of [name] drops" in kept and "Order number [number]" in kept and "'audience': ['agent']" in kept
    with parts.database.reading() as session:
        linked = list_case_articles(session, opened["id"])
    assert [row.article_id for row in linked] == [made.json()["article"]]


def test_a_capture_of_a_case_that_one_may_not_know_is_not_found(person: Callable[..., Person]) -> None:
    mia = person("mia")
    assert mia.send_json("POST", "/v1/desk/captures/preview", {"case": "C-000099"}).status_code == 404
    assert mia.send_json("POST", "/v1/desk/captures", {"case": "C-000099", "title": "x"}).status_code == 404
