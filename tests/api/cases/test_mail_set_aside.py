"""Mail that belongs to no case: kept whole, seen, made a case after all, forgotten in time."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import timedelta

from fastapi.testclient import TestClient
from sqlalchemy import select, update

from kb_service.assembly import Parts
from kb_service.cases.mail_models import IncomingMail
from kb_service.cases.mails import Site, site_of
from kb_service.channels.receiving import forget_set_aside, make_case, receive_raw
from kb_service.db.base import utcnow
from tests.api.cases.test_mail_in import post, thread
from tests.support.mail_traffic import plant
from tests.support.mails import At
from tests.support.mails_new import plain_new

ClientAs = Callable[..., TestClient]


def test_what_was_set_aside_is_kept_whole_and_becomes_a_case_on_request(client_as: ClientAs, parts: Parts) -> None:
    agent = client_as("agent")
    post(agent, b"From: list@example.org\r\nList-Id: <l>\r\nSubject: Help\r\nMessage-ID: <a@x>\r\n\r\nIt stops")
    [mail] = agent.get("/v1/channels/email/set-aside").json()["items"]
    assert mail["kind"] == "list" and mail["subject"] == "Help"
    with parts.database.reading() as session:
        raw = session.scalars(select(IncomingMail.raw)).one()
        assert raw is not None and b"It stops" in zlib.decompress(raw)
    made = agent.post(f"/v1/channels/email/set-aside/{mail['id']}/case")
    assert made.status_code == 201 and thread(agent, made.json()["case"])[0]["text"] == "It stops"
    assert agent.get("/v1/channels/email/set-aside").json()["items"] == [] == agent.get("/v1/mails").json()["items"]
    assert agent.post(f"/v1/channels/email/set-aside/{mail['id']}/case").status_code == 404


def test_the_page_of_what_was_set_aside_makes_a_case(client_as: ClientAs, site: TestClient) -> None:
    agent = client_as("agent")
    post(agent, b"From: news@example.org\r\nPrecedence: bulk\r\nSubject: <b>Offers</b>\r\nMessage-ID: <a@x>\r\n\r\nBuy")
    page = agent.get("/cases/set-aside").text
    assert "&lt;b&gt;Offers" in page and "Bulk mail" in page and "/cases/set-aside" in agent.get("/cases").text
    done = agent.post("/cases/set-aside/1", follow_redirects=False)
    assert done.status_code == 303 and agent.get(done.headers["location"]).status_code == 200
    assert "Offers" not in agent.get("/cases/set-aside").text
    assert agent.post("/cases/set-aside/1").status_code == 404 and site.get("/cases/set-aside").status_code == 401


def test_what_was_set_aside_is_forgotten_after_thirty_days(client_as: ClientAs, parts: Parts) -> None:
    for n in range(2):
        post(client_as("agent"), f"From: a@x.org\r\nPrecedence: bulk\r\nMessage-ID: <{n}@x>\r\n\r\nBuy".encode())
    with parts.database.writing() as session:
        old = utcnow() - timedelta(days=31)
        session.execute(update(IncomingMail).where(IncomingMail.external_id == "<0@x>").values(received_at=old))
    assert forget_set_aside(parts.database) == "forgot 1 mails"


def test_a_mail_that_cannot_be_filed_is_set_aside_and_no_server_keeps_sending_it(parts: Parts) -> None:
    broken = Site("Help", "http://localhost", None, "help@example.com")  # type: ignore[arg-type]
    found = receive_raw(parts.database, broken, plain_new(At(1, plant(parts, 1))).raw)
    assert found.outcome == "set_aside"
    with parts.database.writing() as session:
        assert make_case(session, found.mail_id, site_of(parts.settings)).subject.startswith("The gateway")
