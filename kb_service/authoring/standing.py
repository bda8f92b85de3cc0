"""What a reader is told of an article's standing beside its text: its badge, an overdue review, a release nobody confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from kb_service.articles.access import is_published
from kb_service.articles.models import Article, Revision
from kb_service.articles.repository import read_applicability
from kb_service.auth.actors import Actor
from kb_service.authoring.care_rules import Unconfirmed, unasked_release
from kb_service.authoring.freshness import confirmed_releases, review_dates
from kb_service.authoring.reuse import Badge, badges_of
from kb_service.catalog.context import Context
from kb_service.catalog.version import MalformedVersions, parse_version
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow


@dataclass(frozen=True, slots=True)
class ReaderStanding:
    """``due_since``: its review is overdue. ``found_right``: when somebody last did. ``unconfirmed``: for whose release."""

    badge: Badge
    due_since: datetime | None
    found_right: datetime | None
    unconfirmed: Unconfirmed | None


def standing_for(
    session: Session, article: Article, context: Context, catalog: Catalog, rules: Mapping[str, int], actor: Actor
) -> ReaderStanding:
    """An article's standing as a reader in a context is told it."""
    badge = badges_of(session, [article])[article.id]
    shown = session.get(Revision, article.published_revision_id) if is_published(article) else None
    if shown is None:
        return ReaderStanding(badge, None, None, None)
    due = None
    if article.governance == "compliance":
        due = review_dates(session, actor, rules, article.id).get(article.id)
    late = due if due is not None and due <= utcnow() else None
    right = badge.last_used_at or shown.published_at
    return ReaderStanding(badge, late, right, _unconfirmed(session, article, shown, context, catalog, actor))


def _unconfirmed(
    session: Session, article: Article, shown: Revision, context: Context, catalog: Catalog, actor: Actor
) -> Unconfirmed | None:
    """Told to who reads as one of that release, and to colleagues."""
    applies = read_applicability(session, article.applicability_key)
    named = [p for p in catalog.products if p.slug in applies.products() and context.product in (None, p.slug)]
    confirmed = confirmed_releases(session, article.id) if named else {}
    for product in named:
        found = unasked_release(
            applies, product, shown.published_at or article.updated_at, confirmed.get(product.slug, ())
        )
        if found and (_is_of(context, found.release) or (context.version is None and actor.is_staff)):
            return found
    return None


def _is_of(context: Context, release: str) -> bool:
    try:
        version = parse_version(context.version or "")
    except MalformedVersions:
        return False
    return not version.is_named and not version < parse_version(release)
