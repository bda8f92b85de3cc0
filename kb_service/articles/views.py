"""Article rows as responses. What readers may not see (sources, drafts) is left out here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from kb_service.articles.access import find_linked, is_published
from kb_service.articles.addresses import article_url
from kb_service.articles.inputs import TEXT_FIELDS
from kb_service.articles.lifecycle import possible_moves, state_of
from kb_service.articles.models import Article, Family, Revision
from kb_service.articles.renderings import Rendering, RenderingAids, render
from kb_service.articles.repository import (
    family_members,
    newest_revision,
    read_applicabilities,
    read_applicability,
    to_content,
)
from kb_service.articles.schemas import (
    ArticleOut,
    ArticleSummary,
    RevisionOut,
    RevisionSummary,
    SectionOut,
    SourceOut,
    VariantOut,
)
from kb_service.auth.actors import PUBLIC, Actor, Scope
from kb_service.catalog.context import Applicability, Context
from kb_service.catalog.vocabulary import Catalog


def shown_revision(session: Session, article: Article) -> Revision:
    """The published revision; of an unpublished article, the newest."""
    published = session.get(Revision, article.published_revision_id) if article.published_revision_id else None
    return published or newest_revision(session, article.id)


def render_article(
    session: Session, article: Article, revision: Revision, context: Context, catalog: Catalog, actor: Actor
) -> Rendering:
    """A revision as a page in a context: words by the catalogue, links to what the actor may know."""

    def resolve(target: str) -> str | None:
        found = find_linked(session, target, article.source, actor)
        if found is None:
            return None
        # a title is told only where everybody may know it; the page leads on from the number
        return article_url(found.number, found.title if is_published(found) and PUBLIC in found.audience else "")

    applies = read_applicability(session, revision.applicability_key)
    aids = RenderingAids(resolve, catalog.describe, catalog.named_versions(context.product))
    return render(to_content(revision, applies), context, aids)


def view_article(session: Session, article: Article, context: Context, catalog: Catalog, actor: Actor) -> ArticleOut:
    """One article, rendered in a context, as this actor may see it."""
    revision = shown_revision(session, article)
    rendering = render_article(session, article, revision, context, catalog, actor)
    applies = read_applicability(session, revision.applicability_key)
    summary = view_summary(article, applies, catalog, actor).model_dump()
    is_writer = actor.may(Scope.ARTICLES_WRITE)
    return ArticleOut(
        **summary,
        revision=revision.number,
        keywords=revision.keywords,
        applies=rendering.applies,
        applicability=applies.to_raw(),
        sections=[SectionOut.model_validate(section, from_attributes=True) for section in rendering.sections],
        variants=_variants(session, article, catalog, actor),
        source=_source(session, article, revision) if is_writer else None,
    )


def _variants(session: Session, article: Article, catalog: Catalog, actor: Actor) -> list[VariantOut]:
    members = [a for a in family_members(session, article.family_id, actor.audiences) if a.id != article.id]
    meanings = read_applicabilities(session, (member.applicability_key for member in members))
    return [
        VariantOut(id=m.id, number=m.number, title=m.title, applies_to=catalog.describe(meanings[m.applicability_key]))
        for m in members
    ]


def _source(session: Session, article: Article, revision: Revision) -> SourceOut:
    newest = newest_revision(session, article.id)
    family = session.get(Family, article.family_id)
    state = state_of(is_archived=article.archived_at is not None, is_published=is_published(article))
    return SourceOut(
        **{name: getattr(revision, name) for name in TEXT_FIELDS},
        family=family.slug if family else None,
        owner=article.owner,
        confidence=article.confidence,
        governance=article.governance,
        significance=revision.significance,
        possible=[move.value for move in possible_moves(state, has_draft=newest.state == "draft")],
        newest_revision=newest.number,
    )


def view_summaries(
    session: Session, articles: Sequence[Article], catalog: Catalog, actor: Actor
) -> list[ArticleSummary]:
    """Articles in a list; one query for all applicabilities."""
    meanings = read_applicabilities(session, (article.applicability_key for article in articles))
    return [view_summary(article, meanings[article.applicability_key], catalog, actor) for article in articles]


def shown_version(article: Article, actor: Actor) -> int:
    """The version that an actor sees: to readers it rises with what they can see, never with a draft."""
    return article.version if actor.may(Scope.ARTICLES_WRITE) else article.index_version


def view_summary(article: Article, applies: Applicability, catalog: Catalog, actor: Actor) -> ArticleSummary:
    """An article without its text."""
    state = state_of(is_archived=article.archived_at is not None, is_published=is_published(article))
    return ArticleSummary(
        id=article.id,
        number=article.number,
        version=shown_version(article, actor),
        status=state.value,
        title=article.title,
        short_answer=article.short_answer,
        type=article.type,
        language=article.language,
        audience=article.audience,
        topics=article.topics,
        applies_to=catalog.describe(applies),
        updated_at=article.updated_at,
        published_at=article.published_at,
        votes_up=article.votes_up,
        votes_down=article.votes_down,
    )


def view_revision_summary(revision: Revision) -> RevisionSummary:
    """A revision without its text."""
    return RevisionSummary.model_validate(revision, from_attributes=True)


def view_revision(session: Session, revision: Revision) -> RevisionOut:
    """A revision as written."""
    summary = view_revision_summary(revision).model_dump()
    return RevisionOut(
        **summary,
        short_answer=revision.short_answer,
        language=revision.language,
        keywords=revision.keywords,
        applicability=read_applicability(session, revision.applicability_key).to_raw(),
        based_on=revision.based_on,
        **{name: getattr(revision, name) for name in TEXT_FIELDS},
    )
