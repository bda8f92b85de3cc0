"""Pins, synonym sets and effects as the API says them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from kb_service.articles.access import is_published
from kb_service.articles.models import Article, Revision
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.search.curating import state_of
from kb_service.search.curating_effect import Effect
from kb_service.search.curating_schemas import ChangeOut, EffectOut, PinOut, SynonymsOut
from kb_service.search.models import Pin, SynonymSet

SHOWN = 50


def view_pin(session: Session, pin: Pin, article: Article) -> PinOut:
    """A pin with the title that readers see, else none."""
    revision = session.get(Revision, article.published_revision_id) if article.published_revision_id else None
    return PinOut(
        phrase=pin.phrase, article=article.id, number=article.number, title=revision.title if revision else "",
        is_published=is_published(article), **_common(pin),
    )  # fmt: skip


def view_synonyms(row: SynonymSet) -> SynonymsOut:
    """A synonym set."""
    return SynonymsOut(terms=row.terms, **_common(row))


def view_effect(effect: Effect, catalog: Catalog) -> EffectOut:
    """An effect: what gets worse first."""
    order = {"worse": 0, "better": 1, "changed": 2}
    changes = sorted(effect.changes, key=lambda change: order[change.verdict])[:SHOWN]
    return EffectOut(
        considered=effect.considered, judged=effect.judged, better=effect.count("better"), worse=effect.count("worse"),
        changed=effect.count("changed"),
        changes=[
            ChangeOut(question=c.question.text[:300], context=catalog.describe_context(c.question.context),
                      verdict=c.verdict, before=c.before, after=c.after)  # type: ignore[arg-type]
            for c in changes
        ],
    )  # fmt: skip


def _common(row: Pin | SynonymSet) -> dict[str, Any]:
    names = ("id", "product", "versions", "os", "starts_at", "ends_at", "created_at", "created_by", "version")
    return {"state": state_of(row, utcnow()), **{name: getattr(row, name) for name in names}}
