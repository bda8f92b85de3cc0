"""Bookmark sets: made, filled, ordered, shared, followed, copied. Callers commit; changes are audited.

Invariants: an article stands once in a set; nobody learns of an article that they may not read; what changes a set
raises its version.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kb_service.articles.access import get_known
from kb_service.articles.models import AuditEvent
from kb_service.articles.repository import find_article
from kb_service.auth.actors import Actor, Scope
from kb_service.bookmarks import repository
from kb_service.bookmarks.models import Bookmark, BookmarkSet, BookmarkSubscription
from kb_service.bookmarks.rules import Kind, check_room, is_in_team, may_change, moved
from kb_service.bookmarks.schemas import BookmarkIn, BookmarkPatch, SetIn, SetPatch
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.errors import Conflict, InvalidInput, NotAllowed

MAX_ARTICLES = 200
MAX_SETS = 200


def audit(session: Session, actor: Actor, action: str, found: BookmarkSet, **detail: Any) -> None:
    """Note who did what to a set."""
    session.add(AuditEvent(actor=actor.id, action=f"bookmarks.{action}", target=f"set:{found.id}", detail=detail))


def create_set(session: Session, new: SetIn, catalog: Catalog, actor: Actor) -> BookmarkSet:
    """Start a set. Raises InvalidInput, NotAllowed, Conflict."""
    check_given(new.kind, new.team, actor)
    mine = [found for found in repository.list_sets(session, actor) if found.owner == actor.id]
    if len(mine) >= MAX_SETS:
        raise Conflict(f"You have {MAX_SETS} sets already; remove one first.")
    context = catalog.resolve_context(new.product or None, new.version or None, None)
    found = BookmarkSet(
        name=new.name,
        kind=new.kind,
        owner=actor.id,
        owner_name=actor.name,
        team=new.team,
        product=context.product,
        product_version=context.version,
    )
    session.add(found)
    session.flush()
    audit(session, actor, "made", found, kind=new.kind, team=new.team)
    return found


def check_given(kind: str, team: str, actor: Actor) -> None:
    """Whom a set may be given to: one's own teams; starter sets are made by who leads."""
    if kind == Kind.STARTER and not actor.may(Scope.SITE_MANAGE):
        raise NotAllowed("Starter sets are made by leads and admins.")
    if kind == Kind.TEAM and not team:
        raise InvalidInput("Say whose set it is: a group, or “agents”.", "/team")
    if team and not is_in_team(actor, team):
        raise InvalidInput(f"You are not in the group {team!r}; give the set to a group of your own.", "/team")


def for_change(session: Session, set_id: int, actor: Actor) -> BookmarkSet:
    """The set, locked, for one who may change it. Raises NotFound, NotAllowed."""
    found = repository.find_set(session, set_id, actor, lock=True)
    if not may_change(actor, found):
        raise NotAllowed("This set is not yours to change; copy it, and change the copy.")
    return found


def change_set(session: Session, found: BookmarkSet, body: SetPatch, catalog: Catalog, actor: Actor) -> None:
    """Rename, share, or say what it is for. Raises InvalidInput, UnknownCatalogEntry."""
    given = body.model_dump(exclude_unset=True, exclude_none=True)
    if "team" in given:
        check_given(found.kind, given["team"], actor)
        found.team = given["team"]
    if given.keys() & {"product", "version"}:
        product = given.get("product", found.product or "")
        same = product == (found.product or "")
        version = given.get("version", (found.product_version or "") if same else "")
        context = catalog.resolve_context(product or None, version or None, None)
        found.product, found.product_version = context.product, context.version
    found.name = given.get("name", found.name)
    touch(session, found)
    audit(session, actor, "changed", found, fields=sorted(given))


def touch(session: Session, found: BookmarkSet) -> None:
    """A change of what stands in a set is a change of the set."""
    found.updated_at = utcnow()
    session.flush()


def delete_set(session: Session, found: BookmarkSet, actor: Actor) -> None:
    """Remove a set."""
    audit(session, actor, "removed", found, name=found.name)
    repository.delete_set(session, found, repository.list_bookmarks(session, found.id))


def add(session: Session, found: BookmarkSet, new: BookmarkIn, actor: Actor) -> Bookmark:
    """Keep an article; one that stands there already is moved and noted anew. Raises NotFound, Conflict."""
    article = get_known(session, new.article, actor)
    order = repository.list_bookmarks(session, found.id)
    row = next((row for row in order if row.article_id == article.id), None)
    revision = article.published_revision
    if row is None:
        check_room(len(order), MAX_ARTICLES)
        row = Bookmark(
            set_id=found.id,
            article_id=article.id,
            place=len(order),
            revision=revision.number if revision else 0,
            added_by=actor.id,
        )
        session.add(row)
        order.append(row)
    row.note = new.note or row.note or ""
    if new.place is not None:
        order = moved(order, row, new.place)
    _number(order)
    touch(session, found)
    audit(session, actor, "added", found, article=article.number)
    return row


def change_bookmark(session: Session, found: BookmarkSet, article_id: int, body: BookmarkPatch) -> None:
    """Note, move, or confirm that the article was looked at as it is now. Raises NotFound."""
    row = repository.find_bookmark(session, found.id, article_id)
    if body.note is not None:
        row.note = body.note
    if body.place is not None:
        _number(moved(repository.list_bookmarks(session, found.id), row, body.place))
    article = find_article(session, article_id) if body.looked else None
    if article is not None and article.published_revision is not None:
        row.revision = article.published_revision.number
    touch(session, found)


def remove(session: Session, found: BookmarkSet, article_id: int, actor: Actor) -> None:
    """Take an article out; again changes nothing."""
    order = repository.list_bookmarks(session, found.id)
    for row in order:
        if row.article_id == article_id:
            session.delete(row)
            audit(session, actor, "taken_out", found, article=article_id)
    _number([row for row in order if row.article_id != article_id])
    touch(session, found)


def _number(order: list[Bookmark]) -> None:
    for place, row in enumerate(order):
        row.place = place


def subscribe(session: Session, found: BookmarkSet, actor: Actor) -> None:
    """Follow a set; twice is once."""
    if found.owner == actor.id:
        raise Conflict("This set is yours already.")
    if repository.find_subscription(session, found.id, actor.id) is None:
        try:
            with session.begin_nested():
                session.add(BookmarkSubscription(set_id=found.id, subscriber=actor.id))
                session.flush()
        except IntegrityError:
            return


def unsubscribe(session: Session, found: BookmarkSet, actor: Actor) -> None:
    """Follow it no longer."""
    row = repository.find_subscription(session, found.id, actor.id)
    if row is not None:
        session.delete(row)
        session.flush()


def copy_set(session: Session, found: BookmarkSet, actor: Actor, catalog: Catalog) -> BookmarkSet:
    """A personal set with the same articles, as far as the actor may read them."""
    made = create_set(session, SetIn(name=found.name, product=found.product, version=found.product_version),
                      catalog, actor)  # fmt: skip
    for kept in repository.list_kept(session, [found.id]):
        if actor.may_read(kept.article.audience) and kept.published is not None and kept.article.archived_at is None:
            add(session, made, BookmarkIn(article=str(kept.article.id), note=kept.bookmark.note), actor)
    return made
