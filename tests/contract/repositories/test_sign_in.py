"""Sign-in links over both databases."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select, update

from kb_service.auth import sessions
from kb_service.cases.models import OutgoingMail
from kb_service.customers.service import customer_of_actor, find_or_create
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from kb_service.errors import NotFound
from kb_service.settings import Settings
from kb_service.sign_in import links
from kb_service.sign_in.models import SignInLink
from tests.contract.repositories.cases import all_at_once


def ask(database: Database) -> str:
    with database.writing() as session:
        find_or_create(session, "email", "ann@example.com", "Ann")
        links.ask_for_link(session, " ANN@example.com", "/requests")
    assert links.mail_links(database, Settings(base_url="https://help.example")) == "mailed 1 links"
    with database.reading() as session:
        text = session.scalars(select(OutgoingMail.text).order_by(OutgoingMail.id.desc())).first()
    found = re.search(r"https://help.example/sign-in/link/(\S+)", text or "")
    assert found
    return found[1]


def test_two_who_use_a_link_at_once_are_one(any_database: Database) -> None:
    token = ask(any_database)
    came: list[str] = []

    def use() -> None:
        came.append(any_database.write(lambda session: links.use_link(session, token, None))[0])

    errors = all_at_once(use, use, use)
    assert [type(error) for error in errors] == [NotFound, NotFound] and len(came) == 1
    with any_database.reading() as session:
        actor = sessions.actor_from_cookie(session, came[0])
        assert actor is not None and (actor.name, actor.audiences) == ("Ann", {"public"})
        customer = customer_of_actor(session, actor.id)
        assert customer is not None and customer.name == "Ann"
        assert not sessions.needs_extension(session, came[0])


def test_links_are_forgotten_after_a_day(any_database: Database) -> None:
    ask(any_database)
    assert links.forget_links(any_database) == "forgot 0 sign-in links"
    with any_database.writing() as session:
        session.execute(update(SignInLink).values(asked_at=utcnow() - timedelta(days=2)))
    assert links.forget_links(any_database) == "forgot 1 sign-in links"
