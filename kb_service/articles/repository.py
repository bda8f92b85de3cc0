"""Reading article rows. Who may read what is decided in SQL and again by `access`; nothing here changes a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from kb_service.articles.lifecycle import State
from kb_service.articles.models import ApplicabilityRow, Article, Family, Redirect, Revision
from kb_service.articles.sections import RevisionContent
from kb_service.catalog.context import Applicability
from kb_service.db.once import insert_once

MAX_ID = 2**31 - 1
_NUMBER = re.compile(r"(?:KB)?0*([1-9][0-9]{0,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list ended: the last row's time and id."""

    updated_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Which articles to list. ``audiences``: what the actor may read; ``status`` None: every state."""

    audiences: frozenset[str]
    status: State | None = None
    topic: str | None = None
    product: str | None = None


def parse_reference(reference: str) -> int | None:
    """The id in "123" or "KB000123" (a number is made of its id); None when it is neither."""
    match = _NUMBER.fullmatch(reference.strip())
    found = int(match[1]) if match and match[1].isascii() else None
    return found if found and found <= MAX_ID else None


def find_article(session: Session, reference: int | str, *, lock: bool = False) -> Article | None:
    """An article by id or KB number; ``lock``: its row is held until the transaction ends."""
    article_id = parse_reference(str(reference))
    if article_id is None:
        return None
    statement = select(Article).where(Article.id == article_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalar(statement)


def find_imported(session: Session, source: str, external_id: str) -> Article | None:
    """The article that a source calls ``external_id``, locked."""
    statement = select(Article).where(Article.source == source, Article.external_id == external_id).with_for_update()
    return session.scalar(statement)


def newest_revision(session: Session, article_id: int) -> Revision:
    """The revision with the highest number; every article has one."""
    statement = select(Revision).where(Revision.article_id == article_id).order_by(Revision.number.desc()).limit(1)
    return session.scalars(statement).one()


def list_revisions(session: Session, article_id: int) -> list[Revision]:
    """Every revision, newest first."""
    return list(
        session.scalars(select(Revision).where(Revision.article_id == article_id).order_by(Revision.number.desc()))
    )


def find_revision(session: Session, article_id: int, number: int) -> Revision | None:
    """One revision by its number in the article."""
    return session.scalar(select(Revision).where(Revision.article_id == article_id, Revision.number == number))


def read_applicability(session: Session, key: str) -> Applicability:
    """The applicability behind a stored key."""
    row = session.get(ApplicabilityRow, key)
    return Applicability.from_canonical(row.canonical) if row else Applicability()


def read_applicabilities(session: Session, keys: Iterable[str]) -> dict[str, Applicability]:
    """The applicabilities behind stored keys, in one query."""
    rows = session.scalars(select(ApplicabilityRow).where(ApplicabilityRow.key.in_(set(keys))))
    return {row.key: Applicability.from_canonical(row.canonical) for row in rows}


def store_applicability(session: Session, applies: Applicability) -> str:
    """Keep a distinct applicability once; returns its key."""
    key = applies.key()
    if session.get(ApplicabilityRow, key) is None:
        insert_once(session, ApplicabilityRow, ["key"], key=key, canonical=applies.canonical())
    return key


def keys_naming(session: Session, kind: str, target: str) -> list[str]:
    """Keys of applicabilities that name a product (slug), release ("slug:version") or os (path)."""
    slug, _, version = target.partition(":") if kind == "release" else (target, "", "")
    quoted = json.dumps(target if kind == "os" else slug, ensure_ascii=False)
    statement = select(ApplicabilityRow).where(ApplicabilityRow.canonical.contains(quoted, autoescape=True))
    found = ((row.key, Applicability.from_canonical(row.canonical)) for row in session.scalars(statement))
    return [key for key, applies in found if _names(applies, kind, target, slug, version)]


def _names(applies: Applicability, kind: str, target: str, slug: str, version: str) -> bool:
    if kind == "os":
        return any(target in entry.os for entry in applies.entries)
    if kind == "release":
        name = " ".join(version.lower().split())
        return any(entry.product == slug and name in entry.versions.names for entry in applies.entries)
    return slug in applies.products()


def to_content(revision: Revision, applies: Applicability) -> RevisionContent:
    """A revision's text as a value."""
    return RevisionContent(
        title=revision.title,
        short_answer=revision.short_answer,
        issue=revision.issue,
        environment=revision.environment,
        cause=revision.cause,
        resolution=revision.resolution,
        body=revision.body,
        applies=applies,
    )


