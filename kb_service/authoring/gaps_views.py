"""Gaps as responses and pages show them: a fixed number of queries whatever their count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.articles.addresses import article_url
from kb_service.articles.models import Article
from kb_service.auth.actors import Actor
from kb_service.authoring.gaps_models import Gap, GapSighting
from kb_service.authoring.gaps_repository import readable_titles, sightings_of
from kb_service.authoring.gaps_schemas import GapOut, OfferedOut, QuestionOut
from kb_service.authoring.gaps_sources import TAKEN
from kb_service.catalog.context import Context
from kb_service.catalog.vocabulary import Catalog

MAX_QUESTIONS, MAX_OFFERED, TOP = 20, 5, 3


def view_gaps(session: Session, gaps: Sequence[Gap], catalog: Catalog, actor: Actor) -> list[GapOut]:
    """Gaps with the newest of their questions and what was offered most, as far as the actor may read it."""
    seen = sightings_of(session, (gap.id for gap in gaps))
    counts = {gap.id: _offered(seen.get(gap.id, [])) for gap in gaps}
    titles = readable_titles(session, (a for counted in counts.values() for a in counted), actor.audiences)
    wanted = {gap.draft_article_id for gap in gaps if gap.draft_article_id is not None}
    drafts = {a.id: a.number for a in session.scalars(select(Article).where(Article.id.in_(wanted)))} if wanted else {}
    return [
        GapOut(
            id=gap.id,
            label=gap.label,
            state=gap.state,
            product=gap.product,
            version=gap.product_version,
            context=catalog.describe_context(Context(gap.product or None, gap.product_version or None)),
            demand=gap.demand,
            strength=gap.strength,
            weight=round(gap.weight, 4),
            reasons=gap.reasons,
            draft=drafts.get(gap.draft_article_id or 0),
            times_reopened=gap.times_reopened,
            first_at=gap.first_at,
            last_at=gap.last_at,
            questions=_questions(seen.get(gap.id, [])),
            offered=_titled(counts[gap.id], titles),
        )
        for gap in gaps
    ]


def _offered(rows: Sequence[GapSighting]) -> Counter[int]:
    return Counter(article for row in rows if row.reason != TAKEN for article in row.offered[:TOP])


def _questions(rows: Sequence[GapSighting]) -> list[QuestionOut]:
    left = [row for row in rows if row.reason != TAKEN]
    distinct = {row.text: row for row in left}
    newest = sorted(distinct.values(), key=lambda row: row.seen_at, reverse=True)[:MAX_QUESTIONS]
    return [QuestionOut(text=row.text, reason=row.reason, seen_at=row.seen_at) for row in newest]


def _titled(counted: Counter[int], titles: dict[int, Article]) -> list[OfferedOut]:
    known = [(titles[article], times) for article, times in counted.most_common() if article in titles]
    return [
        OfferedOut(article=a.id, number=a.number, title=a.title, url=article_url(a.number, a.title), times=times)
        for a, times in known[:MAX_OFFERED]
    ]
