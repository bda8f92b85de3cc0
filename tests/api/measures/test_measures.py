"""Measures over HTTP: a team's for leads, one's own for agents, nobody's ranking."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from kb_service.assembly import Parts
from kb_service.auth.actors import Actor, Role, actor_for
from kb_service.cases import repository, service
from kb_service.cases.lifecycle import Status
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from kb_service.measures.reading import Asked, read_solved, week_of

ClientAs = Callable[..., TestClient]
LEAD = actor_for("user:900", "Lea", Role.LEAD)


def solve(database: Database, subject: str, actor: Actor = LEAD, assignee: int | None = None) -> str:
    with database.writing() as session:
        case, _ = service.open_case(session, service.NewCase(subject), actor)
        case.assignee_id = assignee
        service.tell(session, case, service.Message("Hold the button.", "out"), actor)
        service.move(session, case, Status.WAITING_CUSTOMER, "", actor)
        service.move(session, case, Status.SOLVED, "", actor)
        return case.number


def test_solved_cases_are_read_with_replies_and_waits(any_database: Database) -> None:
    number = solve(any_database, "Tunnel drops")
    with any_database.writing() as session:
        case = repository.find_case(session, number, LEAD)
        service.tell(session, case, service.Message("It is back", "in"), LEAD)
        service.move(session, case, Status.SOLVED, "", LEAD)
    now = utcnow()
    with any_database.reading() as session:
        (found,) = read_solved(session, Asked(now - timedelta(days=1), now), LEAD)
        assert found.replies == 1 and set(found.waited) <= {"with_us", "for_customer"}
        assert any(contact.at > found.solved_at and contact.is_same_case for contact in found.contacts)
        assert read_solved(session, Asked(now - timedelta(days=2), now - timedelta(days=1)), LEAD) == []
        assert read_solved(session, Asked(now - timedelta(days=1), now, queue="other"), LEAD) == []
        assert read_solved(session, Asked(now - timedelta(days=1), now, topic="vpn", product="gateway"), LEAD) == []


def test_a_lead_sees_the_team_and_an_agent_her_own(
    client_as: ClientAs, parts: Parts, add_user: Callable[..., int]
) -> None:
    number = add_user("agent", "mia@example.com")
    for assignee in (number, None, None):
        solve(parts.database, "Tunnel drops", assignee=assignee)
    lead = client_as("lead").get("/v1/measures").json()
    assert lead["of"] == "team" and lead["measures"][0]["name"] == "solved_without_further_contact"
    assert lead["measures"][0]["open"] == 3 and lead["measures"][-1]["name"] == "self_service"
    replies = next(found for found in lead["measures"] if found["name"] == "replies_to_resolution")
    assert replies["value"] == 1.0 and len(replies["cases"]) == 3
    own = client_as("agent").get("/v1/measures").json()
    assert own["of"] == "own" and own["measures"][0]["open"] == 0, "a key has no cases of its own"
    assert client_as("customer").get("/v1/measures").status_code == 403


def test_a_coach_judges_a_weeks_sample(client_as: ClientAs, parts: Parts) -> None:
    number, lead = solve(parts.database, "Tunnel drops"), client_as("lead")
    week = f"{utcnow():%G-W%V}"
    listed = lead.get(f"/v1/measures/sample?week={week}").json()["items"]
    assert [(item["case"], item["verdict"]) for item in listed] == [(number, "")]
    assert lead.put(f"/v1/measures/sample/{number}", json={"verdict": "should_have_had_one"}).status_code == 204
    assert lead.get(f"/v1/measures/sample?week={week}").json()["items"][0]["verdict"] == "should_have_had_one"
    accuracy = next(m for m in lead.get("/v1/measures").json()["measures"] if m["name"] == "link_accuracy")
    assert accuracy["value"] == 0.0 and accuracy["cases"] == [number]
    assert client_as("agent").get(f"/v1/measures/sample?week={week}").status_code == 403
    assert lead.get("/v1/measures/sample?week=2026-W99").status_code == 422


def test_a_week_begins_on_monday() -> None:
    since, until = week_of("2026-W48")
    assert (since.isoformat()[:10], until.isoformat()[:10]) == ("2026-11-23", "2026-11-30")
    with pytest.raises(ValueError, match="W99"):
        week_of("2026-W99")


def test_the_page_says_what_each_number_means(site: TestClient, client_as: ClientAs, parts: Parts) -> None:
    solve(parts.database, "Tunnel drops")
    page = client_as("lead").get("/measures")
    assert page.status_code == 200
    assert "Solved without further contact" in page.text and "seven days to come back" in page.text
    assert client_as("customer").get("/measures").status_code == 403
