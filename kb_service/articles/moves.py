"""Publishing, unpublishing, archiving, restoring: one transaction each.

Invariants: the lifecycle decides; the index hears of every move; a move that takes text from readers says so
(`Change.withdrawn`), so that the edge withdraws it before it answers.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb_service.articles.access import get_for_change, is_published
from kb_service.articles.licences import check_publishing, is_author_among, licence_of
from kb_service.articles.lifecycle import Move, next_state, state_of
from kb_service.articles.models import Article, Revision
from kb_service.articles.recording import audit, raise_index_version, show_revision
from kb_service.articles.repository import newest_revision, read_applicability, waiting_authors
from kb_service.articles.service import Change, standing_of
from kb_service.auth.actors import Actor, Scope
from kb_service.catalog.context import intersect
from kb_service.db.base import utcnow


def publish(session: Session, reference: int | str, actor: Actor) -> Change:
    """Make the newest draft what readers see."""
    article, newest = _begin(session, reference, Move.PUBLISH, actor)
    is_withdrawn = publish_revision(session, article, newest)
    audit(session, actor, "publish", article, revision=newest.number)
    return Change(article, is_withdrawn)


def unpublish(session: Session, reference: int | str, actor: Actor) -> Change:
    """Take it from readers; its newest revision is a draft again."""
    article, newest = _begin(session, reference, Move.UNPUBLISH, actor)
    _withdraw(session, article, newest)
    audit(session, actor, "unpublish", article)
    return Change(article, withdrawn=True)


def archive(session: Session, reference: int | str, actor: Actor) -> Change:
    """Put it away: nobody finds it, its number and history stay."""
    article, newest = _begin(session, reference, Move.ARCHIVE, actor)
    was_published = is_published(article)
    article.archived_at = utcnow()
    if was_published:
        _withdraw(session, article, newest)
    article.updated_at = utcnow()
    session.flush()
    audit(session, actor, "archive", article)
    return Change(article, was_published)


def restore(session: Session, reference: int | str, actor: Actor) -> Change:
    """Take it out of the archive, as a draft."""
    article, _ = _begin(session, reference, Move.RESTORE, actor)
    article.archived_at = None
    article.updated_at = utcnow()
    session.flush()
    audit(session, actor, "restore", article)
    return Change(article)


def _begin(session: Session, reference: int | str, move: Move, actor: Actor) -> tuple[Article, Revision]:
    article = get_for_change(session, reference, actor)
    if move is Move.PUBLISH:
        wrote_it = is_author_among(actor, waiting_authors(session, article))
        check_publishing(licence_of(actor), standing_of(article), wrote_it=wrote_it)
    elif move is not Move.RESTORE:
        actor.require(Scope.ARTICLES_PUBLISH)
    newest = newest_revision(session, article.id)
    state = state_of(is_archived=article.archived_at is not None, is_published=is_published(article))
    next_state(state, move, has_draft=newest.state == "draft")
    return article, newest


def publish_revision(session: Session, article: Article, revision: Revision) -> bool:
    """Make ``revision`` the published one; whether that narrows whom the article is for."""
    before = session.get(Revision, article.published_revision_id) if article.published_revision_id else None
    is_narrowed = before is not None and not _is_as_wide(session, before, revision)
    if before is not None and before is not revision:
        before.state = "superseded"
    now = utcnow()
    revision.state, revision.published_at = "published", now
    article.published_revision_id = revision.id
    article.published_at = article.published_at or now
    article.updated_at = now
    show_revision(article, revision)
    raise_index_version(session, article, is_withdrawal=is_narrowed)
    return is_narrowed


def _is_as_wide(session: Session, before: Revision, after: Revision) -> bool:
    """Whether everything that the revision before was for, the one after is for, too."""
    if before.applicability_key == after.applicability_key:
        return True
    old, new = (read_applicability(session, revision.applicability_key) for revision in (before, after))
    return intersect(old, new) == old


def _withdraw(session: Session, article: Article, newest: Revision) -> None:
    published = session.get(Revision, article.published_revision_id)
    if published is not None:
        published.state = "draft" if published is newest else "superseded"
    article.published_revision_id = None
    article.updated_at = utcnow()
    show_revision(article, newest)
    raise_index_version(session, article, is_withdrawal=True)
