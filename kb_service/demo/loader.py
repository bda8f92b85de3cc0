"""Loads the sample company: knowledge, a notice, people and a widget's key; indexes what is new.

Invariants: idempotent (the second time nothing changes, and nothing that people added is lost); the people's passwords
are published here, so they are for a demonstration only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.articles.addresses import article_url
from kb_service.articles.models import Article
from kb_service.assembly import Parts
from kb_service.auth import repository, service
from kb_service.auth.actors import Role
from kb_service.auth.keys import hash_token
from kb_service.auth.schemas import KeyIn, UserIn
from kb_service.db.base import utcnow
from kb_service.demo.sets import load_sets
from kb_service.search.models import SiteState
from kb_service.transfer.draining import Drained, drain_index
from kb_service.transfer.importing import ImportOptions, Progress, import_articles
from kb_service.transfer.report import ImportReport

KNOWLEDGE = Path(__file__).parent / "knowledge"
SOURCE = "lumen-harbour"
NOTICE, DEMO = "notice", "demo"


@dataclass(frozen=True, slots=True)
class Login:
    """One person of the sample company, with the published password."""

    who: str
    email: str
    password: str
    role: Role
    name: str


LOGINS = (
    Login("visitor", "visitor@lumen-harbour.example", "demo-visitor-1", Role.CUSTOMER, "Vera Visitor"),
    Login("agent", "agent@lumen-harbour.example", "demo-agent-1", Role.AGENT, "Aki Agent"),
    Login("author", "author@lumen-harbour.example", "demo-author-1", Role.AUTHOR, "Ada Author"),
    Login("admin", "admin@lumen-harbour.example", "demo-admin-1", Role.ADMIN, "Alex Admin"),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded. ``widget_key``: a publishable key for pages on the demonstration's own address."""

    report: ImportReport
    drained: Drained
    widget_key: str
    numbers: dict[str, str]
    """External id → KB number of every sample article."""
    addresses: dict[str, str] = field(default_factory=dict)
    """External id → address of its page."""


def load(parts: Parts, progress: Progress | None = None) -> Loaded:
    """Bring everything in, then into the index (unless a running service does that)."""
    report = import_articles(parts, KNOWLEDGE, ImportOptions(source=SOURCE, format="markdown"), progress)
    with parts.database.writing() as session:
        _people(session)
        numbers = _numbers(session)
        addresses = _addresses(session)
        _notice(session, addresses)
        key = _widget_key(session, parts.settings.port)
        load_sets(session, numbers)
    return Loaded(report, drain_index(parts, progress), key, numbers, addresses)


def _numbers(session: Session) -> dict[str, str]:
    rows = session.execute(select(Article.external_id, Article.number).where(Article.source == SOURCE))
    return {external_id: number for external_id, number in rows if external_id}


def _addresses(session: Session) -> dict[str, str]:
    columns = select(Article.external_id, Article.number, Article.title).where(Article.source == SOURCE)
    return {name: article_url(number, title) for name, number, title in session.execute(columns) if name}


def _people(session: Session) -> None:
    for login in LOGINS:
        if repository.find_user(session, login.email) is None:
            password = SecretStr(login.password)
            service.create_user(session, UserIn(email=login.email, name=login.name, role=login.role, password=password))


def _notice(session: Session, addresses: dict[str, str]) -> None:
    """The known problem of catalog.yaml, unless an admin has set a notice before."""
    if session.get(SiteState, NOTICE) is not None:
        return
    notice: dict[str, Any] = yaml.safe_load((KNOWLEDGE / "catalog.yaml").read_text("utf-8"))["notice"]
    text = f"**{notice['title']}**\n\n{notice['text']}"
    for external_id, address in addresses.items():
        text = text.replace(f"(kb:{external_id})", f"({address})")
    link = addresses.get(notice["article"], "")
    session.add(SiteState(name=NOTICE, value={"text": text, "link": link}))


def _widget_key(session: Session, port: int) -> str:
    """A publishable key (no secret) for this port, kept where the example page finds it."""
    state = session.get(SiteState, DEMO)
    origins = [f"http://{host}:{port}" for host in ("localhost", "127.0.0.1")]
    known = state.value if state else {}
    row = repository.find_key(session, hash_token(known.get("widget_key", "")), utcnow())
    if row is not None:
        row.origins = sorted({*row.origins, *origins})
        return str(known["widget_key"])
    _, made = service.create_key(session, KeyIn(name="Demo widget", is_publishable=True, origins=origins))
    session.merge(SiteState(name=DEMO, value={"widget_key": made.text}, updated_at=utcnow()))
    return made.text
