"""The index's view of the articles: the outbox as its change feed, published articles as documents.

Invariants: `read` gives the current state, whatever the change was; a batch costs a fixed number of queries; rows of
one article are one Change; a failure of the engine or the encoder never makes a row a dead letter (only `bury` does).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from indexers.document import IndexedArticle
from indexers.worker import Change
from kb_service.articles.cutting import cut
from kb_service.articles.models import ApplicabilityRow, Article, Revision
from kb_service.articles.repository import is_published, to_content
from kb_service.catalog.context import Applicability
from kb_service.db import outbox
from kb_service.db.base import utcnow
from kb_service.db.session import Database

CHUNK = 500
_RETRY_SECONDS = 2.0


class ArticleChanges:
    """A ChangeSource (indexers.worker) over the outbox. Every call is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, limit: int) -> list[Change]:
        """Changes of up to ``limit`` rows, coalesced by article, leased to the caller."""
        with self._database.reading() as session:
            if outbox.pending(session)[0] == 0:
                return []  # an idle worker never takes the write lock
        with self._database.writing() as session:
            rows = outbox.claim(session, limit)
        found: dict[int, Change] = {}
        for row in rows:
            before = found.get(row.article_id)
            ids, version = (before.row_ids, before.index_version) if before else ((), 0)
            found[row.article_id] = Change((*ids, row.id), row.article_id, max(version, row.index_version))
        return list(found.values())

    def read(self, article_ids: Sequence[int]) -> Mapping[int, IndexedArticle | None]:
        """The current state of each article; None: it must not be found."""
        found: dict[int, IndexedArticle | None] = dict.fromkeys(article_ids)
        with self._database.reading() as session:
            for ids in _chunks(article_ids):
                found.update((row[0].id, to_document(*row)) for row in published_rows(session, ids))
        return found

    def acknowledge(self, row_ids: Sequence[int]) -> None:
        """Every live generation holds these changes."""
        with self._database.writing() as session:
            for ids in _chunks(row_ids):
                outbox.acknowledge(session, ids)

    def release(self, row_ids: Sequence[int], error: str) -> None:
        """Give rows back: with an error to be tried after a while, without one at once."""
        until = utcnow() + timedelta(seconds=_RETRY_SECONDS) if error else None
        with self._database.writing() as session:
            for ids in _chunks(row_ids):
                session.execute(
                    update(outbox.OutboxRow)
                    .where(outbox.OutboxRow.id.in_(ids))
                    .values(claimed_until=until, last_error=error[:2000] or None)
                )

    def bury(self, row_ids: Sequence[int], error: str) -> None:
        """Make rows dead letters: their article cannot be indexed as it is."""
        with self._database.writing() as session:
            for ids in _chunks(row_ids):
                outbox.bury(session, ids, error)

    def wanted_versions(self) -> Mapping[int, int]:
        """article_id → index_version of every article that ever was in the index; negative: withdrawn."""
        with self._database.reading() as session:
            rows = session.execute(
                select(Article.id, Article.index_version, is_published()).where(Article.index_version > 0)
            )
            return {article: version if published else -version for article, version, published in rows}


def _chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    return (list(ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK))


def published_rows(session: Session, ids: list[int]) -> list[tuple[Article, Revision, str]]:
    """Published articles among ``ids``, each with its revision and its canonical applicability, in one query."""
    statement = (
        select(Article, Revision, ApplicabilityRow.canonical)
        .join(Revision, Revision.id == Article.published_revision_id)
        .join(ApplicabilityRow, ApplicabilityRow.key == Revision.applicability_key)
        .where(Article.id.in_(ids), is_published())
    )
    return [(article, revision, canonical) for article, revision, canonical in session.execute(statement)]


def to_document(article: Article, revision: Revision, canonical: str) -> IndexedArticle:
    """A published article as the index holds it."""
    applies = Applicability.from_canonical(canonical)
    pieces = cut(to_content(revision, applies))
    return IndexedArticle(
        article_id=article.id,
        index_version=article.index_version,
        number=article.number,
        revision=revision.number,
        family_id=article.family_id,
        title=revision.title,
        short_answer=revision.short_answer,
        keywords=tuple(revision.keywords),
        key=applies.key(),
        audience=tuple(article.audience),
        language=revision.language,
        type=article.type,
        topics=tuple(article.topics),
        updated_at=article.updated_at.timestamp(),
        passages=pieces.passages,
        applicabilities=pieces.applicabilities,
    )
