"""/v1/articles/{reference}/renderings: what every channel says of an article, in a context."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kb_service.articles.access import get_known
from kb_service.articles.channel_forms import Channel
from kb_service.articles.models import Article
from kb_service.articles.overrides import confirm_override, get_for_override, remove_override, set_override
from kb_service.articles.rendering_schemas import OverrideIn, RenderingsOut
from kb_service.articles.rendering_views import view_renderings
from kb_service.articles.requests import AskedContext, Reference
from kb_service.articles.views import shown_version
from kb_service.catalog.context import Context
from kb_service.http import (
    CurrentActor,
    CurrentParts,
    JsonResponse,
    ReadingSession,
    WritingSession,
    etag,
    require_if_match,
)

router = APIRouter(prefix="/v1/articles/{reference}/renderings", tags=["articles"])


def get_base(request: Request) -> str:
    """The site's public address: the one set, else the one that was asked."""
    settings = getattr(request.app.state, "settings", None)
    configured: str = settings.base_url.rstrip("/") if settings else ""
    return configured or f"{request.url.scheme}://{request.url.netloc}"


Base = Annotated[str, Depends(get_base)]


class Overriding:
    """What a change of an override needs besides its session."""

    def __init__(self, request: Request, actor: CurrentActor, parts: CurrentParts, base: Base) -> None:
        self.request, self.actor, self.parts, self.base = request, actor, parts, base

    def lock(self, session: Session, reference: str) -> Article:
        """The article, locked and compared with If-Match."""
        article = get_for_override(session, reference, self.actor)
        require_if_match(self.request, article.version)
        return article

    def answer(self, session: Session, article: Article) -> Response:
        """Every form as it is now."""
        view = view_renderings(session, article, Context(), self.parts.catalog, self.base, self.actor)
        return JsonResponse(view.model_dump(mode="json"), 200, {"ETag": etag(article.version)})


@router.get("", response_model=RenderingsOut)
def get_renderings(
    reference: Reference,
    session: ReadingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    context: AskedContext,
    base: Base,
    channel: Annotated[Channel | None, Query(description="One form only.")] = None,
) -> Response:
    """Every channel's form of an article in a context, all of one revision."""
    article = get_known(session, reference, actor)
    view = view_renderings(session, article, context, parts.catalog, base, actor)
    if channel is not None:
        view.forms = [form for form in view.forms if form.channel is channel]
    return JsonResponse(view.model_dump(mode="json"), 200, {"ETag": etag(shown_version(article, actor))})


@router.put("/{channel}", response_model=RenderingsOut)
def put_override(
    reference: Reference,
    channel: Channel,
    body: OverrideIn,
    session: WritingSession,
    deps: Annotated[Overriding, Depends()],
) -> Response:
    """Send a text of your own on one channel; it is set aside when a later revision says something else."""
    article = deps.lock(session, reference)
    set_override(session, article, channel, {"text": body.text, "subject": body.subject}, deps.actor)
    return deps.answer(session, article)


@router.post("/{channel}/confirm", response_model=RenderingsOut)
def post_confirmation(
    reference: Reference, channel: Channel, session: WritingSession, deps: Annotated[Overriding, Depends()]
) -> Response:
    """Confirm that an override is right for the present revision."""
    article = deps.lock(session, reference)
    confirm_override(session, article, channel, deps.actor)
    return deps.answer(session, article)


@router.delete("/{channel}", response_model=RenderingsOut)
def delete_override(
    reference: Reference, channel: Channel, session: WritingSession, deps: Annotated[Overriding, Depends()]
) -> Response:
    """Go back to the derived form."""
    article = deps.lock(session, reference)
    remove_override(session, article, channel, deps.actor)
    return deps.answer(session, article)
