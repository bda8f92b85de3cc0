"""Files of cases, and mails as they were formatted, over HTTP: to who may read the message that they came with."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from kb_service.auth.actors import Actor
from kb_service.cases import files, repository
from kb_service.cases.endpoints import Reference
from kb_service.cases.models import Case
from kb_service.cases.safe_html import safe_html
from kb_service.errors import NotAuthenticated
from kb_service.http import CurrentActor, ReadingSession, RowId

router = APIRouter(prefix="/v1/cases", tags=["cases"])
POLICY = "default-src 'none'; img-src 'self'; sandbox allow-popups allow-same-origin"
"""No script, style, form or frame, whatever the sanitiser let through; same origin, so that the mail's pictures load."""
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}, "image/*": {}}, "description": "The file."}
}
_PAGE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}, "description": "The message, made safe."}}


@router.get("/{reference}/files/{file_id}", response_class=Response, responses=_FILE)
def get_file(reference: Reference, file_id: RowId, session: ReadingSession, actor: CurrentActor) -> Response:
    """A file that came with a message. Pictures are shown, everything else is downloaded."""
    return send_file(session, _case(session, reference, actor), file_id, actor)


@router.get("/{reference}/messages/{interaction_id}/formatted", response_class=Response, responses=_PAGE)
def get_formatted(
    reference: Reference, interaction_id: RowId, session: ReadingSession, actor: CurrentActor
) -> Response:
    """A mail as it was formatted: nothing runs, nothing is loaded but its own pictures."""
    case = _case(session, reference, actor)
    return send_formatted(session, case, interaction_id, actor, f"/v1/cases/{case.number}/files/")


def _case(session: Session, reference: str, actor: Actor) -> Case:
    if actor.is_anonymous:
        raise NotAuthenticated("Sign in to see your cases.")
    return repository.find_case(session, reference, actor)


def send_file(session: Session, case: Case, file_id: int, actor: Actor) -> Response:
    """The file as a browser may have it. Raises NotFound."""
    found = files.read_file(session, case, file_id, actor)
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": f"{found.disposition}; filename*=UTF-8''{quote(found.name)}",
        "Cache-Control": "private, no-cache",
    }
    return Response(found.content, media_type=found.media_type, headers=headers)


def send_formatted(session: Session, case: Case, interaction_id: int, actor: Actor, files_at: str) -> Response:
    """The message's HTML in a document of its own. Raises NotFound. ``files_at``: where its pictures are served."""
    html, pictures = files.read_formatted(session, case, interaction_id, actor)
    body = safe_html(html, lambda name: f"{files_at}{pictures[name]}" if name in pictures else None)
    page = f'<!doctype html>\n<html><head><meta charset="utf-8"><title>{case.number}</title></head><body>\n{body}\n</body></html>\n'
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)
