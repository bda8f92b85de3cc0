"""Reuse is review: whoever links or sends an article says that it is right. The badge shows it.

Invariants: only somebody with a licence validates by using; neither work in progress nor a compliance-based text is
validated by it; a use is recorded once for an article, an actor and a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from kb_service.articles.access import get_known
from kb_service.articles.licences import COMPLIANCE
from kb_service.articles.models import Article, Revision
from kb_service.articles.recording import audit
from kb_service.articles.views import shown_revision
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.models import Reuse
from kb_service.authoring.repository import names_of

ARCHIVED, NOT_VALIDATED, VALIDATED = "archived", "not_validated", "validated"
KINDS = ("link", "send")


@dataclass(frozen=True, slots=True)
class Badge:
    """KCS confidence, and how often and when an article was last found right. ``confidence`` may be archived."""

    confidence: str
    governance: str
    audience: tuple[str, ...]
    uses: int
    last_used_at: datetime | None
    last_used_by: str


def record_reuse(
    session: Session, reference: int | str, actor: Actor, kind: str = "link", case_number: str | None = None
) -> Reuse:
    """Somebody linked or sent it: found right, and validated when the actor holds a licence."""
    actor.require(Scope.ARTICLES_PROPOSE)
    article = get_known(session, reference, actor)
    same = (Reuse.article_id == article.id, Reuse.actor == actor.id, Reuse.case_number == case_number)
    known = session.scalar(select(Reuse).where(*same).limit(1)) if case_number else None
    if known is not None:
        return known
    revision = shown_revision(session, article)
    row = Reuse(
        article_id=article.id, revision_number=revision.number, actor=actor.id, kind=kind, case_number=case_number
    )
    session.add(row)
    session.flush()
    _validate(session, article, revision, actor)
    return row


def _validate(session: Session, article: Article, revision: Revision, actor: Actor) -> None:
    """In one statement that leaves the version alone: who is writing the article meanwhile has nothing to compare."""
    if not actor.may(Scope.ARTICLES_WRITE) or article.governance == COMPLIANCE or revision.state != "published":
        return
    if article.confidence != NOT_VALIDATED:
        return
    where = (Article.id == article.id, Article.confidence == NOT_VALIDATED)
    session.execute(update(Article).where(*where).values(confidence=VALIDATED))
    session.refresh(article, ["confidence"])
    audit(session, actor, "validate", article, by="reuse", revision=revision.number)


def forget_reuse(session: Session, case_number: str, article_ids: Sequence[int], actor: str) -> None:
    """What was taken back before anybody saw it was no use."""
    about = (Reuse.case_number == case_number, Reuse.article_id.in_(article_ids), Reuse.actor == actor)
    session.execute(delete(Reuse).where(*about, Reuse.kind == "send"))


def badges_of(session: Session, articles: Sequence[Article]) -> dict[int, Badge]:
    """The badges of some articles; three queries, however many."""
    ids = [article.id for article in articles]
    counted = select(Reuse.article_id, func.count(Reuse.id), func.max(Reuse.id)).where(Reuse.article_id.in_(ids))
    counts = {row[0]: (row[1], row[2]) for row in session.execute(counted.group_by(Reuse.article_id))}
    lasts = {
        row.id: row for row in session.scalars(select(Reuse).where(Reuse.id.in_([last for _, last in counts.values()])))
    }
    names = names_of(session, (row.actor for row in lasts.values()))
    found = {}
    for article in articles:
        uses, last_id = counts.get(article.id, (0, 0))
        last = lasts.get(last_id)
        found[article.id] = Badge(
            ARCHIVED if article.archived_at else article.confidence, article.governance, tuple(article.audience), uses,
            last.created_at if last else None, names.get(last.actor, "") if last else "",
        )  # fmt: skip
    return found
