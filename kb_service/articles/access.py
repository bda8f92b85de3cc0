"""Who may know, read and change an article. One place for the rule; everything else asks here.

Invariants: what an actor may not know does not exist for them (NotFound, never NotAllowed); readers see published
revisions only; only articles:publish puts something before the public or customers, or takes it away.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from kb_service.articles.inputs import OUTSIDE_AUDIENCES
from kb_service.articles.models import Article
from kb_service.articles.repository import find_article, find_link_target, find_redirect, parse_reference
from kb_service.auth.actors import Actor, Scope
from kb_service.errors import InvalidInput, NotAllowed, NotFound


def is_published(article: Article) -> bool:
    """Whether readers see it."""
    return article.published_revision_id is not None and article.archived_at is None


def may_know(actor: Actor, article: Article) -> bool:
    """Whether the article exists for this actor: published, or theirs to work on."""
    return actor.may_read(article.audience) and (is_published(article) or actor.may(Scope.ARTICLES_WRITE))


def get_known(session: Session, reference: int | str, actor: Actor) -> Article:
    """The article by id or KB number. Raises NotFound when it is absent or not for the actor to know."""
    article = find_article(session, reference)
    if article is None or not may_know(actor, article):
        raise NotFound("There is no such article.")
    return article


def find_linked(session: Session, target: str, source: str | None, actor: Actor) -> Article | None:
    """The article behind a ``kb:`` reference; None where there is none, or none that the actor may know."""
    number = find_link_target(session, target, source)
    article = find_article(session, number) if number else None
    return article if article is not None and may_know(actor, article) else None


def find_moved(session: Session, reference: str, actor: Actor) -> Article | None:
    """The published article that one merged into it leads to; None where the actor may not read that."""
    article_id = parse_reference(reference)
    target = find_redirect(session, f"/a/KB{article_id:06d}") if article_id is not None else None
    article = session.get(Article, target) if target is not None else None
    return article if article is not None and is_published(article) and may_know(actor, article) else None


def get_for_change(session: Session, reference: int | str, actor: Actor) -> Article:
    """The article, its row locked, for an actor who may change it."""
    actor.require(Scope.ARTICLES_WRITE)
    article = find_article(session, reference, lock=True)
    if article is None or not may_know(actor, article):
        raise NotFound("There is no such article.")
    return article


def check_audience(actor: Actor, audience: Iterable[str]) -> None:
    """Whether the actor may give an article this audience."""
    wanted = frozenset(audience)
    if wanted & OUTSIDE_AUDIENCES and not actor.may(Scope.ARTICLES_PUBLISH):
        raise NotAllowed("Showing an article to customers or the public needs the scope articles:publish.")
    if not actor.may_read(wanted):
        raise InvalidInput("You could not read it yourself: include an audience of your own.", "/audience")
