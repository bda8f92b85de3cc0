"""What a person makes of two alike articles: keep both, link them as variants, or merge one into the other.

Invariants: who decides may change both; a merge archives one article and lets its addresses lead to the other, so that
nothing that points to it breaks; nothing is deleted.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from kb_service.articles import moves
from kb_service.articles.access import get_for_change
from kb_service.articles.models import Article, Family, Redirect
from kb_service.articles.recording import audit
from kb_service.articles.repository import find_family
from kb_service.articles.service import Change, edit_article
from kb_service.auth.actors import Actor
from kb_service.authoring.checks_models import DuplicatePair
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.errors import Conflict, StaleVersion
from kb_service.text import slugify

DECISIONS: Final = ("keep", "variant", "merge")
_STATES = {"keep": "kept", "variant": "variant", "merge": "merged"}


def decide(
    session: Session,
    references: tuple[str, str],
    decision: str,
    catalog: Catalog,
    actor: Actor,
    version: int | None = None,
) -> Change:
    """Decide on (the article in question, the other); ``merge`` archives the first. Returns the first one's change.

    ``version``: what the first one was when the actor looked at it. Raises StaleVersion, Conflict.
    """
    article, other = (get_for_change(session, reference, actor) for reference in references)
    if version is not None and article.version != version:
        raise StaleVersion()
    if article.id == other.id:
        raise Conflict("These are one and the same article.")
    change = Change(article)
    if decision == "variant":
        change = edit_article(session, article.id, {"family": family_slug(session, other)}, catalog, actor)
    elif decision == "merge":
        change = _merge(session, article, other, actor)
    _remember(session, article, other, _STATES[decision], actor)
    audit(session, actor, f"duplicate.{decision}", article, other=other.number)
    return change


def family_slug(session: Session, article: Article) -> str:
    """The slug of an article's family, given one where it has none."""
    family = session.get_one(Family, article.family_id)
    if family.slug is None:
        base = slugify(article.title, 60).strip("-") or "family"
        family.slug = base if find_family(session, base) is None else f"{base[:60]}-{article.id}"
        session.flush()
    return family.slug


def _merge(session: Session, article: Article, other: Article, actor: Actor) -> Change:
    if other.archived_at is not None or other.published_revision_id is None:
        raise Conflict(f"{other.number} is not published: merge into what readers see.")
    change = moves.archive(session, article.id, actor)
    session.execute(update(Redirect).where(Redirect.article_id == article.id).values(article_id=other.id))
    path = f"/a/{article.number}"
    row = session.get(Redirect, path)
    if row is None:
        session.add(Redirect(path=path, article_id=other.id))
    else:
        row.article_id = other.id
    session.flush()
    return change


def _remember(session: Session, article: Article, other: Article, state: str, actor: Actor) -> None:
    low, high = sorted((article.id, other.id))
    pair = session.scalar(select(DuplicatePair).where(DuplicatePair.low_id == low, DuplicatePair.high_id == high))
    if pair is None:
        pair = DuplicatePair(low_id=low, high_id=high, likeness=0.0, detail={})
        session.add(pair)
    pair.state, pair.decided_by, pair.decided_at = state, actor.id, utcnow()
    session.flush()


def decided_with(session: Session, article_id: int) -> set[int]:
    """The articles about which somebody has decided, together with this one."""
    mine = or_(DuplicatePair.low_id == article_id, DuplicatePair.high_id == article_id)
    pairs = session.execute(
        select(DuplicatePair.low_id, DuplicatePair.high_id).where(mine, DuplicatePair.state != "open")
    )
    return {low if high == article_id else high for low, high in pairs}
