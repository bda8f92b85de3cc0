"""What articles make of the catalogue: implements `catalog.service.CatalogUses`.

Invariant: a section counts as a use as well as an article's applies_to; drafts and archived articles count, too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Text, cast, func, or_, select, update
from sqlalchemy.orm import Session

from kb_service.articles.inputs import TEXT_FIELDS
from kb_service.articles.models import Article, Revision
from kb_service.articles.repository import has_topic, is_published, is_readable, keys_naming, read_applicabilities
from kb_service.catalog.service import ArticleCounts
from kb_service.db import outbox


class ArticleUses:
    """Counts and re-indexes the articles that name a catalogue entry."""

    def count(self, session: Session, kind: str, target: str) -> int:
        """How many articles use a product, release ("slug:version"), os or topic."""
        if kind == "topic":
            return session.scalar(select(func.count(Article.id)).where(has_topic(target))) or 0
        using = select(Revision.article_id).where(_is_used_by_revision(session, kind, target)).distinct()
        return session.scalar(select(func.count()).select_from(using.subquery())) or 0

    def reindex(self, session: Session, kind: str, target: str) -> int:
        """Raise index_version of the published articles that name a product or OS; returns how many."""
        if kind not in ("product", "os"):
            return 0
        using = select(Revision.id).where(_is_used_by_revision(session, kind, target))
        articles = select(Article.id).where(is_published(), Article.published_revision_id.in_(using))
        ids = list(session.scalars(articles.order_by(Article.id).with_for_update()))
        for start in range(0, len(ids), 500):
            chunk = ids[start : start + 500]
            session.execute(
                update(Article).where(Article.id.in_(chunk)).values(index_version=Article.index_version + 1)
            )
            for row in session.execute(select(Article.id, Article.index_version).where(Article.id.in_(chunk))):
                outbox.enqueue(session, row.id, row.index_version)
        return len(ids)

    def readable(self, session: Session, audiences: frozenset[str]) -> ArticleCounts:
        """Published articles that these audiences may read, by product, OS and topic, ancestors included."""
        topics = cast(Article.topics, Text)
        statement = (
            select(topics, Article.applicability_key, func.count())
            .where(is_published(), is_readable(audiences))
            .group_by(topics, Article.applicability_key)
        )
        rows = session.execute(statement).all()
        meanings = read_applicabilities(session, (key for _, key, _ in rows))
        by_product, by_os, by_topic = Counter[str](), Counter[str](), Counter[str]()
        for stored, key, count in rows:
            applies = meanings[key]
            by_product.update(dict.fromkeys(applies.products(), count))
            by_os.update(dict.fromkeys(_with_ancestors(p for entry in applies.entries for p in entry.os), count))
            by_topic.update(dict.fromkeys(_with_ancestors(json.loads(stored)), count))
        return ArticleCounts(by_product, by_os, by_topic)


def _with_ancestors(paths: Iterable[str]) -> set[str]:
    return {path[:end] for path in paths for end in (*(i for i, c in enumerate(path) if c == "/"), len(path))}


def _is_used_by_revision(session: Session, kind: str, target: str) -> ColumnElement[bool]:
    slug = target.partition(":")[0] if kind == "release" else target
    marks = ("os=", ", ") if kind == "os" else ("product=",)
    keys = keys_naming(session, kind, target)
    return or_(
        Revision.applicability_key.in_(keys),
        *(_mentions(name, mark + slug) for name in TEXT_FIELDS for mark in marks),
    )


def _mentions(name: str, what: str) -> ColumnElement[bool]:
    """A heading's stored attribute names it: ends there, or goes on with the next axis or system."""
    column: ColumnElement[str] = getattr(Revision, name)
    return or_(*(column.contains(what + end, autoescape=True) for end in ('"}', ";", ",")))
