"""The sample company's three bookmark sets: an agent's own, the team's, and one to begin with.

Invariants: made once; a set that somebody changed or removed is not made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kb_service.articles.models import Article
from kb_service.auth import repository
from kb_service.bookmarks.models import Bookmark, BookmarkSet
from kb_service.bookmarks.rules import EVERY_AGENT, Kind
from kb_service.db.base import utcnow
from kb_service.search.models import SiteState

STATE = "demo_sets"


@dataclass(frozen=True, slots=True)
class SampleSet:
    """One set: whose, for what, and its articles with notes."""

    owner: str
    name: str
    kind: Kind
    team: str
    product: str | None
    articles: Mapping[str, str]


SETS = (
    SampleSet("agent@lumen-harbour.example", "Tunnels, every day", Kind.PERSONAL, EVERY_AGENT, "gateway", {
        "gw-vpn-reconnect-11": "Ask first whether the laptop was asleep.",
        "gw-slow-vpn-general": "",
        "gw-client-logs-windows": "Before anything goes to the gateway team.",
    }),
    SampleSet("admin@lumen-harbour.example", "Accounts and money", Kind.TEAM, EVERY_AGENT, None, {
        "int-identity-check": "Always before a password or an address is changed.",
        "acct-reset-password": "",
        "bill-refund": "",
        "int-refund-goodwill": "Up to the limit without asking.",
    }),
    SampleSet("admin@lumen-harbour.example", "Your first week", Kind.STARTER, "", None, {
        "int-reply-style": "How we write.",
        "int-escalation-matrix": "Who takes what we cannot solve.",
        "support-lifecycle": "",
        "proxy-settings": "",
    }),
)  # fmt: skip


def load_sets(session: Session, numbers: Mapping[str, str]) -> int:
    """Make the sets, once; returns how many. ``numbers``: external id → KB number."""
    if session.get(SiteState, STATE) is not None:
        return 0
    for sample in SETS:
        _make(session, sample, numbers)
    session.add(SiteState(name=STATE, value={"made": len(SETS)}, updated_at=utcnow()))
    session.flush()
    return len(SETS)


def _make(session: Session, sample: SampleSet, numbers: Mapping[str, str]) -> None:
    owner = repository.find_user(session, sample.owner)
    found = BookmarkSet(
        name=sample.name,
        kind=sample.kind,
        owner=f"user:{owner.id}" if owner else "system",
        owner_name=owner.name if owner else "",
        team=sample.team,
        product=sample.product,
    )
    session.add(found)
    session.flush()
    for place, (external, note) in enumerate(sample.articles.items()):
        article = session.query(Article).filter(Article.number == numbers.get(external, "")).one_or_none()
        if article is not None and article.published_revision is not None:
            revision = article.published_revision.number
            session.add(Bookmark(set_id=found.id, article_id=article.id, place=place, note=note, revision=revision,
                                 added_by=found.owner))  # fmt: skip
