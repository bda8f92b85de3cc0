"""Freshness follows use: what to look at again, and one action for each.

Invariants: confidence is never changed by the calendar; nothing is confirmed, cut or archived by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb_service.articles import moves
from kb_service.articles.access import get_for_change
from kb_service.articles.licences import COMPLIANCE
from kb_service.articles.models import ApplicabilityRow, Article, Feedback, Revision
from kb_service.articles.recording import audit
from kb_service.articles.repository import is_published, is_readable, newest_revision, read_applicability
from kb_service.articles.service import Change, edit_article
from kb_service.auth.actors import SYSTEM, Actor, Role, Scope
from kb_service.auth.models import User
from kb_service.authoring.care_rules import known_since, numbered, open_ended, review_days
from kb_service.authoring.models import ReleaseConfirmation, Reuse, ScheduledMove
from kb_service.authoring.notifications import notify
from kb_service.authoring.tasks import owner_of
from kb_service.catalog.context import Applicability
from kb_service.catalog.versions import EVERY_VERSION, VersionSet, parse_versions
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.db.once import insert_once
from kb_service.errors import Conflict

UNUSED_DAYS, SHOWN = 548, 100
REVIEW, TOLD = "review", "told"


@dataclass(frozen=True, slots=True)
class Due:
    """An article to look at again, and since when."""

    article: Article
    since: datetime | None
    uses: int = 0


def overdue(session: Session, actor: Actor, rules: Mapping[str, int], now: datetime | None = None) -> list[Due]:
    """Published compliance-based articles whose review date has passed; oldest first."""
    now = now or utcnow()
    late = [(at, id) for id, at in review_dates(session, actor, rules).items() if at <= now]
    late = sorted(late)[:SHOWN]
    rows = session.scalars(select(Article).where(Article.id.in_([id for _, id in late])))
    found = {article.id: article for article in rows}
    return [Due(found[id], at) for at, id in late if id in found]


def review_dates(
    session: Session, actor: Actor, rules: Mapping[str, int], article_id: int | None = None
) -> dict[int, datetime]:
    """When each compliance-based article is due: as set, else so many days after its text was published."""
    due = select(ScheduledMove.due_at).where(ScheduledMove.article_id == Article.id, ScheduledMove.open_key == REVIEW)
    statement = (
        select(Article.id, Article.type, ApplicabilityRow.canonical, Revision.published_at, due.scalar_subquery())
        .join(Revision, Revision.id == Article.published_revision_id)
        .join(ApplicabilityRow, ApplicabilityRow.key == Article.applicability_key)
        .where(is_published(), Article.governance == COMPLIANCE, is_readable(actor.audiences))
    )
    if article_id is not None:
        statement = statement.where(Article.id == article_id)
    products: dict[str, frozenset[str]] = {}
    found = {}
    for id, kind, canonical, published_at, stated in session.execute(statement):
        if canonical not in products:
            products[canonical] = frozenset(Applicability.from_canonical(canonical).products())
        days = timedelta(days=review_days(rules, kind, products[canonical]))
        found[id] = stated or (published_at or utcnow()) + days
    return found


def set_review(session: Session, reference: int | str, due_at: datetime, actor: Actor) -> ScheduledMove:
    """When a compliance-based article is to be looked at again; setting it is how a review is done."""
    article = get_for_change(session, reference, actor)
    actor.require(Scope.ARTICLES_PUBLISH)
    if article.governance != COMPLIANCE:
        raise Conflict("Experience-based articles have no review date: their use reviews them.")
    row = _review_row(session, article.id, due_at, actor.id)
    row.due_at, row.actor, row.outcome = due_at, actor.id, None
    audit(session, actor, "reviewed", article, due_at=due_at.isoformat())
    session.flush()
    return row


def _review_row(session: Session, article_id: int, due_at: datetime, actor: str) -> ScheduledMove:
    where = (ScheduledMove.article_id == article_id, ScheduledMove.open_key == REVIEW)
    row = session.scalar(select(ScheduledMove).where(*where))
    if row is None:
        row = ScheduledMove(
            article_id=article_id,
            move=REVIEW,
            open_key=REVIEW,
            actor=actor,
            scopes=[],
            due_at=due_at,
            revision_number=0,
        )
        session.add(row)
    return row


def tell_overdue(session: Session, rules: Mapping[str, int], now: datetime | None = None) -> int:
    """Tell owners and leads of each review that has come due, once; how many were told of."""
    now = now or utcnow()
    known = select(ScheduledMove.article_id).where(ScheduledMove.open_key == REVIEW, ScheduledMove.outcome == TOLD)
    told = set(session.scalars(known))
    late = [(id, at) for id, at in review_dates(session, SYSTEM, rules).items() if at <= now and id not in told]
    if not late:
        return 0
    leads = select(User).where(User.role == Role.LEAD, User.disabled_at.is_(None))
    people = [f"user:{user.id}" for user in session.scalars(leads)]
    for id, at in late:
        article = session.get_one(Article, id)
        shown = session.get_one(Revision, article.published_revision_id)
        notify(session, [owner_of(article, shown), *people], "overdue", article)
        _review_row(session, id, at, "system").outcome = TOLD
    session.flush()
    return len(late)


def unconfirmed(session: Session, product: str, release: str, catalog: Catalog, actor: Actor) -> list[Due]:
    """Articles published before a release was known that reach into it without anybody's word; most used first."""
    rows = select(ApplicabilityRow).where(ApplicabilityRow.canonical.contains(f'"{product}"', autoescape=True))
    meant = {row.key: Applicability.from_canonical(row.canonical) for row in session.scalars(rows)}
    keys = [key for key, applies in meant.items() if open_ended(applies, product, release)]
    confirmed = select(ReleaseConfirmation.article_id).where(
        ReleaseConfirmation.product == product, ReleaseConfirmation.release == release
    )
    uses = select(func.count(Reuse.id)).where(Reuse.article_id == Article.id).scalar_subquery()
    where = [
        is_published(),
        is_readable(actor.audiences),
        Article.applicability_key.in_(keys),
        Article.id.not_in(confirmed),
    ]
    if (since := release_since(catalog, product, release)) is not None:
        where.append(Revision.published_at < since)
    order = (uses.desc(), Article.votes_up.desc(), Article.id)
    joined = select(Article, uses).join(Revision, Revision.id == Article.published_revision_id)
    found = session.execute(joined.where(*where).order_by(*order).limit(SHOWN))
    return [Due(article, None, count) for article, count in found]


