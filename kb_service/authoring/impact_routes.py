"""/v1/articles/{reference}/impact: which past questions an edit moves, and which start or stop being answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from kb_service.articles.access import get_known
from kb_service.articles.models import Article
from kb_service.articles.repository import newest_revision, read_applicability, to_content
from kb_service.articles.requests import Reference
from kb_service.articles.sections import RevisionContent
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.impact import DUE_FROM, Effect, Impact, Previewer, count_finding
from kb_service.catalog.vocabulary import Catalog
from kb_service.http import CurrentActor, CurrentParts, ReadingSession

router = APIRouter(prefix="/v1/articles/{reference}/impact", tags=["authoring"])


class EffectOut(BaseModel):
    """One past question that changes. Places count from 1; null: not among the first ten."""

    question: str
    context: str
    place_before: int | None
    place_after: int | None
    answered_before: bool
    answered_after: bool
    other_first: bool
    """Another article comes first afterwards."""


class ImpactOut(BaseModel):
    """What publishing the newest text would do to the questions of the last 90 days, asked again."""

    number: str
    asked: int
    moved: int
    started: int
    stopped: int
    found_by: int
    """Questions of the last 90 days that found the article."""
    is_due: bool
    """So many found it that the preview belongs to every edit."""
    effects: list[EffectOut]


def get_previewer(request: Request) -> Previewer:
    """The previewer of this process."""
    return Previewer(request.app.state.parts.search)


CurrentPreviewer = Annotated[Previewer, Depends(get_previewer)]


@router.get("", response_model=ImpactOut)
def get_impact(
    reference: Reference, session: ReadingSession, actor: CurrentActor, parts: CurrentParts, previewer: CurrentPreviewer
) -> ImpactOut:
    """Try the newest text of a published article on a copy of the index; takes some seconds."""
    actor.require(Scope.ARTICLES_WRITE)
    return preview_impact(session, get_known(session, reference, actor), parts.catalog, previewer, actor)


def preview_impact(
    session: Session, article: Article, catalog: Catalog, previewer: Previewer, actor: Actor
) -> ImpactOut:
    """The impact of an article's newest text."""
    content, keywords = newest_text(session, article)
    impact = previewer.preview(article.id, content, keywords)
    found_by = count_finding(session, article.id)
    return view_impact(article, impact, found_by, catalog)


def newest_text(session: Session, article: Article) -> tuple[RevisionContent, list[str]]:
    """What publishing would show."""
    revision = newest_revision(session, article.id)
    return to_content(revision, read_applicability(session, revision.applicability_key)), revision.keywords


def view_impact(article: Article, impact: Impact, found_by: int, catalog: Catalog) -> ImpactOut:
    """An impact, the most telling effects first."""
    effects = [_view(effect, article.id, catalog) for effect in impact.effects]
    effects.sort(key=lambda e: (e.answered_before == e.answered_after, not e.other_first, e.question))
    return ImpactOut(
        number=article.number,
        asked=impact.asked,
        moved=len(effects),
        started=sum(e.answered_after and not e.answered_before for e in effects),
        stopped=sum(e.answered_before and not e.answered_after for e in effects),
        found_by=found_by,
        is_due=found_by >= DUE_FROM,
        effects=effects,
    )


def _view(effect: Effect, article: int, catalog: Catalog) -> EffectOut:
    before, after = effect.before, effect.after
    return EffectOut(
        question=effect.question.text,
        context=catalog.describe_context(effect.question.context),
        place_before=before.place_of(article),
        place_after=after.place_of(article),
        answered_before=before.is_answered,
        answered_after=after.is_answered,
        other_first=before.articles[:1] != after.articles[:1],
    )
