"""Lists of the workbench: each page is a fixed number of queries, however many rows there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from kb_service.articles.lifecycle import State
from kb_service.articles.models import Article, Revision
from kb_service.articles.repository import is_published, is_readable, keys_naming, parse_reference
from kb_service.auth.models import ApiKey, User

PAGE_SIZE = 50
MAX_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """Which articles an author looks at. ``audiences``: what the author may read; empty fields filter nothing."""

    audiences: frozenset[str]
    words: str = ""
    status: str = ""
    product: str = ""
    owner: str = ""
    confidence: str = ""
    type: str = ""
    audience: str = ""


@dataclass(frozen=True, slots=True)
class Newest:
    """An article's newest revision, without its text."""

    number: int
    state: str
    title: str
    author: str

    @property
    def is_draft(self) -> bool:
        """Whether readers do not see it yet."""
        return self.state == "draft"


def list_work(session: Session, wanted: WorkFilter, page: int = 1, size: int = PAGE_SIZE) -> list[Article]:
    """Articles last changed first."""
    statement = select(Article).where(*conditions(session, wanted))
    order = statement.order_by(Article.updated_at.desc(), Article.id.desc())
    return list(session.scalars(order.limit(size).offset((page - 1) * size)))


def count_work(session: Session, wanted: WorkFilter) -> int:
    """How many articles a filter selects."""
    return session.scalar(select(func.count(Article.id)).where(*conditions(session, wanted))) or 0


def select_ids(session: Session, wanted: WorkFilter, most: int) -> list[int]:
    """The ids that a filter selects, at most ``most``, in the list's order."""
    statement = select(Article.id).where(*conditions(session, wanted))
    return list(session.scalars(statement.order_by(Article.updated_at.desc(), Article.id.desc()).limit(most)))


def conditions(session: Session, wanted: WorkFilter) -> list[ColumnElement[bool]]:
    """The filter in SQL."""
    found = [is_readable(wanted.audiences)]
    if wanted.words:
        number = parse_reference(wanted.words)
        found.append(or_(Article.title.icontains(wanted.words, autoescape=True), Article.id == (number or 0)))
    if wanted.status in _STATUS:
        found.append(_STATUS[wanted.status]())
    if wanted.product:
        found.append(Article.applicability_key.in_(keys_naming(session, "product", wanted.product)))
    if wanted.audience:
        found.append(is_readable([wanted.audience]))
    same = {name: getattr(wanted, name) for name in ("owner", "confidence", "type")}
    return [*found, *(getattr(Article, name) == value for name, value in same.items() if value)]


def _is_draft() -> ColumnElement[bool]:
    return and_(Article.published_revision_id.is_(None), Article.archived_at.is_(None))


def _has_newer_draft() -> ColumnElement[bool]:
    drafted = select(Revision.article_id).where(
        Revision.state == "draft"
    )  # by the index of states, once: not per article
    return and_(is_published(), Article.id.in_(drafted))


_STATUS = {
    State.PUBLISHED: is_published,
    State.DRAFT: _is_draft,
    State.ARCHIVED: lambda: Article.archived_at.is_not(None),
    "changed": _has_newer_draft,
}
STATUSES = tuple(str(status) for status in _STATUS)


def list_written(session: Session, author: str, audiences: Iterable[str], limit: int = PAGE_SIZE) -> list[Article]:
    """Articles whose newest text is this author's and waits to be published."""
    waiting = select(Revision.article_id).where(Revision.author == author, Revision.state == "draft")
    readable = is_readable(audiences)
    statement = select(Article).where(Article.id.in_(waiting), readable, Article.archived_at.is_(None))
    return list(session.scalars(statement.order_by(Article.updated_at.desc(), Article.id.desc()).limit(limit)))


def newest_of(session: Session, articles: Sequence[Article]) -> dict[int, Newest]:
    """The newest revision of each article, in one query."""
    ids = [article.id for article in articles]
    last = select(Revision.article_id, func.max(Revision.number)).where(Revision.article_id.in_(ids))
    columns = select(Revision.article_id, Revision.number, Revision.state, Revision.title, Revision.author)
    rows = session.execute(
        columns.where(tuple_(Revision.article_id, Revision.number).in_(last.group_by(Revision.article_id)))
    )
    return {row.article_id: Newest(row.number, row.state, row.title, row.author) for row in rows}


def names_of(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """What actors are called; an unknown one by its id."""
    wanted = {actor for actor in actors if actor}
    names = {actor: actor for actor in wanted}
    for prefix, model, column in (("user", User, User.name), ("key", ApiKey, ApiKey.name)):
        ids = [
            int(number) for kind, _, number in (a.partition(":") for a in wanted) if kind == prefix and number.isdigit()
        ]
        if ids:
            for id, name in session.execute(select(model.id, column).where(model.id.in_(ids))):
                names[f"{prefix}:{id}"] = name or f"{prefix}:{id}"
    return names
