"""Bookmark sets as the API and the pages show them, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kb_service.articles.addresses import article_url
from kb_service.articles.repository import read_applicabilities
from kb_service.auth.actors import Actor
from kb_service.bookmarks import repository
from kb_service.bookmarks.models import BookmarkSet
from kb_service.bookmarks.repository import Kept
from kb_service.bookmarks.rules import may_change, warnings_of
from kb_service.bookmarks.schemas import BookmarkOut, SetOut, SetSummary
from kb_service.catalog.applicability import Applicability
from kb_service.catalog.context import Context, covers
from kb_service.catalog.versions import MalformedVersion
from kb_service.catalog.vocabulary import Catalog


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks, and what names mean."""

    actor: Actor
    catalog: Catalog


def view_sets(session: Session, sets: Sequence[BookmarkSet], reader: Reader) -> list[SetSummary]:
    """Sets for a list."""
    whole = view_whole(session, sets, reader)
    return [SetSummary.model_validate(found.model_dump(exclude={"items"})) for found in whole]


def view_set(session: Session, found: BookmarkSet, reader: Reader) -> SetOut:
    """One set with its articles."""
    return view_whole(session, [found], reader)[0]


def view_whole(session: Session, sets: Sequence[BookmarkSet], reader: Reader) -> list[SetOut]:
    """Sets with their articles; what the reader may not read is not there, nor counted."""
    kept = [
        item
        for item in repository.list_kept(session, [found.id for found in sets])
        if reader.actor.may_read(item.article.audience)
    ]
    applies = read_applicabilities(session, {item.article.applicability_key for item in kept})
    followed = repository.subscribed_ids(session, reader.actor.id)
    views = []
    for found in sets:
        mine = [item for item in kept if item.bookmark.set_id == found.id]
        items = [_view(item, applies[item.article.applicability_key], found, reader.catalog) for item in mine]
        views.append(_set(found, items, reader.actor, found.id in followed))
    return views


def _set(found: BookmarkSet, items: list[BookmarkOut], actor: Actor, is_subscribed: bool) -> SetOut:
    return SetOut(
        id=found.id,
        name=found.name,
        kind=found.kind,
        owner_name=found.owner_name,
        team=found.team,
        product=found.product,
        product_version=found.product_version,
        version=found.version,
        updated_at=found.updated_at,
        is_mine=found.owner == actor.id,
        is_subscribed=is_subscribed,
        may_change=may_change(actor, found),
        articles=len(items),
        warnings=sum(bool(item.warnings) for item in items),
        items=items,
    )


def _view(item: Kept, applies: Applicability, found: BookmarkSet, catalog: Catalog) -> BookmarkOut:
    article = item.article
    still = _still_applies(applies, Context(found.product, found.product_version), catalog)
    warnings = warnings_of(item.bookmark.revision, item.published, article.archived_at is not None, still)
    return BookmarkOut(
        article=article.id,
        number=article.number,
        title=article.title,
        url=article_url(article.number, article.title),
        short_answer=article.short_answer,
        note=item.bookmark.note,
        place=item.bookmark.place,
        revision=item.bookmark.revision,
        warnings=[str(warning) for warning in warnings],
    )


def _still_applies(applies: Applicability, context: Context, catalog: Catalog) -> bool:
    try:
        return covers(applies, context, catalog.named_versions(context.product)) is not None
    except MalformedVersion:
        return True
