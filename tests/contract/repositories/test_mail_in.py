"""Mail comes in once on either database, however many deliver it."""

from __future__ import annotations

from sqlalchemy import func, select

from kb_service.cases.mail_models import CaseFile, IncomingMail
from kb_service.cases.mails import Site
from kb_service.cases.models import Case, Interaction
from kb_service.channels.receiving import Received, list_set_aside, make_case, receive_raw
from kb_service.customers.models import Customer
from kb_service.db.session import Database
from tests.contract.repositories.cases import all_at_once

SITE = Site("Help", "http://localhost", "secret", "Help <support@example.com>")
FILE = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF\r\n"


def raw(message_id: str, *more: str, sender: str = "ann@example.org", subject: str = "It stops") -> bytes:
    heads = [f"From: {sender}", f"Subject: {subject}", f"Message-ID: {message_id}", *more]
    return ("\r\n".join(heads) + "\r\n\r\nEvery night").encode()


def test_the_same_mail_at_once_is_one_interaction_and_two_of_one_stranger_one_customer(any_database: Database) -> None:
    found: list[Received] = []

    def take(message: bytes) -> object:
        return found.append(receive_raw(any_database, SITE, message))

    works = [lambda m=raw(f"<{n % 2}@x.org>"): take(m) for n in range(12)]  # type: ignore[misc]
    assert all_at_once(*works) == []
    assert sum(one.is_new for one in found) == 2 and {one.outcome for one in found} == {"opened"}
    with any_database.reading() as session:
        for model, count in ((IncomingMail, 2), (Interaction, 2), (Case, 2), (Customer, 1)):
            assert session.scalar(select(func.count()).select_from(model)) == count, model


def test_replies_files_and_what_is_set_aside(any_database: Database) -> None:
    first = receive_raw(any_database, SITE, raw("<a@x.org>"))
    head = ("In-Reply-To: <a@x.org>", "Content-Type: multipart/mixed; boundary=b")
    body = raw("<b@x.org>", *head).replace(b"Every night", b"--b\r\n\r\nMore\r\n--b\r\n" + FILE + b"--b--\r\n")
    assert receive_raw(any_database, SITE, body).case_id == first.case_id
    aside = receive_raw(any_database, SITE, raw("<c@x.org>", "Auto-Submitted: auto-generated"))
    assert aside.outcome == "set_aside" and aside.case_id is None
    with any_database.reading() as session:
        assert [row.content for row in session.scalars(select(CaseFile))] == [b"%PDF"]
    with any_database.writing() as session:
        assert [row.id for row in list_set_aside(session, 10, None)] == [aside.mail_id]
        assert make_case(session, aside.mail_id, SITE).id != first.case_id
        assert list_set_aside(session, 10, None) == []
