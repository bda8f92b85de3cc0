"""``/static/kb-search.js``: the widget's one module, its words taken from the catalogue of messages."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from fastapi import APIRouter, Request
from starlette.responses import Response

from kb_service.web.messages import MESSAGES
from kb_service.web.shell import STATIC

router = APIRouter(include_in_schema=False)
NAME = "kb-search.js"
_PLACE = "const WORDS = {};"


@lru_cache(maxsize=1)
def module() -> tuple[str, str]:
    """The module's text and its ETag."""
    words = {key.partition(".")[2]: text for key, text in MESSAGES.items() if key.startswith("widget.")}
    source = (STATIC / NAME).read_text("utf-8")
    text = source.replace(_PLACE, f"const WORDS = {json.dumps(words, ensure_ascii=False)};", 1)
    return text, f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'


@router.get(f"/static/{NAME}")
def read_module(request: Request) -> Response:
    """The module; browsers ask whether theirs is still the one."""
    text, etag = module()
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="text/javascript", headers=headers)
