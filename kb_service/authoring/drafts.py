"""Drafts that save themselves: what is being written survives a closed browser, a crash and a colleague's change.

Invariants: a draft is its owner's alone; keeping one never touches the article; a draft goes only when its text has
become a revision or its owner throws it away; a text that was begun on an older version is refused, never merged silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.articles import moves
from kb_service.articles.access import get_for_change
from kb_service.articles.inputs import ALL_FIELDS, ArticleText
from kb_service.articles.models import Article
from kb_service.articles.repository import newest_revision
from kb_service.articles.service import Change, create_article, current_text, edit_article
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.models import AutosavedDraft
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.errors import InvalidInput, NotFound, StaleVersion

MAX_DRAFTS = 200


@dataclass(frozen=True, slots=True)
class Writing:
    """A text that is to become a revision: the changed fields, and the version on which they were begun."""

    fields: Mapping[str, Any]
    base_version: int
    publish: bool = False


def list_drafts(session: Session, actor: Actor, limit: int = MAX_DRAFTS) -> list[AutosavedDraft]:
    """The actor's own, last written first."""
    mine = select(AutosavedDraft).where(AutosavedDraft.owner == actor.id)
    return list(session.scalars(mine.order_by(AutosavedDraft.updated_at.desc(), AutosavedDraft.id.desc()).limit(limit)))


def get_draft(session: Session, draft_id: int, actor: Actor, *, lock: bool = False) -> AutosavedDraft:
    """One of the actor's own. Raises NotFound for any other."""
    actor.require(Scope.ARTICLES_WRITE)
    statement = select(AutosavedDraft).where(AutosavedDraft.id == draft_id, AutosavedDraft.owner == actor.id)
    draft = session.scalar(statement.with_for_update() if lock else statement)
    if draft is None:
        raise NotFound("There is no such draft.")
    return draft


def find_draft(session: Session, article_id: int, actor: Actor) -> AutosavedDraft | None:
    """What the actor is writing about an article."""
    mine = (AutosavedDraft.owner == actor.id, AutosavedDraft.article_id == article_id)
    return session.scalar(select(AutosavedDraft).where(*mine))


def open_draft(
    session: Session, article: Article | None, fields: Mapping[str, Any], base_version: int, actor: Actor
) -> AutosavedDraft:
    """Begin to write: about an article (one draft for each author), or something new."""
    actor.require(Scope.ARTICLES_WRITE)
    known = find_draft(session, article.id, actor) if article else None
    if known is not None:
        return keep_draft(session, known, fields, base_version)
    if len(list_drafts(session, actor)) >= MAX_DRAFTS:
        raise InvalidInput(f"You have {MAX_DRAFTS} unsaved drafts; save or throw away some first.")
    newest = newest_revision(session, article.id) if article else None
    draft = AutosavedDraft(
        owner=actor.id,
        article_id=article.id if article else None,
        title=_title(fields, article),
        fields=_plain(fields),
        base_version=base_version or (article.version if article else 0),
        base_revision=newest.number if newest else 0,
    )
    session.add(draft)
    session.flush()
    return draft


def keep_draft(
    session: Session, draft: AutosavedDraft, fields: Mapping[str, Any], base_version: int = 0
) -> AutosavedDraft:
    """What stands in the editor now, in the place of what stood there before."""
    article = session.get(Article, draft.article_id) if draft.article_id else None
    draft.fields, draft.title = _plain(fields), _title(fields, article)
    if base_version:
        draft.base_version = base_version
    draft.updated_at = utcnow()
    session.flush()
    return draft


def forget_draft(session: Session, draft: AutosavedDraft) -> None:
    """Throw it away."""
    session.delete(draft)
    session.flush()


def save_new(session: Session, writing: Writing, catalog: Catalog, actor: Actor) -> Change:
    """A new article of what was written."""
    fields = {name: value for name, value in writing.fields.items() if name in ALL_FIELDS}
    article = create_article(session, ArticleText(**{"title": "", **fields}), catalog, actor)
    return moves.publish(session, article.id, actor) if writing.publish else Change(article)


def save_change(session: Session, reference: int | str, writing: Writing, catalog: Catalog, actor: Actor) -> Change:
    """A new revision of what was written. Raises StaleVersion when the article is not what it was begun on."""
    article = get_for_change(session, reference, actor)
    if article.version != writing.base_version:
        raise StaleVersion(
            "Somebody changed this article while you were writing. Both texts are kept; compare them and save again.",
            version=article.version,
        )
    change = edit_article(session, article.id, writing.fields, catalog, actor)
    if writing.publish:
        published = moves.publish(session, article.id, actor)
        change = replace(published, withdrawn=published.withdrawn or change.withdrawn)
    return change


def save_draft(session: Session, draft: AutosavedDraft, catalog: Catalog, actor: Actor, *, publish: bool) -> Change:
    """Make a draft a revision, and forget the draft."""
    writing = Writing(draft.fields, draft.base_version, publish)
    if draft.article_id is None:
        change = save_new(session, writing, catalog, actor)
    else:
        change = save_change(session, draft.article_id, writing, catalog, actor)
    forget_draft(session, draft)
    return change


def text_of(session: Session, article: Article) -> ArticleText:
    """What an editor begins with: the newest revision, whether readers see it or not."""
    return current_text(session, article, newest_revision(session, article.id))


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in fields.items() if name in ALL_FIELDS}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}


def _title(fields: Mapping[str, Any], article: Article | None) -> str:
    return str(fields.get("title") or (article.title if article else ""))[:300]
