"""The periodic comparison: whatever was published since the last time against everything else; pairs are kept.

Invariants: a few articles a run, so that nobody waits; a decision outlives every scan; a pair that is no longer alike, or
of which one is no longer published, is forgotten as long as nobody decided on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from kb_service.articles.changes import published_rows
from kb_service.articles.models import Article
from kb_service.articles.repository import is_published, to_content
from kb_service.auth.actors import SYSTEM
from kb_service.authoring.checks_contradictions import find_contradictions
from kb_service.authoring.checks_models import DuplicatePair, DuplicateScan
from kb_service.authoring.duplicates_finding import Duplicate, Finder, Text, plain
from kb_service.catalog.context import Applicability
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.db.once import insert_once
from kb_service.db.session import Database

BATCH = 50


def read_text(database: Database, article: int) -> Text | None:
    """The published text of an article, as the scan compares it; None when it has none."""
    with database.reading() as session:
        rows = published_rows(session, [article])
        if not rows:
            return None
        found, revision, canonical = rows[0]
        content = to_content(revision, Applicability.from_canonical(canonical))
        return Text(content, SYSTEM.audiences | frozenset(found.audience), found.id, found.family_id)


def scan(database: Database, finder: Finder, catalog: Catalog, batch: int = BATCH) -> str:
    """Compare the next few changed articles; returns a line for the job's record."""
    with database.reading() as session:
        waiting = _waiting(session, batch)
    pairs = 0
    for article, version in waiting:
        text = read_text(database, article)
        found = finder.find(text) if text else []
        with database.writing() as session:
            pairs += _keep(session, article, text, found, catalog) if text else 0
            _mark(session, article, version)
    with database.writing() as session:
        _forget_unpublished(session)
    return f"compared {len(waiting)} articles, {pairs} pairs alike"


def _waiting(session: Session, limit: int) -> list[tuple[int, int]]:
    statement = (
        select(Article.id, Article.index_version)
        .outerjoin(DuplicateScan, DuplicateScan.article_id == Article.id)
        .where(is_published())
        .where(or_(DuplicateScan.index_version.is_(None), DuplicateScan.index_version != Article.index_version))
        .order_by(Article.id)
        .limit(limit)
    )
    return [(article, version) for article, version in session.execute(statement)]


def _keep(session: Session, article: int, text: Text, found: Sequence[Duplicate], catalog: Catalog) -> int:
    mine = or_(DuplicatePair.low_id == article, DuplicatePair.high_id == article)
    session.execute(delete(DuplicatePair).where(mine, DuplicatePair.state == "open"))
    for duplicate in found:
        low, high = sorted((article, duplicate.article))
        insert_once(
            session, DuplicatePair, ["low_id", "high_id"], low_id=low, high_id=high, likeness=duplicate.likeness,
            detail=explain(text, duplicate, catalog), state="open", decided_by="", found_at=utcnow(),
        )  # fmt: skip
    return len(found)


def explain(text: Text, duplicate: Duplicate, catalog: Catalog) -> dict[str, object]:
    """Why two texts are alike, for people and programs."""
    evidence = duplicate.evidence
    against = find_contradictions(plain(text.content), plain(duplicate.content))
    return {
        "meaning": round(evidence.meaning, 3),
        "words": round(evidence.words, 3),
        "contained": round(evidence.contained, 3),
        "title": round(evidence.title, 3),
        "shared": list(evidence.shared),
        "common": catalog.describe(duplicate.common),
        "contradictions": [{"mine": c.mine, "theirs": c.theirs, "why": c.why} for c in against],
    }


def _mark(session: Session, article: int, version: int) -> None:
    row = session.get(DuplicateScan, article)
    if row is None:
        session.add(DuplicateScan(article_id=article, index_version=version))
    else:
        row.index_version = version


def _forget_unpublished(session: Session) -> None:
    live = select(Article.id).where(is_published())
    gone = or_(DuplicatePair.low_id.not_in(live), DuplicatePair.high_id.not_in(live))
    session.execute(delete(DuplicatePair).where(DuplicatePair.state == "open", gone))
