"""Queries over bookmark sets. One rule of who sees which set, for lists and single reads alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from kb_service.articles.models import Article, Revision
from kb_service.auth.actors import Actor
from kb_service.bookmarks.models import Bookmark, BookmarkSet, BookmarkSubscription
from kb_service.bookmarks.rules import EVERY_AGENT, Kind
from kb_service.errors import NotFound


class Kept(NamedTuple):
    """A bookmark, its article and the number of the revision that readers see now."""

    bookmark: Bookmark
    article: Article
    published: int | None


def visible(actor: Actor) -> ColumnElement[bool]:
    """Which sets exist for this actor."""
    teams = [*sorted(actor.audiences), EVERY_AGENT]
    return or_(BookmarkSet.owner == actor.id, BookmarkSet.kind == Kind.STARTER, BookmarkSet.team.in_(teams))


def find_set(session: Session, set_id: int, actor: Actor, *, lock: bool = False) -> BookmarkSet:
    """One set. Raises NotFound for what is absent or not for the actor to know."""
    statement = select(BookmarkSet).where(BookmarkSet.id == set_id, visible(actor))
    found = session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound("There is no such bookmark set.")
    return found


def list_sets(session: Session, actor: Actor, product: str | None = None) -> list[BookmarkSet]:
    """Every set that the actor may see, the lately changed first; ``product``: only those for it or for none."""
    statement = select(BookmarkSet).where(visible(actor)).order_by(BookmarkSet.updated_at.desc(), BookmarkSet.id)
    if product:
        statement = statement.where(or_(BookmarkSet.product == product, BookmarkSet.product.is_(None)))
    return list(session.scalars(statement.limit(500)))


def list_bookmarks(session: Session, set_id: int) -> list[Bookmark]:
    """What stands in a set, in order."""
    statement = select(Bookmark).where(Bookmark.set_id == set_id).order_by(Bookmark.place, Bookmark.id)
    return list(session.scalars(statement))


def list_kept(session: Session, set_ids: Iterable[int]) -> list[Kept]:
    """The bookmarks of sets with their articles, in order, by one query."""
    statement = (
        select(Bookmark, Article, Revision.number)
        .join(Article, Article.id == Bookmark.article_id)
        .outerjoin(Revision, Revision.id == Article.published_revision_id)
        .where(Bookmark.set_id.in_(list(set_ids)))
        .order_by(Bookmark.set_id, Bookmark.place, Bookmark.id)
    )
    return [Kept(*row) for row in session.execute(statement)]


def find_bookmark(session: Session, set_id: int, article_id: int) -> Bookmark:
    """One bookmark. Raises NotFound."""
    found = session.scalar(select(Bookmark).where(Bookmark.set_id == set_id, Bookmark.article_id == article_id))
    if found is None:
        raise NotFound("This article is not in the set.")
    return found


def subscribed_ids(session: Session, actor_id: str) -> set[int]:
    """The sets that somebody follows."""
    statement = select(BookmarkSubscription.set_id).where(BookmarkSubscription.subscriber == actor_id)
    return set(session.scalars(statement))


def find_subscription(session: Session, set_id: int, actor_id: str) -> BookmarkSubscription | None:
    """Whether somebody follows a set."""
    return session.scalar(
        select(BookmarkSubscription).where(
            BookmarkSubscription.set_id == set_id, BookmarkSubscription.subscriber == actor_id
        )
    )


def used_sets(session: Session, actor: Actor) -> list[tuple[BookmarkSet, int]]:
    """(set, article) of the sets that this actor works with: own, followed, the team's, starter sets."""
    followed = select(BookmarkSubscription.set_id).where(BookmarkSubscription.subscriber == actor.id)
    worked_with = or_(
        BookmarkSet.owner == actor.id,
        BookmarkSet.kind != Kind.PERSONAL,
        BookmarkSet.id.in_(followed),
    )
    statement = (
        select(BookmarkSet, Bookmark.article_id)
        .join(Bookmark, Bookmark.set_id == BookmarkSet.id)
        .where(visible(actor), worked_with)
        .order_by(BookmarkSet.id, Bookmark.place)
    )
    return [(found, article) for found, article in session.execute(statement)]


def delete_set(session: Session, found: BookmarkSet, bookmarks: Sequence[Bookmark]) -> None:
    """Remove a set with what stands in it and who followed it."""
    followers = select(BookmarkSubscription).where(BookmarkSubscription.set_id == found.id)
    for row in (*bookmarks, *session.scalars(followers)):
        session.delete(row)
    session.flush()
    session.delete(found)
    session.flush()
