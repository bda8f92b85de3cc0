"""Proposals for everything that was imported without applicability: made, grouped, accepted, rejected.

Invariants: only imported articles that apply to everything are proposed for; a rejected proposal is not made again; accepting
edits and publishes what was published, with the rights and rules of any other edit; a few at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from kb_service.articles import moves
from kb_service.articles.access import is_published as readers_see
from kb_service.articles.models import Article, Redirect, Revision
from kb_service.articles.repository import is_readable, newest_revision
from kb_service.articles.service import Change, edit_article
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.proposals import Material, Proposer, folders_of
from kb_service.authoring.proposals_models import ApplicabilityProposal
from kb_service.catalog.context import EVERYTHING
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow

CHUNK, BATCH, SAMPLE = 500, 50, 5


@dataclass(frozen=True, slots=True)
class Group:
    """Proposals that stand on the same evidence. ``samples``: a few of the articles."""

    product: str
    evidence: str
    count: int
    samples: tuple[Article, ...]


def propose_all(session: Session, catalog: Catalog) -> tuple[int, int]:
    """(articles looked at, proposals made): open proposals are made anew."""
    session.execute(delete(ApplicabilityProposal).where(ApplicabilityProposal.state == "open"))
    proposer = Proposer(catalog.indexes.product_names, {p.slug: p.name for p in catalog.products})
    settled = select(ApplicabilityProposal.article_id)
    wanted = select(Article.id).where(_is_open(), Article.id.not_in(settled)).order_by(Article.id)
    ids = list(session.scalars(wanted))
    made = 0
    for start in range(0, len(ids), CHUNK):
        for article, material in _materials(session, ids[start : start + CHUNK], catalog):
            proposal = proposer.propose(material)
            if proposal is None:
                continue
            made += 1
            session.add(
                ApplicabilityProposal(
                    article_id=article,
                    product=proposal.product,
                    evidence=", ".join(proposal.reasons),
                    margin=proposal.margin,
                    reasons=list(proposal.reasons),
                    proposed_at=utcnow(),
                )
            )
        session.flush()
    return len(ids), made


def _is_open() -> ColumnElement[bool]:
    is_everything = Article.applicability_key == EVERYTHING.key()
    return Article.source.is_not(None) & Article.archived_at.is_(None) & is_everything


def _materials(session: Session, ids: Sequence[int], catalog: Catalog) -> list[tuple[int, Material]]:
    addresses: dict[int, list[str]] = {}
    for path, article in session.execute(
        select(Redirect.path, Redirect.article_id).where(Redirect.article_id.in_(ids))
    ):
        addresses.setdefault(article, []).append(path)
    newest = select(func.max(Revision.id)).where(Revision.article_id.in_(ids)).group_by(Revision.article_id)
    rows = session.execute(
        select(Article.id, Article.topics, Revision)
        .join(Revision, Revision.article_id == Article.id)
        .where(Revision.id.in_(newest))
    )
    found = []
    for article, topics, revision in rows:
        text = "\n".join(
            [
                revision.short_answer,
                revision.issue,
                revision.environment,
                revision.cause,
                revision.resolution,
                revision.body,
            ]
        )
        labels = tuple([catalog.topic_name(path) for path in topics] + list(revision.keywords))
        found.append((article, Material(revision.title, text.strip(), folders_of(addresses.get(article, ())), labels)))
    return found


def list_groups(session: Session, audiences: frozenset[str]) -> list[Group]:
    """Open proposals in groups, the largest first, with a few of their articles."""
    mine = select(Article.id).where(is_readable(audiences))
    statement = (
        select(ApplicabilityProposal.product, ApplicabilityProposal.evidence, func.count())
        .where(ApplicabilityProposal.state == "open", ApplicabilityProposal.article_id.in_(mine))
        .group_by(ApplicabilityProposal.product, ApplicabilityProposal.evidence)
    )
    rows = sorted(session.execute(statement).all(), key=lambda row: (-row[2], row[0], row[1]))
    samples = _samples(session, audiences)
    return [
        Group(product, evidence, count, tuple(samples.get((product, evidence), ())))
        for product, evidence, count in rows
    ]


def _samples(session: Session, audiences: frozenset[str]) -> dict[tuple[str, str], list[Article]]:
    place = func.row_number().over(
        partition_by=(ApplicabilityProposal.product, ApplicabilityProposal.evidence),
        order_by=(ApplicabilityProposal.margin, ApplicabilityProposal.article_id),
    )
    ranked = (
        select(ApplicabilityProposal.article_id, place.label("place"))
        .join(Article, Article.id == ApplicabilityProposal.article_id)
        .where(ApplicabilityProposal.state == "open", is_readable(audiences))
        .subquery()
    )
    statement = (
        select(ApplicabilityProposal.product, ApplicabilityProposal.evidence, Article)
        .join(Article, Article.id == ApplicabilityProposal.article_id)
        .join(ranked, ranked.c.article_id == ApplicabilityProposal.article_id)
        .where(ranked.c.place <= SAMPLE)
        .order_by(ranked.c.place)
    )
    found: dict[tuple[str, str], list[Article]] = {}
    for product, evidence, article in session.execute(statement):
        found.setdefault((product, evidence), []).append(article)
    return found


def accept(session: Session, product: str, evidence: str, catalog: Catalog, actor: Actor) -> list[Change]:
    """Give the next BATCH articles of a group their product; what was published is published again at once."""
    actor.require(Scope.ARTICLES_WRITE)
    changes = []
    for proposal, article in _take(session, product, evidence, actor):
        was_shown = readers_see(article)
        had_draft = newest_revision(session, article.id).state == "draft"
        change = edit_article(session, article.id, {"applies_to": ({"product": product},)}, catalog, actor)
        if was_shown and not had_draft:  # somebody's unfinished draft is not published by the way
            change = moves.publish(session, article.id, actor)
        changes.append(change)
        proposal.state, proposal.decided_by = "accepted", actor.id
    session.flush()
    return changes


def reject(session: Session, product: str, evidence: str, actor: Actor) -> int:
    """Say that a group is wrong: none of it is proposed again. Returns how many."""
    actor.require(Scope.ARTICLES_WRITE)
    taken = _take(session, product, evidence, actor, limit=None)
    for proposal, _ in taken:
        proposal.state, proposal.decided_by = "rejected", actor.id
    session.flush()
    return len(taken)


def _take(
    session: Session, product: str, evidence: str, actor: Actor, limit: int | None = BATCH
) -> list[tuple[ApplicabilityProposal, Article]]:
    statement = (
        select(ApplicabilityProposal, Article)
        .join(Article, Article.id == ApplicabilityProposal.article_id)
        .where(ApplicabilityProposal.state == "open")
        .where(ApplicabilityProposal.product == product, ApplicabilityProposal.evidence == evidence)
        .where(is_readable(actor.audiences))
        .order_by(ApplicabilityProposal.margin.desc(), Article.id)
        .limit(limit)
        .with_for_update()
    )
    return [(proposal, article) for proposal, article in session.execute(statement)]
