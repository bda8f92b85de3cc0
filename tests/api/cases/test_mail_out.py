"""Mails leave once: by a real SMTP server, under retries, refusals and two senders at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from kb_service.assembly import Parts
from kb_service.cases.models import OutgoingMail
from kb_service.channels.smtp import Transport, claim, parse_smtp_url, send_due
from kb_service.db.base import utcnow
from kb_service.errors import InvalidInput
from tests.api.cases.test_replies import let_leave, open_case, publish, reply
from tests.support.mailbox import Mailbox, mail_server

ClientAs = Callable[..., TestClient]
FROM = "Help <help@example.com>"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    with mail_server() as made:
        yield made


def send(parts: Parts, url: str) -> str:
    return send_due(parts.database, Transport(parse_smtp_url(url)), FROM)


def states(client: TestClient) -> list[str]:
    return [mail["state"] for mail in client.get("/v1/mails").json()["items"]]


def plain(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_mail_waits_its_seconds_then_leaves_once(
    client_as: ClientAs, parts: Parts, mailbox: tuple[Mailbox, str]
) -> None:
    agent, (box, url) = client_as("agent"), mailbox
    cases = [open_case(agent, subject=f"Case {n}") for n in range(12)]
    for case in cases:
        reply(agent, case, text="Answer <b>bold</b>")
    assert send(parts, url) == "sent 0 mails"
    let_leave(parts)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: send(parts, url), range(4)))
    assert len(box.messages) == 12 == len({m["Message-ID"] for m in box.messages})
    assert set(states(agent)) == {"sent"} and "&lt;b&gt;" in str(box.messages[0])
    assert box.messages[0]["From"] == FROM and box.messages[0]["To"] == "ann@example.com"


def test_a_mail_whose_sender_died_is_the_same_mail_when_it_is_sent_again(
    client_as: ClientAs, parts: Parts, mailbox: tuple[Mailbox, str]
) -> None:
    agent, (box, url) = client_as("agent"), mailbox
    reply(agent, open_case(agent), text="Answer")
    let_leave(parts)
    died = parts.database.write(claim)
    assert died is not None and send(parts, url) == "sent 0 mails", "leased: nobody else sends it"
    with parts.database.writing() as session:
        session.execute(update(OutgoingMail).values(leased_until=utcnow()))
    send(parts, url)
    assert [m["Message-ID"] for m in box.messages] == [died.message_id]


def test_a_busy_server_is_tried_again_and_an_unknown_address_ends_in_the_thread(
    client_as: ClientAs, parts: Parts, mailbox: tuple[Mailbox, str]
) -> None:
    agent, (box, url) = client_as("agent"), mailbox
    case = open_case(agent)
    reply(agent, case, text="Answer")
    let_leave(parts)
    box.busy = 1
    assert "1 failed" in send(parts, url) and states(agent) == ["waiting"]
    assert send(parts, url) == "sent 0 mails", "not before its time"
    let_leave(parts)
    box.refuse = "ann@example.com"
    send(parts, url)
    assert states(agent) == ["failed"]
    last = agent.get(f"/v1/cases/{case['number']}").json()["interactions"][-1]
    assert last["kind"] == "event" and "could not be delivered" in last["text"]
    box.refuse = ""
    mail = agent.get("/v1/mails").json()["items"][0]
    assert agent.post(f"/v1/mails/{mail['id']}/retry").json()["state"] == "waiting"
    send(parts, url)
    assert [m["Message-ID"] for m in box.messages] == [mail["message_id"]]
    assert agent.post(f"/v1/mails/{mail['id']}/retry").status_code == 409


def test_a_server_that_is_away_loses_nothing(client_as: ClientAs, parts: Parts) -> None:
    agent = client_as("agent")
    reply(agent, open_case(agent), text="Answer")
    let_leave(parts)
    assert "1 failed" in send(parts, "smtp://127.0.0.1:1") and states(agent) == ["waiting"]


def test_an_address_of_a_server_is_read_or_refused() -> None:
    assert parse_smtp_url("smtp://u:p%40ss@h?security=starttls").password == "p@ss"
    assert parse_smtp_url("smtps://h").port == 465
    for wrong in ("http://h", "smtp://", "smtp://h:99999", "smtp://h?security=maybe"):
        with pytest.raises(InvalidInput):
            parse_smtp_url(wrong)


def form(client: TestClient, page: str, **data: str) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert token
    return client.post(page.split("?")[0], data={**data, "csrf_token": token[1]})


def test_did_this_solve_it_is_answered_without_signing_in(
    client_as: ClientAs, parts: Parts, mailbox: tuple[Mailbox, str], site: TestClient
) -> None:
    agent, (box, url) = client_as("agent"), mailbox
    article = publish(client_as("admin"), "Way")
    case = open_case(agent)
    reply(agent, case, text="Do this", articles=[{"article": article["number"]}], status="waiting_customer")
    let_leave(parts)
    send(parts, url)
    links = re.findall(r"http://localhost(/requests/\S+)", plain(box.messages[0]))
    yes, no = links[0], links[1]
    status = lambda: agent.get(f"/v1/cases/{case['number']}").json()["status"]  # noqa: E731
    visitor = TestClient(site.app, base_url="http://localhost")
    assert visitor.get(yes).status_code == 200 and status() == "waiting_customer", "a mail scanner opens links, too"
    assert "Thank you" in form(visitor, yes, action="yes").text and status() == "solved"
    form(visitor, no, action="no", words="It is back")
    after = agent.get(f"/v1/cases/{case['number']}").json()
    assert after["status"] == "open" and after["interactions"][-1]["text"] == "It is back"
    votes = agent.get(f"/v1/articles/{article['number']}").json()
    assert visitor.get(yes.replace("?answer", "0?answer")).status_code == 404 and votes["number"]
    assert "Do this" in visitor.get(links[2]).text
    form(visitor, links[2], action="close")
    assert status() == "closed"


def test_a_mail_answers_what_was_said_before(client_as: ClientAs, parts: Parts, mailbox: tuple[Mailbox, str]) -> None:
    agent, (box, url) = client_as("agent"), mailbox
    case = open_case(agent, channel="email", external_id="<first@example.com>")
    for text in ("One", "Two"):
        reply(agent, case, text=text)
        let_leave(parts)
        send(parts, url)
    first, second = box.messages
    assert first["In-Reply-To"] == "<first@example.com>"
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["References"].split() == ["<first@example.com>", first["Message-ID"]]