def release_since(catalog: Catalog, product: str, release: str) -> datetime | None:
    """From when on a release could be known; None: nobody can say."""
    entry = next((one for one in catalog.products if one.slug == product), None)
    known = [one for one in numbered(entry) if one.version == release] if entry else []
    return known_since(known[0]) if known else None


def newest_releases(catalog: Catalog) -> dict[str, str]:
    """Each product's newest release that has a place in the order."""
    return {p.slug: known[-1].version for p in catalog.products if (known := numbered(p))}


def confirmed_releases(session: Session, article_id: int) -> dict[str, set[str]]:
    """The releases that somebody confirmed for an article, by product."""
    found: dict[str, set[str]] = {}
    for row in session.scalars(select(ReleaseConfirmation).where(ReleaseConfirmation.article_id == article_id)):
        found.setdefault(row.product, set()).add(row.release)
    return found


def confirm(session: Session, reference: int | str, product: str, release: str, actor: Actor) -> Article:
    """Found right for a release."""
    article = get_for_change(session, reference, actor)
    insert_once(
        session, ReleaseConfirmation, ["article_id", "product", "release"],
        article_id=article.id, product=product, release=release, actor=actor.id, created_at=utcnow(),
    )  # fmt: skip
    audit(session, actor, "confirm_release", article, product=product, release=release)
    return article


def cut(session: Session, reference: int | str, product: str, release: str, catalog: Catalog, actor: Actor) -> Change:
    """Not for this release and what follows: the same text, ending before it, published at once."""
    article = get_for_change(session, reference, actor)
    newest = newest_revision(session, article.id)
    if newest.state != "published":
        raise Conflict("A newer draft waits; cut its versions there, or publish it first.")
    below = parse_versions(f"<{release}")
    raw = []
    for entry in read_applicability(session, newest.applicability_key).entries:
        versions: VersionSet = (
            (entry.versions or EVERY_VERSION).intersect(below) if entry.product == product else entry.versions
        )
        if not versions.is_empty:
            raw.append({"product": entry.product, "versions": versions.canonical(), "os": sorted(entry.os)})
    if not raw:
        raise Conflict("It is for this release alone: archive it instead.")
    edit_article(session, article.id, {"applies_to": tuple(raw), "significance": "minor"}, catalog, actor)
    audit(session, actor, "cut_release", article, product=product, release=release)
    return moves.publish(session, article.id, actor)


def unused(session: Session, actor: Actor, now: datetime | None = None) -> list[Due]:
    """Published long ago, and since then neither changed, linked, sent nor voted on; oldest first."""
    before = (now or utcnow()) - timedelta(days=UNUSED_DAYS)
    used = select(Reuse.id).where(Reuse.article_id == Article.id, Reuse.created_at > before).exists()
    voted = select(Feedback.id).where(Feedback.article_id == Article.id, Feedback.created_at > before).exists()
    where = (is_published(), is_readable(actor.audiences), Article.updated_at < before, ~used, ~voted)
    rows = session.scalars(select(Article).where(*where).order_by(Article.updated_at, Article.id).limit(SHOWN))
    return [Due(article, article.updated_at) for article in rows]
