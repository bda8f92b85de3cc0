"""Finding articles by the database alone, by words of title, keywords and issue, within a limit of time.

Audience, publication and applicability are conditions of the one statement that finds: nothing has to be taken away
afterwards. Rare words count more; words that stand nearly everywhere are left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from indexers.analysis import analyze, analyze_query
from kb_service.articles.models import ApplicabilityRow, Article, Revision
from kb_service.articles.repository import has_topic, is_published, is_readable
from kb_service.catalog.context import Applicability, Match, SignatureSet
from kb_service.search.models import ArticleWord, WordedArticle
from kb_service.search.request import SearchRequest

LIMIT_SECONDS = 0.3
MAX_FOUND = 100
MAX_TERMS = 12
MAX_ROWS = 20_000
"""Places of words that one question looks at: what keeps it within its time on a large base."""
_MANY = 1_000_000.0


Condition = ColumnElement[bool]


class Place(NamedTuple):
    """An article found, and its family."""

    article_id: int
    family_id: int


class Row(NamedTuple):
    """A published article as a list shows it."""

    article: Article
    revision: int


def terms_of(text: str) -> tuple[str, ...]:
    """The different words of a question, in order."""
    return tuple(dict.fromkeys(analyze_query(text)))[:64]


def allowed(request: SearchRequest, keys: Mapping[str, Match] | None) -> list[ColumnElement[bool]]:
    """SQL: published, for this reader, in the stated context, of the wanted kind."""
    conditions = [is_published(), is_readable(request.actor.audiences)]
    if keys is not None:
        conditions.append(Article.applicability_key.in_(list(keys)))
    if request.language:
        conditions.append(Article.language == request.language)
    if request.types:
        conditions.append(Article.type.in_(sorted(request.types)))
    if request.topics:
        conditions.append(or_(*(has_topic(topic) for topic in sorted(request.topics))))
    return conditions


def find(session: Session, terms: Sequence[str], conditions: Sequence[ColumnElement[bool]]) -> list[Place]:
    """The best articles for these words, one of each family, best first."""
    weights = _weights(session, terms)
    if not weights:
        return []
    worth = func.sum(ArticleWord.weight * case(weights, value=ArticleWord.word, else_=0.0)).label("worth")
    return _places(session, ArticleWord.word.in_(list(weights)), worth, conditions)


def complete(session: Session, typed: str, conditions: Sequence[ColumnElement[bool]]) -> list[Place]:
    """Articles whose words begin with the last one typed, those with the words before it first."""
    *before, last = analyze(typed)[-MAX_TERMS:] or [""]
    if len(last) < 2:
        return []
    begins = and_(ArticleWord.word >= last, ArticleWord.word < last + "\uffff", ArticleWord.weight > 1)
    worth = func.sum(ArticleWord.weight * case((begins, 2.0), else_=1.0)).label("worth")
    wanted = or_(begins, ArticleWord.word.in_(before)) if before else begins
    return _places(session, wanted, worth, conditions)


def _weights(session: Session, terms: Sequence[str]) -> dict[str, float]:
    counted = select(ArticleWord.word, func.count()).where(ArticleWord.word.in_(terms)).group_by(ArticleWord.word)
    counts: dict[str, int] = {row[0]: row[1] for row in session.execute(counted)}
    weights: dict[str, float] = {}
    looked_at = 0
    for word, count in sorted(counts.items(), key=lambda item: item[1])[:MAX_TERMS]:
        if weights and looked_at + count > MAX_ROWS:
            break
        weights[word] = round(math.log(1 + _MANY / count), 3)
        looked_at += count
    return weights


def _places(
    session: Session,
    wanted: ColumnElement[bool],
    worth: ColumnElement[Any],
    conditions: Sequence[ColumnElement[bool]],
) -> list[Place]:
    is_current = and_(
        WordedArticle.article_id == ArticleWord.article_id, WordedArticle.revision_id == Article.published_revision_id
    )
    statement = (
        select(Article.id, Article.family_id, worth)
        .select_from(ArticleWord)
        .join(Article, Article.id == ArticleWord.article_id)
        .join(WordedArticle, is_current)
        .where(wanted, *conditions)
        .group_by(Article.id, Article.family_id)
        .order_by(worth.desc(), Article.id.desc())
        .limit(MAX_FOUND)
    )
    families: dict[int, Place] = {}
    for article_id, family_id, _ in session.execute(statement):
        families.setdefault(family_id, Place(article_id, family_id))
    return list(families.values())


def browse(session: Session, conditions: Sequence[ColumnElement[bool]]) -> tuple[list[int], int]:
    """The last published articles, newest first, and how many there are."""
    total = session.scalar(select(func.count(Article.id)).where(*conditions)) or 0
    newest = select(Article.id).where(*conditions).order_by(Article.updated_at.desc(), Article.id.desc())
    return list(session.scalars(newest.limit(MAX_FOUND))), total


def read(session: Session, ids: Sequence[int], conditions: Sequence[ColumnElement[bool]]) -> list[Row]:
    """Those of ``ids`` that meet the conditions, in the order given."""
    statement = select(Article, Revision.number).join(Revision, Revision.id == Article.published_revision_id)
    rows = session.execute(statement.where(Article.id.in_(ids), *conditions))
    found = {article.id: Row(article, number) for article, number in rows}
    return [found[article_id] for article_id in ids if article_id in found]


class Signatures:
    """Every applicability in the database, parsed once: rows never change, they only become more."""

    def __init__(self) -> None:
        self._kept: tuple[object, SignatureSet] | None = None

    def current(self, session: Session, named: frozenset[str]) -> SignatureSet:
        """The signatures, read again when there are more of them."""
        stamp = (session.scalar(select(func.count()).select_from(ApplicabilityRow)), named)
        if self._kept is None or self._kept[0] != stamp:
            rows = session.scalars(select(ApplicabilityRow))
            parsed = {row.key: Applicability.from_canonical(row.canonical) for row in rows}
            self._kept = (stamp, SignatureSet(parsed, named))
        return self._kept[1]
