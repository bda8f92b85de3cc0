"""Sign-in links for customers, and My requests behind them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from kb_service.assembly import Parts
from kb_service.auth.models import BrowserSession
from kb_service.cases.models import OutgoingMail
from kb_service.channels.smtp import Transport, parse_smtp_url, send_due
from kb_service.db.base import utcnow
from kb_service.settings import Settings
from kb_service.sign_in import links
from kb_service.sign_in.models import SignInLink
from tests.conftest import HOST, ClientAs
from tests.support.mailbox import mail_server

ANN = "ann@example.com"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    more = {
        "smtp_url": "smtp://127.0.0.1:1",
        "base_url": HOST,
        "run_worker": False,
        "contact_email": "help@example.com",
    }
    return settings.model_copy(update=more)


@pytest.fixture
def visitor(site: TestClient) -> Callable[[], TestClient]:
    return lambda: TestClient(site.app, base_url=HOST, headers={"Accept": "text/html"})


def send(client: TestClient, page: str, address: str = "", **data: str) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert token
    return client.post(address or page, data={**data, "csrf_token": token[1]}, follow_redirects=False)


def ask(client: TestClient, email: str = ANN, **more: str) -> Any:
    return send(client, "/sign-in", "/sign-in/link", email=email, **more)


def mailed(parts: Parts) -> list[str]:
    links.mail_links(parts.database, parts.settings)
    with parts.database.reading() as session:
        texts = session.scalars(select(OutgoingMail.text).where(OutgoingMail.kind == "sign_in")).all()
    return [found[1] for text in texts if (found := re.search(r"http://localhost(/sign-in/link/\S+)", text))]


def open_case(agent: TestClient, email: str = ANN, **more: Any) -> str:
    body = {"subject": "It smokes", "customer": {"channel": "email", "value": email}, **more}
    return str(agent.post("/v1/cases", json=body).json()["number"])


def test_a_customer_comes_in_by_mail_reads_answers_closes_and_opens_again(
    parts: Parts, client_as: ClientAs, visitor: Callable[[], TestClient]
) -> None:
    agent, ann = client_as("agent"), visitor()
    number, other = open_case(agent), open_case(agent, "bob@example.com")
    agent.post(
        f"/v1/cases/{number}/interactions", json={"text": "secret note", "kind": "note", "direction": "internal"}
    )
    assert ann.get("/requests").url.path == "/sign-in"
    assert "If we know ann@example.com" in ask(ann).text
    (link,) = mailed(parts)
    for _ in range(3):
        assert "Sign in as ann@example.com?" in ann.get(link).text
    assert ann.get("/v1/me").json()["role"] is None, "opening the link signs nobody in"
    came = send(ann, link)
    assert (came.status_code, came.headers["location"]) == (303, "/requests")
    listed = ann.get("/requests").text
    assert number in listed and other not in listed
    page = ann.get(f"/cases/{number}").text
    assert "It smokes" in page and "secret note" not in page
    assert ann.get(f"/cases/{other}").status_code == 404
    send(ann, f"/cases/{number}", words="Still does", action="message")
    send(ann, f"/cases/{number}", action="close")
    assert agent.get(f"/v1/cases/{number}").json()["status"] == "closed"
    assert "Send and open again" in ann.get(f"/cases/{number}").text
    send(ann, f"/cases/{number}", words="Back again", action="message")
    case = agent.get(f"/v1/cases/{number}").json()
    assert case["status"] == "open" and [i["text"] for i in case["interactions"]][-2:] == ["Still does", "Back again"]
    assert send(ann, f"/cases/{number}", words=" ", action="message").status_code == 422


def test_a_link_works_once_for_a_quarter_of_an_hour_and_only_its_hash_is_kept(
    parts: Parts, client_as: ClientAs, visitor: Callable[[], TestClient]
) -> None:
    open_case(client_as("agent"))
    ann, thief = visitor(), visitor()
    ask(ann)
    ask(ann)
    first, second = mailed(parts)
    with parts.database.reading() as session:
        kept = session.scalars(select(SignInLink.token_hash)).all()
    assert not any(first.endswith(str(value)) for value in kept)
    page = thief.get(first).text
    assert send(ann, first).status_code == 303
    assert thief.get(first).status_code == 410 and thief.get(second).status_code == 410, "the others end with it"
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token and thief.post(first, data={"csrf_token": token[1]}).status_code == 410
    assert thief.post(first).status_code in (403, 410) and thief.get("/v1/me").json()["role"] is None
    ask(thief)
    third = mailed(parts)[-1]
    with parts.database.writing() as session:
        session.execute(update(SignInLink).values(expires_at=utcnow() - timedelta(seconds=1)))
    assert thief.get(third).status_code == 410 and "Ask for another" in thief.get(third).text


def test_whoever_asks_learns_nothing_and_staff_get_no_link(
    parts: Parts, client_as: ClientAs, visitor: Callable[[], TestClient], add_user: Callable[..., int]
) -> None:
    open_case(client_as("agent"))
    add_user("agent", "agent@example.com")
    add_user("customer", "partner@example.com", groups=["partner"])
    someone = visitor()
    answers = [ask(someone, email) for email in (ANN, "nobody@example.com", "agent@example.com", "partner@example.com")]
    assert {answer.status_code for answer in answers} == {200}
    assert len({re.sub(r"\w+@example.com", "", answer.text.split("<main")[1]) for answer in answers}) == 1
    assert len(mailed(parts)) == 2
    assert send(someone, mailed(parts)[1]).status_code == 303
    me = someone.get("/v1/me").json()
    assert me["role"] == "customer" and "partner" in me["audiences"], "an account comes in as itself"
    assert ask(visitor(), "no address").status_code == 422


def test_who_only_wrote_to_us_reads_what_is_public_and_who_owns_a_product_what_is_for_customers(
    parts: Parts, client_as: ClientAs, visitor: Callable[[], TestClient]
) -> None:
    agent, admin = client_as("agent"), client_as("admin")
    admin.post("/v1/products", json={"name": "Tunnel", "slug": "tunnel"})
    open_case(agent)
    owned = {"identities": [{"channel": "email", "value": "bob@example.com"}], "entitlements": [{"product": "tunnel"}]}
    assert agent.post("/v1/customers", json=owned).status_code == 201
    reads = []
    for email in (ANN, "bob@example.com"):
        client = visitor()
        ask(client, email)
        send(client, mailed(parts)[-1])
        reads.append(client.get("/v1/me").json()["audiences"])
    assert reads == [["public"], ["customer", "public"]]


def test_a_mailbox_is_not_filled_by_strangers(
    parts: Parts, client_as: ClientAs, visitor: Callable[[], TestClient]
) -> None:
    open_case(client_as("agent"))
    for _ in range(6):
        assert ask(visitor()).status_code == 200
    assert len(mailed(parts)) == links.MOST_AT_ONCE


def test_the_link_names_our_own_address_whatever_the_request_said(
    parts: Parts, client_as: ClientAs, site: TestClient
) -> None:
    open_case(client_as("agent"))
    forger = TestClient(site.app, base_url="https://evil.example")
    ask(forger, next="//evil.example/x")
    (link,) = mailed(parts)
    came = send(TestClient(site.app, base_url=HOST), link)
    assert came.headers["location"] == "/requests"


def test_a_secret_leaves_the_outbox_with_its_mail(
    parts: Parts, client_as: ClientAs, visitor: Callable[[], TestClient]
) -> None:
    agent = client_as("agent")
    open_case(agent)
    ask(visitor())
    mailed(parts)
    with mail_server() as (box, url):
        assert send_due(parts.database, Transport(parse_smtp_url(url)), "help@example.com") == "sent 1 mails"
    assert "/sign-in/link/" in str(box.messages[0]) and box.messages[0]["Auto-Submitted"] == "auto-generated"
    assert mailed(parts) == [] and agent.get("/v1/mails").json()["items"] == []


def test_a_customers_session_ends_with_signing_out_and_the_browsers_former_one_at_once(
    parts: Parts, client_as: ClientAs, visitor: Callable[[], TestClient]
) -> None:
    open_case(client_as("agent"))
    ann = visitor()
    for _ in range(2):
        ask(ann)
        send(ann, mailed(parts)[-1])
    with parts.database.reading() as session:
        assert len(session.scalars(select(BrowserSession)).all()) == 1
    send(ann, "/requests", "/sign-out")
    assert ann.get("/v1/me").json()["role"] is None


def test_without_mail_or_an_address_of_our_own_no_link_is_offered(parts: Parts, site: TestClient) -> None:
    assert "Send me a link" in site.get("/sign-in").text
    bare = parts.settings.model_copy(update={"base_url": ""})
    assert not links.is_offered(bare) and not links.is_offered(parts.settings.model_copy(update={"smtp_url": ""}))
