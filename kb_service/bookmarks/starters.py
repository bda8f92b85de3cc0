"""What the experienced use in a context, offered to one who begins as a set of their own."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb_service.auth.actors import Actor
from kb_service.bookmarks import service
from kb_service.bookmarks.models import BookmarkSet
from kb_service.bookmarks.schemas import BookmarkIn, OfferedArticle, SetIn, StarterIn, StarterOffer
from kb_service.cases.suggestions import most_used
from kb_service.catalog.context import Context
from kb_service.catalog.vocabulary import Catalog
from kb_service.errors import Conflict


def offer(session: Session, context: Context, actor: Actor) -> StarterOffer:
    """The articles most used in cases of this context that the actor may see, most used first."""
    found = most_used(session, context, actor)
    articles = [
        OfferedArticle(article=a.article, number=a.number, title=a.title, url=a.url, uses=a.uses) for a in found
    ]
    return StarterOffer(articles=articles)


def take(session: Session, body: StarterIn, catalog: Catalog, actor: Actor) -> BookmarkSet:
    """A personal set of them. Raises Conflict when nothing was used in this context yet."""
    context = catalog.resolve_context(body.product or None, None, body.os or None)
    articles = offer(session, context, actor).articles
    if not articles:
        raise Conflict("Nothing was used in this context yet; take a wider one.")
    made = service.create_set(session, SetIn(name=body.name, product=context.product), catalog, actor)
    for article in articles:
        service.add(session, made, BookmarkIn(article=str(article.article)), actor)
    return made
