"""Users, keys, sessions, the catalogue, the query log, curation and retention over both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from kb_service.articles.models import IdempotencyRecord
from kb_service.auth import repository, service, sessions
from kb_service.auth.actors import Role
from kb_service.auth.models import BrowserSession
from kb_service.auth.schemas import KeyIn, UserIn
from kb_service.catalog.context import Context
from kb_service.catalog.ensuring import ensure_os, ensure_product, ensure_release, ensure_topic
from kb_service.catalog.models import Product
from kb_service.catalog.repository import CatalogCache, load_catalog, read_revision
from kb_service.catalog.service import add_alias, create_product
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from kb_service.errors import Conflict, NotAuthenticated
from kb_service.retention import forget_answers, forget_sessions
from kb_service.search import curation
from kb_service.search.models import Pin, QueryEvent, QueryLogRow, SiteState, SynonymSet
from kb_service.search.query_log import QueryLog, forget_old
from tests.contract.repositories.cases import all_at_once

PASSWORD = "correct horse battery"


def add_user(database: Database, email: str, role: Role) -> int:
    with database.writing() as session:
        return service.create_user(
            session, UserIn(email=email, role=role, password=SecretStr(PASSWORD), groups=["partner"])
        ).id


def test_a_person_signs_in_stays_and_is_shut_out(any_database: Database) -> None:
    add_user(any_database, "root@example.com", Role.ADMIN)
    user_id = add_user(any_database, "Ann@Example.com", Role.AGENT)
    with any_database.writing() as session:
        token = sessions.sign_in(session, " ANN@example.COM", PASSWORD)
        actor = sessions.actor_from_cookie(session, token)
        assert actor is not None
        assert "partner" in actor.audiences
        with pytest.raises(NotAuthenticated):
            sessions.sign_in(session, "ann@example.com", "something else entirely")
        service.disable_user(session, user_id)
        assert sessions.actor_from_cookie(session, token) is None


def test_an_address_is_taken_whatever_its_case(any_database: Database) -> None:
    add_user(any_database, "ann@example.com", Role.AGENT)
    with pytest.raises(Conflict):
        add_user(any_database, "ANN@example.com", Role.AGENT)


def test_two_admins_who_disable_each_other_at_once_leave_one(any_database: Database) -> None:
    ids = [add_user(any_database, f"{name}@example.com", Role.ADMIN) for name in ("a", "b")]

    def disable(user_id: int) -> None:
        any_database.write(lambda session: service.disable_user(session, user_id))

    errors = all_at_once(*(lambda i=i: disable(i) for i in ids))  # type: ignore[misc]
    assert [type(error) for error in errors] == [Conflict]
    with any_database.reading() as session:
        assert sum(user.disabled_at is None for user in repository.list_users(session)) == 1


def test_keys_expire_are_revoked_and_name_origins(any_database: Database) -> None:
    now = utcnow()
    with any_database.writing() as session:
        origin = ["https://Shop.example"]
        row, _ = service.create_key(session, KeyIn(name="shop", is_publishable=True, origins=origin))
        agent, _ = service.create_key(session, KeyIn(name="desk", role=Role.AGENT, expires_at=now + timedelta(hours=1)))
        assert repository.find_key(session, agent.hash, now) is agent
        assert repository.find_key(session, agent.hash, now + timedelta(hours=2)) is None
        assert repository.list_origins(session, now) == {"https://shop.example"}
        service.revoke_key(session, row.id)
        session.flush()
        assert repository.list_origins(session, utcnow()) == frozenset()
        assert [key.name for key in repository.list_keys(session)] == ["desk", "shop"]


def test_the_catalogue_reads_back_in_order_and_caches_follow(any_database: Database) -> None:
    cache = CatalogCache(any_database)
    assert cache.current().products == ()
    with any_database.writing() as session:
        ensure_product(session, "Harbour Gateway")
        ensure_release(session, "harbour-gateway", "10.2")
        ensure_release(session, "harbour-gateway", "9.1", "Anchor")
        ensure_os(session, "Windows")
        assert ensure_os(session, "Windows 11").target == "windows/11"
        assert ensure_topic(session, "networking/vpn").target == "networking/vpn"
        add_alias(session, "product", "HGW", "harbour-gateway")
    catalog = cache.current()
    assert [release.version for release in catalog.products[0].releases] == ["10.2", "9.1"]
    assert catalog.indexes.product_names.get("hgw") == "harbour-gateway"
    assert [node.path for node in catalog.topics] == ["networking", "networking/vpn"]


def test_changes_of_the_catalogue_at_once_are_all_counted(any_database: Database) -> None:
    def add(number: int) -> None:
        any_database.write(lambda session: create_product(session, f"Product {number}", f"p{number}"))

    assert all_at_once(*(lambda n=n: add(n) for n in range(4))) == []  # type: ignore[misc]
    with any_database.reading() as session:
        assert read_revision(session) == 4
        assert len(load_catalog(session).products) == len(session.scalars(select(Product)).all()) == 4


def test_the_query_log_keeps_and_forgets(any_database: Database) -> None:
    log = QueryLog(any_database)
    for name, days in (("new", 0), ("old", 100)):
        log.put(QueryLogRow, log_row(name) | {"created_at": utcnow() - timedelta(days=days)})
    log.put(QueryEvent, {"query_id": "new", "action": "click", "channel": "portal", "attributes": {"größe": [1, None]}})
    log.close()
    assert log.dropped == 0
    assert forget_old(any_database, 90) == "forgot 1 queries and 0 events"
    with any_database.reading() as session:
        assert session.scalars(select(QueryLogRow.context)).all() == [{"product": "gateway"}]
        assert session.scalars(select(QueryEvent.attributes)).all() == [{"größe": [1, None]}]


def log_row(query_id: str) -> dict[str, object]:
    return {
        "query_id": query_id, "channel": "portal", "kind": "search", "role": "customer", "session_id": None,
        "text": "vpn größe 🙂", "context": {"product": "gateway"}, "total": 3, "outcome": "hits",
        "article_ids": [1, 2], "degraded": [], "took_ms": 1.25,
    }  # fmt: skip


def test_curation_holds_what_is_in_force(any_database: Database) -> None:
    now = utcnow()
    with any_database.writing() as session:
        session.add(Pin(phrase="VPN?", folded="vpn", article_id=7))
        session.add(Pin(phrase="vpn", folded="vpn", article_id=8, ends_at=now - timedelta(seconds=1)))
        session.add(SynonymSet(terms=["vpn", "tunnel"], starts_at=now - timedelta(days=1)))
        session.add(SiteState(name="notice", value={"text": "größe"}))
    with any_database.reading() as session:
        found = curation.load(session, now)
        assert session.get_one(SiteState, "notice").value == {"text": "größe"}
    assert found.pinned("vpn!", Context()) == (7,)
    assert found.expansions(Context()) == {"vpn": ("tunnel",), "tunnel": ("vpn",)}


def test_retention_forgets_only_what_is_over(any_database: Database) -> None:
    user_id, now = add_user(any_database, "a@example.com", Role.ADMIN), utcnow()
    with any_database.writing() as session:
        for name, hours in (("over", -1), ("live", 1)):
            ends = now + timedelta(hours=hours)
            session.add(BrowserSession(token_hash=name, user_id=user_id, csrf_token="c", expires_at=ends))
            made = now + timedelta(hours=48 * hours - 1)
            session.add(IdempotencyRecord(key=name, fingerprint="f", status=201, body={}, created_at=made))
    assert forget_sessions(any_database) == "forgot 1 sessions"
    assert forget_answers(any_database) == "forgot 1 answers"
