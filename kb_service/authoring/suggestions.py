"""Changes and articles that colleagues without the licence write: accepted or declined in one action.

Invariants: accepting never widens what the accepting author may do; a suggestion on a text that has changed since is
applied only where the same fields were not touched; credit stays with who wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from kb_service.articles import moves
from kb_service.articles.access import get_for_change, get_known
from kb_service.articles.inputs import ALL_FIELDS, REVISION_FIELDS, ArticleText
from kb_service.articles.models import Article, Revision
from kb_service.articles.recording import audit
from kb_service.articles.repository import find_revision, is_readable, newest_revision
from kb_service.articles.service import Change, create_article, current_text, edit_article
from kb_service.articles.validation import validate
from kb_service.articles.views import shown_revision
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.models import Proposal
from kb_service.authoring.notifications import notify
from kb_service.authoring.tasks import owner_of
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.errors import Conflict, InvalidInput, NotFound
from kb_service.text import clean_text

OPEN, ACCEPTED, DECLINED = "open", "accepted", "declined"
NEW_FIELDS = REVISION_FIELDS | {"type", "topics"}


def suggest(
    session: Session, reference: int | str | None, fields: Mapping[str, Any], note: str, catalog: Catalog, actor: Actor
) -> Proposal:
    """Write a change of an article as it is read, or (without a reference) a new article. Only texts, never who reads it."""
    actor.require(Scope.ARTICLES_PROPOSE)
    allowed = {n: v for n, v in fields.items() if n in (REVISION_FIELDS if reference else NEW_FIELDS)}
    article = get_known(session, reference, actor) if reference else None
    shown = shown_revision(session, article) if article else None
    if article is not None and shown is not None:
        before = current_text(session, article, shown)
        allowed = {name: value for name, value in allowed.items() if value != getattr(before, name)}
        validate(replace(before, **allowed), catalog)
    else:
        validate(ArticleText(**{"title": "", **allowed}), catalog)
    if not allowed:
        raise InvalidInput("Nothing differs from what stands there; change something first.")
    row = Proposal(
        article_id=article.id if article else None,
        base_revision=shown.number if shown else 0,
        fields={name: list(value) if isinstance(value, tuple) else value for name, value in allowed.items()},
        note=clean_text(note, "/note", longest=2000),
        author=actor.id,
    )
    session.add(row)
    session.flush()
    if article is not None and shown is not None:
        notify(session, [owner_of(article, shown)], "suggested", article)
        audit(session, actor, "suggest", article, suggestion=row.id)
    return row


def list_suggestions(
    session: Session, actor: Actor, state: str = OPEN, limit: int = 100
) -> list[tuple[Proposal, Article | None]]:
    """Those about what the actor may read, and new ones; oldest first."""
    statement = select(Proposal, Article).outerjoin(Article, Article.id == Proposal.article_id)
    readable = or_(Proposal.article_id.is_(None), is_readable(actor.audiences))
    rows = session.execute(statement.where(Proposal.state == state, readable).order_by(Proposal.id).limit(limit))
    return [(row, article) for row, article in rows]


def list_mine(session: Session, actor: Actor, limit: int = 20) -> list[tuple[Proposal, Article | None]]:
    """The actor's own, newest first, with what became of them."""
    statement = select(Proposal, Article).outerjoin(Article, Article.id == Proposal.article_id)
    statement = statement.where(Proposal.author == actor.id).order_by(Proposal.id.desc()).limit(limit)
    rows = session.execute(statement)
    return [(row, article if article and actor.may_read(article.audience) else None) for row, article in rows]


def _open(session: Session, id: int, actor: Actor) -> Proposal:
    actor.require(Scope.ARTICLES_WRITE)
    row = session.scalar(select(Proposal).where(Proposal.id == id).with_for_update())
    if row is None:
        raise NotFound("There is no such suggestion.")
    if row.article_id is not None:
        get_known(session, row.article_id, actor)
    if row.state != OPEN:
        raise Conflict(f"This suggestion is {row.state} already.")
    return row


def accept(session: Session, id: int, catalog: Catalog, actor: Actor) -> Change:
    """Make it the newest revision, under its author's name; published where the actor may and nothing else waits."""
    row = _open(session, id, actor)
    fields: dict[str, Any] = {
        n: tuple(v) if isinstance(v, list) else v for n, v in row.fields.items() if n in ALL_FIELDS
    }
    if row.article_id is None:
        article = create_article(
            session, replace(ArticleText(title="", confidence="not_validated"), **fields), catalog, actor
        )
        change = Change(article)
    else:
        article = get_for_change(session, row.article_id, actor)
        newest = newest_revision(session, article.id)
        _check_untouched(session, article, row, newest, set(fields))
        was_clean = newest.state == "published"
        change = edit_article(session, article.id, fields, catalog, actor)
    newest = newest_revision(session, article.id)
    newest.author = row.author
    if row.article_id is None or was_clean:
        change = moves.publish(session, article.id, actor)
    _decide(session, row, ACCEPTED, article, actor, "")
    return change


def _check_untouched(session: Session, article: Article, row: Proposal, newest: Revision, names: set[str]) -> None:
    base = find_revision(session, article.id, row.base_revision)
    if base is None or base.number == newest.number:
        return
    before, now = (current_text(session, article, revision) for revision in (base, newest))
    touched = sorted(name for name in names if getattr(before, name) != getattr(now, name))
    if touched:
        raise Conflict(
            f"Changed since this was suggested: {', '.join(touched)}. Open the editor beside it, or decline it with a note.",
            fields=touched,
        )


def decline(session: Session, id: int, note: str, actor: Actor) -> Proposal:
    """Leave things as they are; its author hears why."""
    row = _open(session, id, actor)
    article = session.get(Article, row.article_id) if row.article_id else None
    _decide(session, row, DECLINED, article, actor, clean_text(note, "/note", longest=2000))
    return row


def _decide(session: Session, row: Proposal, state: str, article: Article | None, actor: Actor, note: str) -> None:
    row.state, row.decided_by, row.decided_at = state, actor.id, utcnow()
    if article is not None and row.article_id is None:
        row.article_id = article.id
    title = str(row.fields.get("title") or "")
    notify(session, {row.author} - {actor.id}, f"suggestion_{state}", article, note=note, title=title)
    if article is not None:
        audit(session, actor, f"suggestion_{state}", article, suggestion=row.id)
    session.flush()
