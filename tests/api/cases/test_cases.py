"""Customers and cases over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import func, select

from kb_service.assembly import Parts
from kb_service.cases.models import Case, Interaction

ClientAs = Callable[..., TestClient]


def open_case(client: TestClient, **more: Any) -> dict[str, Any]:
    body = {"subject": "The tunnel drops", "customer": {"channel": "email", "value": "Ann@Example.com"}, **more}
    answer = client.post("/v1/cases", json=body)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


def test_a_case_knows_its_customer_and_when_it_is_due(client_as: ClientAs) -> None:
    agent = client_as("agent")
    case = open_case(agent)
    assert case["number"].startswith("C-") and case["status"] == "new" and case["due_at"]
    customer = agent.get(f"/v1/customers/{case['customer_id']}").json()
    assert customer["identities"] == [{"channel": "email", "value": "ann@example.com"}]
    assert open_case(agent)["customer_id"] == case["customer_id"]


def test_a_change_needs_what_was_read(client_as: ClientAs) -> None:
    agent = client_as("agent")
    url = f"/v1/cases/{open_case(agent)['number']}"
    assert agent.patch(url, json={"priority": "high"}).status_code == 428
    tag = agent.get(url).headers["etag"]
    assert agent.patch(url, json={"priority": "high"}, headers={"If-Match": tag}).status_code == 200
    assert agent.patch(url, json={"priority": "low"}, headers={"If-Match": tag}).status_code == 412


def test_waiting_stops_the_clock_and_a_reply_starts_it_again(client_as: ClientAs) -> None:
    agent = client_as("agent")
    url = f"/v1/cases/{open_case(agent)['number']}"
    waiting = agent.post(f"{url}/status", json={"status": "waiting_customer"}, headers={"If-Match": "*"}).json()
    assert waiting["due_at"] is None
    agent.post(f"{url}/interactions", json={"text": "Here is the log.", "channel": "phone"})
    after = agent.get(url).json()
    assert after["status"] == "open" and after["due_at"]
    assert [i["channel"] for i in after["interactions"]] == ["api", "phone"], "one thread over channels"


def test_the_same_message_fifty_times_at_once_is_one_interaction(client_as: ClientAs, parts: Parts) -> None:
    agent = client_as("agent")

    def send(_: int) -> str:
        return str(open_case(agent, channel="chat", external_id="m-1")["number"])

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(send, range(50)))) == 1
    with parts.database.reading() as session:
        assert session.scalar(select(func.count(Case.id))) == 1
        assert session.scalar(select(func.count(Interaction.id))) == 1


def test_agents_of_other_groups_do_not_learn_of_a_queues_cases(client_as: ClientAs) -> None:
    admin = client_as("admin")
    admin.post("/v1/queues", json={"slug": "payroll", "name": "Payroll", "groups": ["payroll"]})
    case = open_case(admin, queue="payroll")
    inside, outside = client_as("agent", groups=["payroll"]), client_as("agent")
    assert inside.get(f"/v1/cases/{case['number']}").status_code == 200
    assert outside.get(f"/v1/cases/{case['number']}").status_code == 404
    assert outside.get("/v1/cases").json()["items"] == []
    assert [queue["slug"] for queue in outside.get("/v1/queues").json()] == []


def test_customers_and_strangers_see_no_internal_case(client_as: ClientAs, site: TestClient) -> None:
    case = open_case(client_as("agent"))
    assert client_as("customer").get(f"/v1/cases/{case['number']}").status_code == 404
    assert site.get(f"/v1/cases/{case['number']}").status_code == 401
    assert client_as("customer").get("/v1/customers").status_code == 403


def test_merged_cases_are_one_thread(client_as: ClientAs) -> None:
    agent = client_as("agent")
    first, second = open_case(agent), open_case(agent, subject="Again")
    merged = agent.post(
        f"/v1/cases/{second['number']}/merge", json={"into": first["number"]}, headers={"If-Match": "*"}
    )
    assert [i["text"] for i in merged.json()["interactions"]] == ["The tunnel drops", "Again"]
    assert agent.get(f"/v1/cases/{second['number']}").json()["merged_into"] == first["number"]
    other = open_case(agent, customer={"channel": "email", "value": "bob@example.com"})
    refused = agent.post(
        f"/v1/cases/{other['number']}/merge", json={"into": first["number"]}, headers={"If-Match": "*"}
    )
    assert refused.status_code == 409
