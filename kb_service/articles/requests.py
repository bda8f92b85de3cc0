"""What the article endpoints share: parameters, the list's page, and how a change is answered."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kb_service.articles.access import get_for_change
from kb_service.articles.feed import IndexFeed, NoFeed
from kb_service.articles.lifecycle import State
from kb_service.articles.recording import withdrawn_version
from kb_service.articles.repository import ListFilter, Place
from kb_service.articles.schemas import ArticleOut
from kb_service.articles.service import Change
from kb_service.articles.views import view_article
from kb_service.auth.actors import Actor, Scope
from kb_service.catalog.context import Context
from kb_service.catalog.vocabulary import Pointers
from kb_service.errors import InvalidInput
from kb_service.http import CurrentActor, CurrentParts, JsonResponse, etag, require_if_match
from kb_service.text import Line

WAIT_SECONDS = 10.0
PENDING: dict[int | str, dict[str, Any]] = {202: {"model": ArticleOut, "description": "Stored; the index follows."}}
QUERY_POINTERS = Pointers("/query/product", "/query/version", "/query/os")

Reference = Annotated[str, Path(max_length=20, description="An id or a KB number.")]
AxisValue = Annotated[Line | None, Query(max_length=200)]


def get_index_feed(request: Request) -> IndexFeed:
    """The feeder of this process's index."""
    feed: IndexFeed | None = getattr(request.app.state, "feed", None)
    return feed or NoFeed()


def get_context(
    parts: CurrentParts, product: AxisValue = None, version: AxisValue = None, os: AxisValue = None
) -> Context:
    """The context to render in."""
    return parts.catalog.resolve_context(product, version, os, QUERY_POINTERS)


CurrentFeed = Annotated[IndexFeed, Depends(get_index_feed)]
AskedContext = Annotated[Context, Depends(get_context)]


class ListPage:
    """Which articles to list, and which page of them."""

    def __init__(
        self,
        status: State | None = None,
        topic: AxisValue = None,
        product: AxisValue = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
    ) -> None:
        self.status, self.topic, self.product = status, topic, product
        self.limit, self.cursor = limit, cursor

    def filter(self, parts: CurrentParts, actor: Actor) -> ListFilter:
        """The filter that this actor may ask for: readers list what is published."""
        if self.status not in (None, State.PUBLISHED):
            actor.require(Scope.ARTICLES_WRITE)
        status = self.status if actor.may(Scope.ARTICLES_WRITE) else State.PUBLISHED
        topic = parts.catalog.resolve_topic(self.topic, "/query/topic") if self.topic else None
        product = parts.catalog.resolve_product(self.product, "/query/product") if self.product else None
        return ListFilter(actor.audiences, status, topic, product)


class Changing:
    """What every change needs besides its session: who, with what, and how it is answered."""

    def __init__(self, request: Request, actor: CurrentActor, parts: CurrentParts, feed: CurrentFeed) -> None:
        self.request, self.actor, self.parts, self.feed = request, actor, parts, feed

    def check_match(self, session: Session, reference: str) -> None:
        """Lock the article and compare If-Match."""
        require_if_match(self.request, get_for_change(session, reference, self.actor).version)

    def move(self, session: Session, reference: str, move: Callable[[Session, str, Actor], Change]) -> Response:
        """Make a move and answer it."""
        self.check_match(session, reference)
        return self.answer(session, move(session, reference, self.actor))

    def settle(self, session: Session, change: Change) -> bool:
        """Commit, and take from the index at once what readers lost; True: that has yet to follow."""
        session.commit()
        article = change.article
        return change.withdrawn and not self.feed.withdraw_now(article.id, withdrawn_version(article))

    def answer(self, session: Session, change: Change, *, is_waiting: bool = False) -> Response:
        """Commit, let the index follow as far as the caller must know, answer."""
        article = change.article
        view = view_article(session, article, Context(), self.parts.catalog, self.actor)
        view.pending = self.settle(session, change)
        if is_waiting and not view.pending:
            view.pending = not self.feed.wait_until_indexed(article.id, article.index_version, WAIT_SECONDS)
        status = 202 if view.pending else 200
        return JsonResponse(view.model_dump(mode="json"), status, {"ETag": etag(article.version)})


def settle(session: Session, feed: IndexFeed, changes: Iterable[Change]) -> bool:
    """Commit, then take from the index what readers lost; whether the index has yet to follow."""
    withdrawn = [(c.article.id, withdrawn_version(c.article)) for c in changes if c.withdrawn]
    session.commit()
    done = [feed.withdraw_now(article, version) for article, version in withdrawn]  # each, even when one fails
    return not all(done)


def write_cursor(place: Place) -> str:
    """Where a page ended, opaque to the caller."""
    raw = json.dumps([place.updated_at.isoformat(), place.id]).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(cursor: str | None) -> Place | None:
    """The inverse of `write_cursor`. Raises InvalidInput."""
    if not cursor:
        return None
    try:
        updated_at, article_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(updated_at)
        if moment.tzinfo is None or not 0 < int(article_id) < 2**31:
            raise ValueError(cursor)
        place = Place(moment.astimezone(UTC), int(article_id))
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        raise InvalidInput("This cursor was not made here; start again without one.", "/query/cursor") from None
    return place
