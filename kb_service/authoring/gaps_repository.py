"""Reading and keeping gaps. Nothing here decides what a gap is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from kb_service.articles.models import Article
from kb_service.articles.repository import is_published, is_readable
from kb_service.authoring.gaps_models import Gap, GapSighting
from kb_service.authoring.gaps_sources import TAKEN, Sighting
from kb_service.errors import NotFound
from kb_service.search.masking import mask


@dataclass(frozen=True, slots=True)
class GapFilter:
    """Which gaps to list."""

    state: str = "open"
    product: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended."""

    weight: float
    id: int


def list_gaps(session: Session, wanted: GapFilter, limit: int, after: Place | None = None) -> list[Gap]:
    """Gaps, most wanted first."""
    statement = select(Gap).where(Gap.state == wanted.state)
    if wanted.product is not None:
        statement = statement.where(Gap.product == wanted.product)
    if after is not None:
        statement = statement.where(or_(Gap.weight < after.weight, and_(Gap.weight == after.weight, Gap.id > after.id)))
    return list(session.scalars(statement.order_by(Gap.weight.desc(), Gap.id).limit(limit)))


def get_gap(session: Session, gap_id: int, *, lock: bool = False) -> Gap:
    """One gap. Raises NotFound."""
    statement = select(Gap).where(Gap.id == gap_id)
    gap = session.scalar(statement.with_for_update() if lock else statement)
    if gap is None:
        raise NotFound("There is no such gap.")
    return gap


def sightings_of(session: Session, gap_ids: Iterable[int]) -> dict[int, list[GapSighting]]:
    """Every sighting of gaps, in time order, in one query."""
    found: dict[int, list[GapSighting]] = {}
    statement = select(GapSighting).where(GapSighting.gap_id.in_(set(gap_ids)))
    for row in session.scalars(statement.order_by(GapSighting.seen_at, GapSighting.id)):
        found.setdefault(row.gap_id, []).append(row)
    return found


def in_context(session: Session, product: str, version: str, limit: int) -> list[tuple[GapSighting, Gap]]:
    """The newest unanswered sightings of one product and version, with their gaps."""
    statement = (
        select(GapSighting, Gap)
        .join(Gap, Gap.id == GapSighting.gap_id)
        .where(Gap.product == product, Gap.product_version == version, GapSighting.reason != TAKEN)
        .order_by(GapSighting.seen_at.desc(), GapSighting.id.desc())
        .limit(limit)
    )
    return [(sighting, gap) for sighting, gap in session.execute(statement)]


def known_references(session: Session, references: Sequence[str]) -> set[str]:
    """Those that are kept already."""
    found: set[str] = set()
    for start in range(0, len(references), 500):
        chunk = references[start : start + 500]
        found.update(session.scalars(select(GapSighting.reference).where(GapSighting.reference.in_(chunk))))
    return found


def keep(session: Session, gap: Gap, sighting: Sighting, vector: np.ndarray) -> None:
    """Add a sighting to a gap; its words are masked here, whatever the source did."""
    session.add(
        GapSighting(
            gap_id=gap.id,
            reference=sighting.reference,
            asker=sighting.asker,
            text=mask(sighting.text),
            reason=sighting.reason,
            os=sighting.os,
            offered=list(sighting.offered),
            vector=np.asarray(vector, dtype=np.float16).tobytes(),
            seen_at=sighting.seen_at,
        )
    )


def forget(session: Session, before: datetime) -> int:
    """Delete questions older than they may be kept, and gaps of which nothing is left."""
    gone = session.execute(delete(GapSighting).where(GapSighting.seen_at < before))
    empty = select(Gap.id).outerjoin(GapSighting, GapSighting.gap_id == Gap.id).where(GapSighting.id.is_(None))
    session.execute(delete(Gap).where(Gap.id.in_(empty), Gap.draft_article_id.is_(None)))
    return int(getattr(gone, "rowcount", 0))


def readable_titles(session: Session, ids: Iterable[int], audiences: frozenset[str]) -> dict[int, Article]:
    """The published articles among ``ids`` that these audiences may read."""
    wanted = set(ids)
    if not wanted:
        return {}
    found = session.scalars(select(Article).where(Article.id.in_(wanted), is_published(), is_readable(audiences)))
    return {article.id: article for article in found}
