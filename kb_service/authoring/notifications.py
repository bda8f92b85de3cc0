"""Lines for people, shown on their pages until they are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from kb_service.articles.models import Article
from kb_service.auth.actors import Actor
from kb_service.authoring.models import Notification
from kb_service.db.base import utcnow

SHOWN = 50


def notify(session: Session, recipients: Iterable[str], kind: str, article: Article | None, **detail: Any) -> None:
    """Tell people; each once, nobody without a name."""
    for recipient in sorted({one for one in recipients if one.partition(":")[0] in ("user", "key")}):
        row = Notification(recipient=recipient, kind=kind, article_id=article.id if article else None, detail=detail)
        session.add(row)
    session.flush()


def list_notifications(
    session: Session, actor: Actor, *, unread: bool = True
) -> list[tuple[Notification, Article | None]]:
    """The actor's, newest first; what is about an article that they may not read any more is left out."""
    statement = select(Notification, Article).outerjoin(Article, Article.id == Notification.article_id)
    statement = statement.where(Notification.recipient == actor.id)
    if unread:
        statement = statement.where(Notification.read_at.is_(None))
    rows = session.execute(statement.order_by(Notification.id.desc()).limit(SHOWN))
    return [(row, article) for row, article in rows if article is None or actor.may_read(article.audience)]


def count_unread(session: Session, actor: Actor) -> int:
    """How many wait to be read."""
    mine = (Notification.recipient == actor.id, Notification.read_at.is_(None))
    return session.scalar(select(func.count(Notification.id)).where(*mine)) or 0


def mark_read(session: Session, actor: Actor, last: int) -> None:
    """Everything up to this one has been read."""
    mine = (Notification.recipient == actor.id, Notification.read_at.is_(None), Notification.id <= last)
    session.execute(update(Notification).where(*mine).values(read_at=utcnow()))
