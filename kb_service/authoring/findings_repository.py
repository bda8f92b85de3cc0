"""Reading what the checks keep. Only pairs and links of articles that the actor may read are ever returned."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from kb_service.articles.models import Article
from kb_service.articles.repository import is_published, is_readable
from kb_service.authoring.checks_models import DuplicatePair, LinkFinding


@dataclass(frozen=True, slots=True)
class Pair:
    """Two alike articles."""

    row: DuplicatePair
    low: Article
    high: Article


def list_pairs(
    session: Session, audiences: frozenset[str], state: str, limit: int, after: tuple[float, int] | None = None
) -> list[Pair]:
    """Pairs in a state, most alike first, behind ``after`` (likeness, id)."""
    low, high = aliased(Article), aliased(Article)
    readable = select(Article.id).where(is_readable(audiences))
    statement = (
        select(DuplicatePair, low, high)
        .join(low, low.id == DuplicatePair.low_id)
        .join(high, high.id == DuplicatePair.high_id)
        .where(DuplicatePair.state == state, low.id.in_(readable), high.id.in_(readable))
        .order_by(DuplicatePair.likeness.desc(), DuplicatePair.id)
        .limit(limit)
    )
    if after is not None:
        likeness, row_id = after
        behind = and_(DuplicatePair.likeness == likeness, DuplicatePair.id > row_id)
        statement = statement.where(or_(DuplicatePair.likeness < likeness, behind))
    return [Pair(row, one, other) for row, one, other in session.execute(statement)]


def list_link_findings(
    session: Session, audiences: frozenset[str], limit: int, after: int = 0
) -> list[tuple[LinkFinding, Article]]:
    """Flawed links of published articles, in the order of their articles."""
    statement = (
        select(LinkFinding, Article)
        .join(Article, Article.id == LinkFinding.article_id)
        .where(is_published(), is_readable(audiences), LinkFinding.id > after)
        .order_by(LinkFinding.id)
        .limit(limit)
    )
    return [(finding, article) for finding, article in session.execute(statement)]
