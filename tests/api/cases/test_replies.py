"""Replies: one thread, one answer, at an exact revision, taken back in time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from kb_service.articles.models import Feedback
from kb_service.assembly import Parts
from kb_service.cases.models import CaseArticle, Interaction, OutgoingMail
from kb_service.channels.smtp import Transport, parse_smtp_url, send_due
from kb_service.db.base import utcnow
from tests.support.mailbox import mail_server

ClientAs = Callable[..., TestClient]


def open_case(client: TestClient, **more: Any) -> dict[str, Any]:
    body = {"subject": "The tunnel drops", "customer": {"channel": "email", "value": "ann@example.com"}, **more}
    answer = client.post("/v1/cases", json=body)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


def publish(client: TestClient, title: str, **more: Any) -> dict[str, Any]:
    made = client.post(
        "/v1/articles", json={"title": title, "resolution": "Turn it off.", "audience": ["public"], **more}
    )
    assert made.status_code == 201, made.text
    assert client.post(f"/v1/articles/{made.json()['id']}/publish", headers={"If-Match": "*"}).status_code == 200
    return dict(made.json())


def reply(client: TestClient, case: dict[str, Any], match: str = "*", **body: Any) -> Any:
    return client.post(f"/v1/cases/{case['number']}/replies", json=body, headers={"If-Match": match})


def let_leave(parts: Parts) -> None:
    """As if the five seconds were over."""
    past = utcnow() - timedelta(seconds=1)
    with parts.database.writing() as session:
        session.execute(update(OutgoingMail).where(OutgoingMail.state == "waiting").values(send_after=past))
        session.execute(update(Interaction).where(Interaction.shown_at.is_not(None)).values(shown_at=past))


def test_a_reply_needs_the_thread_that_was_read_and_two_agents_send_one(client_as: ClientAs, parts: Parts) -> None:
    agent = client_as("agent")
    case = open_case(agent)
    url = f"/v1/cases/{case['number']}"
    assert agent.post(f"{url}/replies", json={"text": "Hello"}).status_code == 428
    tag = agent.get(url).headers["etag"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: reply(agent, case, tag, text=f"Answer {n}").status_code, range(16)))
    assert sorted(answers) == [201] + [412] * 15
    with parts.database.reading() as session:
        assert session.scalar(select(func.count(OutgoingMail.id))) == 1
    assert [i["direction"] for i in agent.get(url).json()["interactions"]] == ["in", "out"]


def test_a_reply_again_with_its_key_is_the_same_reply(client_as: ClientAs) -> None:
    agent = client_as("agent")
    case = open_case(agent)
    tag = agent.get(f"/v1/cases/{case['number']}").headers["etag"]
    headers = {"If-Match": tag, "Idempotency-Key": "k-1"}
    answers = [
        agent.post(f"/v1/cases/{case['number']}/replies", json={"text": "Hi"}, headers=headers) for _ in range(3)
    ]
    assert {a.status_code for a in answers} == {201} and len({a.json()["interaction"]["id"] for a in answers}) == 1


def test_a_mail_has_its_frame_the_question_and_both_links(client_as: ClientAs, parts: Parts) -> None:
    agent, admin = client_as("agent"), client_as("admin")
    frame = {
        "greeting": "Dear {customer_name|customer},",
        "signature": "The {queue_name}",
        "channels": {"chat": {"greeting": "Hi"}},
    }
    assert admin.post("/v1/queues", json={"slug": "net", "name": "Network desk", "frame": frame}).status_code == 201
    wrong = admin.patch("/v1/queues/net", json={"frame": {"greeting": "Dear {nobody}"}})
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["pointer"] == "/frame/greeting"
    case = open_case(agent, queue="net", description="It drops every night. How do I keep it up?")
    made = reply(agent, case, text="Turn off power saving.", status="waiting_customer").json()
    assert made["status"] == "waiting_customer" and made["take_back_until"]
    mail = agent.get("/v1/mails").json()["items"][0]
    text = mail["text"]
    for part in (
        "Dear customer,",
        "> How do I keep it up?",
        "Turn off power saving.",
        "?answer=yes",
        "?answer=no",
        "The Network desk",
    ):
        assert part in text
    assert mail["subject"] == f"Re: The tunnel drops [{case['number']}]" and mail["state"] == "waiting"
    assert client_as("customer").get("/v1/mails").status_code == 403


def test_articles_go_at_their_revision_with_the_search_that_found_them(client_as: ClientAs, parts: Parts) -> None:
    agent, admin = client_as("agent"), client_as("admin")
    article = publish(admin, "Keep it up", short_answer="Power saving off.")
    case = open_case(agent)
    uses = [
        {"article": article["number"], "use": use, "query_id": "q1", "rank": 2}
        for use in ("link", "passage", "rendering")
    ]
    made = reply(agent, case, text="Here.", articles=uses)
    assert made.status_code == 201, made.text
    said = made.json()["interaction"]["text"]
    assert f"/a/{article['number']}" in said and "Power saving off." in said and "Turn it off." in said
    rows = agent.get(f"/v1/cases/{case['number']}").json()["articles"]
    assert [(r["use"], r["revision"], r["query_id"], r["rank"]) for r in rows] == [
        (use, 1, "q1", 2) for use in ("link", "passage", "rendering")
    ]


def test_what_the_customer_may_not_read_is_refused_with_a_way_out(client_as: ClientAs) -> None:
    agent, admin = client_as("agent"), client_as("admin")
    inside, draft = (
        publish(admin, "For agents", audience=["agent"]),
        admin.post("/v1/articles", json={"title": "D", "body": "x"}).json(),
    )
    owners = publish(admin, "For customers", audience=["customer"])
    case = open_case(agent)
    for article, word in ((inside, "wider audience"), (draft, "Publish it first"), (owners, "wider audience")):
        answer = reply(agent, case, text="See", articles=[{"article": article["number"], "reason": "I insist"}])
        assert answer.status_code == 409 and word in answer.json()["detail"], answer.text
    seen = agent.post(f"/v1/cases/{case['number']}/replies/preview", json={"articles": [{"article": inside["number"]}]})
    assert seen.json()["may_go"] is False and seen.json()["problems"][0]["problem"] == "not_readable"
    assert len(agent.get(f"/v1/cases/{case['number']}").json()["interactions"]) == 1


def test_an_owner_gets_a_customers_article_as_text_but_no_link_without_an_account(client_as: ClientAs) -> None:
    agent, admin = client_as("agent"), client_as("admin")
    admin.post("/v1/products", json={"name": "Tunnel", "slug": "tunnel"})
    article = publish(admin, "For customers", audience=["customer"], short_answer="Owners do this.")
    case = open_case(agent)
    owned = agent.post(f"/v1/customers/{case['customer_id']}/entitlements", json={"product": "tunnel"})
    assert owned.status_code == 201, owned.text
    assert reply(agent, case, articles=[{"article": article["number"], "use": "link"}]).status_code == 409
    sent = reply(agent, case, articles=[{"article": article["number"], "use": "passage"}])
    assert sent.status_code == 201 and "Owners do this." in sent.json()["interaction"]["text"]


def test_what_does_not_apply_goes_with_a_reason_only_and_that_flags_it(client_as: ClientAs, parts: Parts) -> None:
    agent, admin = client_as("agent"), client_as("admin")
    for version in ("6.0", "7.0"):
        admin.post("/v1/products", json={"name": "Tunnel", "slug": "tunnel"})
        admin.post("/v1/products/tunnel/releases", json={"version": version})
    old = publish(admin, "Old way", applies_to=[{"product": "tunnel", "versions": "6.0"}], family="way")
    new = publish(admin, "New way", applies_to=[{"product": "tunnel", "versions": "7.0"}], family="way")
    case = open_case(agent, product="tunnel", version="7.0")
    answer = reply(agent, case, text="See", articles=[{"article": old["number"]}])
    assert answer.status_code == 409, answer.text
    problem = answer.json()["problems"][0]
    assert problem["ways"] == ["variant", "correct_case", "send_with_reason"]
    assert [variant["article"] for variant in problem["variants"]] == [new["number"]]
    assert (
        reply(agent, case, text="See", articles=[{"article": old["number"], "reason": "same menu"}]).status_code == 201
    )
    with parts.database.reading() as session:
        flag = session.scalars(select(Feedback)).one()
        assert flag.reason == "wrong_version" and "same menu" in (flag.words or "")


def test_a_superseded_revision_warns_with_both_numbers(client_as: ClientAs) -> None:
    agent, admin = client_as("agent"), client_as("admin")
    article = publish(admin, "Way")
    admin.patch(f"/v1/articles/{article['id']}", json={"resolution": "Another way."}, headers={"If-Match": "*"})
    admin.post(f"/v1/articles/{article['id']}/publish", headers={"If-Match": "*"})
    case = open_case(agent)
    sent = {"article": article["number"], "use": "rendering", "revision": 1}
    answer = reply(agent, case, articles=[sent])
    problem = answer.json()["problems"][0]
    assert (problem["problem"], problem["revision"], problem["published_revision"]) == ("superseded", 1, 2)
    assert (
        "Turn it off."
        in reply(agent, case, articles=[{**sent, "reason": "as discussed"}]).json()["interaction"]["text"]
    )


def test_within_seconds_a_reply_comes_back_with_its_words_and_what_it_did(client_as: ClientAs, parts: Parts) -> None:
    agent, admin = client_as("agent"), client_as("admin")
    article = publish(admin, "Way")
    case = open_case(agent)
    url = f"/v1/cases/{case['number']}"
    made = reply(agent, case, text="Oops", status="solved", articles=[{"article": article["number"]}]).json()
    back = agent.post(f"{url}/replies/{made['interaction']['id']}/take-back")
    assert back.status_code == 200 and back.json()["text"] == "Oops"
    after = agent.get(url).json()
    assert after["status"] == "new" and after["articles"] == [] and after["interactions"][1]["kind"] == "taken_back"
    with mail_server() as (mailbox, smtp):
        let_leave(parts)
        send_due(parts.database, Transport(parse_smtp_url(smtp)), "Help <help@example.com>")
        assert mailbox.messages == []
    late = reply(agent, case, text="Fine").json()
    let_leave(parts)
    assert agent.post(f"{url}/replies/{late['interaction']['id']}/take-back").status_code == 409


def test_a_customer_sees_a_reply_only_when_it_has_left(client_as: ClientAs, add_user: Any, parts: Parts) -> None:
    agent = client_as("agent")
    case = open_case(agent)
    made = reply(agent, case, text="Answer").json()
    token = agent.get("/v1/mails").json()["items"][0]["text"].split("/requests/")[1].split("?")[0]
    assert made["interaction"]["id"]
    page = f"/requests/{token}"
    assert "Answer" not in agent.get(page).text
    let_leave(parts)
    assert "Answer" in agent.get(page).text


def test_a_note_needs_no_tag_and_no_mail(client_as: ClientAs) -> None:
    agent = client_as("agent")
    case = open_case(agent)
    made = agent.post(f"/v1/cases/{case['number']}/replies", json={"kind": "note", "text": "Check the log"})
    assert made.status_code == 201 and made.json()["interaction"]["kind"] == "note"
    assert agent.get("/v1/mails").json()["items"] == []


def test_a_customer_without_an_address_is_answered_on_the_portal(client_as: ClientAs, parts: Parts) -> None:
    agent = client_as("agent")
    case = open_case(agent, customer={"channel": "phone", "value": "+44 20 1234"})
    assert reply(agent, case, text="Hi", channel="email").status_code == 422
    assert reply(agent, case, text="Hi").json()["interaction"]["channel"] == "portal"
    with parts.database.reading() as session:
        assert session.scalar(select(func.count(CaseArticle.id))) == 0


def test_a_snippet_is_filled_for_the_case(client_as: ClientAs) -> None:
    agent = client_as("agent")
    made = agent.post(
        "/v1/snippets", json={"title": "Log", "text": "{first_name|Hello}, please send the log of {number}."}
    )
    assert made.status_code == 201
    case = open_case(agent)
    filled = agent.get(f"/v1/cases/{case['number']}/snippets/{made.json()['id']}").json()["text"]
    assert filled == f"Hello, please send the log of {case['number']}."
    assert (
        agent.delete(f"/v1/snippets/{made.json()['id']}").status_code == 204 and agent.get("/v1/snippets").json() == []
    )
