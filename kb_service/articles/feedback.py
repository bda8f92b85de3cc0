"""Whether an article helped: votes and words on a revision. Votes never change an article's version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kb_service.articles.access import get_known
from kb_service.articles.inputs import REASONS
from kb_service.articles.models import Article, Feedback
from kb_service.articles.repository import find_revision
from kb_service.auth.actors import Actor, Scope
from kb_service.db.base import utcnow
from kb_service.errors import InvalidInput
from kb_service.text import clean_text

SAME_VISIT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Vote:
    """One reader's word on a revision. ``revision`` None: the published one."""

    is_helpful: bool
    revision: int | None = None
    reason: str | None = None
    words: str | None = None
    query_id: str | None = None
    session_id: str | None = None


def give_feedback(session: Session, reference: int | str, vote: Vote, actor: Actor) -> Feedback:
    """Keep a vote and count it on the article. A session has one vote: what follows adds to it or changes it."""
    article = get_known(session, reference, actor)
    if vote.reason is not None and vote.reason not in REASONS:
        raise InvalidInput(f"One of {', '.join(REASONS)}.", "/reason")
    words = clean_text(vote.words, "/words", longest=4000) if vote.words else None
    former = _former(session, article, vote)
    if former is not None:
        return _change(session, article, former, replace(vote, words=words or None))
    row = Feedback(
        article_id=article.id,
        revision_number=_revision_number(session, article, vote.revision, actor),
        is_helpful=vote.is_helpful,
        reason=vote.reason,
        words=words or None,
        query_id=vote.query_id,
        session_id=vote.session_id,
    )
    session.add(row)
    _count(session, article, vote.is_helpful, 1)
    session.flush()
    return row


def _former(session: Session, article: Article, vote: Vote) -> Feedback | None:
    """The vote of the same session, given a moment ago (the reason follows the "no")."""
    if not vote.session_id:
        return None
    mine = (Feedback.article_id == article.id, Feedback.session_id == vote.session_id)
    lately = Feedback.created_at > utcnow() - SAME_VISIT
    return session.scalar(select(Feedback).where(*mine, lately).order_by(Feedback.id.desc()).limit(1))


def _change(session: Session, article: Article, row: Feedback, vote: Vote) -> Feedback:
    if row.is_helpful != vote.is_helpful:
        _count(session, article, row.is_helpful, -1)
        _count(session, article, vote.is_helpful, 1)
        row.is_helpful, row.reason = vote.is_helpful, None
    row.reason, row.words = vote.reason or row.reason, vote.words or row.words
    session.flush()
    return row


def _count(session: Session, article: Article, is_helpful: bool, step: int) -> None:
    counter = Article.votes_up if is_helpful else Article.votes_down
    session.execute(update(Article).where(Article.id == article.id).values({counter: counter + step}))


def _revision_number(session: Session, article: Article, given: int | None, actor: Actor) -> int:
    if given is None:
        published = article.published_revision
        return published.number if published else 1
    revision = find_revision(session, article.id, given)
    if revision is None or (revision.published_at is None and not actor.may(Scope.ARTICLES_WRITE)):
        raise InvalidInput(f"{article.number} has no revision {given}.", "/revision")
    return given
