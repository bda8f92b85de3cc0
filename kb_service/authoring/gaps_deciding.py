"""What a person does about a gap: write the draft that it asks for, or put it aside.

Invariants: one gap has one draft, whoever is faster; a draft holds masked words only, is found by nobody, and says what it
is: work in progress for agents.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb_service.articles.inputs import MAX_TITLE, ArticleText
from kb_service.articles.models import Article
from kb_service.articles.service import create_article
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.gaps_models import Gap
from kb_service.authoring.gaps_repository import get_gap, sightings_of
from kb_service.authoring.gaps_rules import DISMISSED, OPEN, WATCHED
from kb_service.authoring.gaps_sources import TAKEN
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.errors import Conflict, InvalidInput, UnknownCatalogEntry

MAX_QUOTED = 8


def draft_for(session: Session, gap_id: int, catalog: Catalog, actor: Actor) -> Article:
    """A draft in the askers' own words, for the product and version that they named."""
    actor.require(Scope.ARTICLES_WRITE)
    gap = get_gap(session, gap_id, lock=True)
    if gap.draft_article_id is not None:
        article = session.get_one(Article, gap.draft_article_id)
        if article.archived_at is None:
            raise Conflict(f"There is a draft for it already: {article.number}.", number=article.number)
    article = create_article(session, prefilled(session, gap, catalog), catalog, actor)
    gap.draft_article_id, gap.decided_by = article.id, actor.id
    session.flush()
    return article


def prefilled(session: Session, gap: Gap, catalog: Catalog) -> ArticleText:
    """The text of the draft."""
    rows = [row for row in sightings_of(session, [gap.id]).get(gap.id, []) if row.reason != TAKEN]
    said = list(dict.fromkeys(" ".join(row.text.split()) for row in rows))[:MAX_QUOTED]
    return ArticleText(
        title=(" ".join(gap.label.split()) or "Unanswered question")[:MAX_TITLE],
        issue="\n\n".join(f"> {_escaped(text)}" for text in said),
        applies_to=_applies_to(gap, catalog),
        audience=("agent",),
        confidence="work_in_progress",
    )


def _escaped(text: str) -> str:
    """Words as they were said: no mark of theirs becomes a heading or a link."""
    return "".join(f"\\{character}" if character in "\\`*_{}[]<>#|!" else character for character in text)


def _applies_to(gap: Gap, catalog: Catalog) -> tuple[dict[str, object], ...]:
    if not gap.product:
        return ()
    entry: dict[str, object] = {"product": gap.product}
    try:
        catalog.resolve_product(gap.product)
        if gap.product_version:
            catalog.resolve_version(gap.product, gap.product_version)
            entry["versions"] = [gap.product_version]
    except (UnknownCatalogEntry, InvalidInput):
        return ()
    return (entry,)


def dismiss(session: Session, gap_id: int, actor: Actor) -> Gap:
    """Put a gap aside: what is asked belongs elsewhere. New questions of it do not open it again."""
    return _turn(session, gap_id, DISMISSED, actor)


def take_up(session: Session, gap_id: int, actor: Actor) -> Gap:
    """Take a dismissed gap up again."""
    gap = get_gap(session, gap_id, lock=True)
    if gap.state != DISMISSED:
        raise Conflict("Only a dismissed gap can be taken up again.", state=gap.state)
    return _turn(session, gap_id, OPEN, actor)


def _turn(session: Session, gap_id: int, state: str, actor: Actor) -> Gap:
    actor.require(Scope.ARTICLES_WRITE)
    gap = get_gap(session, gap_id, lock=True)
    if gap.state == WATCHED:
        raise Conflict("Too few have asked for it yet.", state=gap.state)
    gap.state, gap.decided_by, gap.turned_at = state, actor.id, utcnow()
    session.flush()
    return gap
