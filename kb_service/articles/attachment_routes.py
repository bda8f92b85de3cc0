"""GET /attachments/{sha256}/{name}: the files that articles show."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Response

from kb_service.articles.attachments import find_attachment
from kb_service.http import PROBLEMS, CurrentActor, ReadingSession

router = APIRouter(tags=["articles"], responses=PROBLEMS)
YEAR_SECONDS = 31_536_000

Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the content, in hexadecimal.")]
Name = Annotated[str, Path(min_length=1, max_length=200)]


@router.get(
    "/attachments/{sha256}/{name}",
    response_class=Response,
    summary="A file that an article shows",
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The file."}},
)
def get_attachment(session: ReadingSession, actor: CurrentActor, sha256: Digest, name: Name) -> Response:
    """Images are shown, everything else is downloaded; a browser never takes it for a page."""
    found = find_attachment(session, sha256, name, actor)
    kept = f"public, max-age={YEAR_SECONDS}, immutable" if found.is_public else "private, no-cache"
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Content-Disposition": f"{found.disposition}; filename*=UTF-8''{quote(name)}",
        "Cache-Control": kept,
    }
    return Response(found.content, media_type=found.media_type, headers=headers)
