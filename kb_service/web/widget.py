"""``/static/kb-search.js`` and ``/static/kb-agent.js``: one module each, their words taken from the catalogue of messages."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from fastapi import APIRouter, Request
from starlette.responses import Response

from kb_service.web.messages import MESSAGES
from kb_service.web.shell import STATIC

router = APIRouter(include_in_schema=False)
MODULES = {"kb-search.js": "widget.", "kb-agent.js": "agent."}
_PLACE = "const WORDS = {};"


@lru_cache(maxsize=8)
def module(name: str) -> tuple[str, str]:
    """The module's text and its ETag."""
    words = {key.partition(".")[2]: text for key, text in MESSAGES.items() if key.startswith(MODULES[name])}
    source = (STATIC / name).read_text("utf-8")
    text = source.replace(_PLACE, f"const WORDS = {json.dumps(words, ensure_ascii=False)};", 1)
    return text, f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'


@router.get("/static/kb-search.js")
@router.get("/static/kb-agent.js")
def read_module(request: Request) -> Response:
    """The module; browsers ask whether theirs is still the one."""
    text, etag = module(request.url.path.rpartition("/")[2])
    # another site's page may load a module only when it is said so (HTML, 8.1.3.2: modules are fetched with CORS)
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="text/javascript", headers=headers)