def waiting_authors(session: Session, article: Article) -> set[str]:
    """Who wrote what readers do not see yet: every revision after the published one."""
    published = session.get(Revision, article.published_revision_id) if article.published_revision_id else None
    after = published.number if published else 0
    statement = select(Revision.author).where(Revision.article_id == article.id, Revision.number > after)
    return set(session.scalars(statement.distinct()))


def is_readable(audiences: Iterable[str]) -> ColumnElement[bool]:
    """SQL: the article's audience meets ``audiences``."""
    stored = cast(Article.audience, Text)
    return or_(*(stored.contains(f'"{name}"', autoescape=True) for name in sorted(audiences)))


def is_published() -> ColumnElement[bool]:
    """SQL: readers see it."""
    return and_(Article.published_revision_id.is_not(None), Article.archived_at.is_(None))


def has_topic(path: str) -> ColumnElement[bool]:
    """SQL: one of its topics is ``path`` or lies beneath it."""
    stored = cast(Article.topics, Text)
    return or_(stored.contains(f'"{path}"', autoescape=True), stored.contains(f'"{path}/', autoescape=True))


def list_articles(session: Session, wanted: ListFilter, limit: int, after: Place | None = None) -> list[Article]:
    """Articles last changed first, at most ``limit``, those behind ``after``."""
    statement = select(Article).where(*_conditions(session, wanted))
    if after is not None:
        at_same_time = and_(Article.updated_at == after.updated_at, Article.id < after.id)
        statement = statement.where(or_(Article.updated_at < after.updated_at, at_same_time))
    return list(session.scalars(statement.order_by(Article.updated_at.desc(), Article.id.desc()).limit(limit)))


def count_articles(session: Session, wanted: ListFilter) -> int:
    """How many articles a filter holds."""
    return session.scalar(select(func.count(Article.id)).where(*_conditions(session, wanted))) or 0


def _conditions(session: Session, wanted: ListFilter) -> list[ColumnElement[bool]]:
    conditions = [is_readable(wanted.audiences)]
    if wanted.status is not None:
        conditions.append(_has_state(wanted.status))
    if wanted.topic is not None:
        conditions.append(has_topic(wanted.topic))
    if wanted.product is not None:
        conditions.append(Article.applicability_key.in_(keys_naming(session, "product", wanted.product)))
    return conditions


def _has_state(state: State) -> ColumnElement[bool]:
    if state is State.ARCHIVED:
        return Article.archived_at.is_not(None)
    if state is State.PUBLISHED:
        return is_published()
    return and_(Article.archived_at.is_(None), Article.published_revision_id.is_(None))


def family_members(session: Session, family_id: int, audiences: frozenset[str]) -> list[Article]:
    """Published members of a family that these audiences may read, by number."""
    statement = select(Article).where(Article.family_id == family_id, is_published(), is_readable(audiences))
    return list(session.scalars(statement.order_by(Article.id)))


def find_family(session: Session, slug: str) -> Family | None:
    """The family with this slug."""
    return session.scalar(select(Family).where(Family.slug == slug))


def find_redirect(session: Session, path: str) -> int | None:
    """The id of the article that an old address leads to."""
    return session.scalar(select(Redirect.article_id).where(Redirect.path == path))


def find_link_target(session: Session, target: str, source: str | None = None) -> str | None:
    """The KB number behind a ``kb:`` reference: a KB number, or an external id (of ``source`` first)."""
    article_id = parse_reference(target) if target[:2].upper() == "KB" else None
    if article_id is not None:
        return session.scalar(select(Article.number).where(Article.id == article_id))
    statement = select(Article.number).where(Article.external_id == target)
    return session.scalar(statement.order_by((Article.source == source).desc().nulls_last(), Article.id).limit(1))
