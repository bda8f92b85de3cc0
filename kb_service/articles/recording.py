"""What every change of an article leaves behind: the index's change feed, the audit, the copied columns.

Invariant: `raise_index_version` runs under the article's row lock (SQLite: the one writer) and always inserts an
outbox row, in the transaction of the change itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from kb_service.articles.models import Article, AuditEvent, Revision
from kb_service.auth.actors import Actor
from kb_service.db import outbox


def raise_index_version(session: Session, article: Article, *, is_withdrawal: bool = False) -> None:
    """Tell the index that an article changed.

    A withdrawal takes two numbers: ``index_version - 1`` for the tombstone that is written at once, and
    ``index_version`` for what may follow it (a narrowed article must not be barred by its own tombstone).
    """
    article.index_version += 2 if is_withdrawal else 1
    session.flush()
    outbox.enqueue(session, article.id, article.index_version)


def withdrawn_version(article: Article) -> int:
    """The version of the tombstone that belongs to the last withdrawal."""
    return article.index_version - 1


def audit(session: Session, actor: Actor, action: str, article: Article, **detail: Any) -> None:
    """Note who did what to an article."""
    session.add(AuditEvent(actor=actor.id, action=f"article.{action}", target=article.number, detail=detail))


def show_revision(article: Article, revision: Revision) -> None:
    """Copy to the article what lists and checks need of the revision that counts now."""
    article.title, article.short_answer = revision.title, revision.short_answer
    article.language, article.applicability_key = revision.language, revision.applicability_key
