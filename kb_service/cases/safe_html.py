"""HTML of strangers that a page may show (pure).

Invariants: what `safe_html` returns holds no script, style, form or frame, and no address that a browser would load by
itself but our own files; cleaning twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import nh3

from kb_service.text import without_flaws

MAX_HTML = 400_000
_TAGS = nh3.ALLOWED_TAGS | {"figure", "figcaption"}
_SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_GONE = {"script", "style", "title", "template", "noscript", "textarea", "select", "iframe", "object", "svg", "math"}
"""Gone with everything inside; of other tags that are not allowed, the words stay."""
_KEPT = frozenset({"alt", "title", "colspan", "rowspan", "start", "dir", "lang"})

_TAG = re.compile(
    r"<(/?)(?:div|span|blockquote|table|tbody|font|center|section|ul|ol|b|i|a|u|em|strong|big|small)\b", re.IGNORECASE
)
_ANY_TAG = re.compile(r"<[^>]{0,1000}>")
MAX_DEPTH = 1000
"""Deeper than any mail program nests; the sanitiser's time grows with the square of it."""

FileAddress = Callable[[str], str | None]
"""A Content-ID → the address of the picture that came with the mail; None: there is none."""


def clean_html(unsafe: str) -> str:
    """HTML without anything that runs, loads or styles; pictures of the mail itself keep their ``cid:``."""
    return safe_html(unsafe, lambda content_id: f"cid:{content_id}")


def safe_html(unsafe: str, address_of: FileAddress) -> str:
    """HTML that a page may show: pictures only by ``address_of`` their Content-ID, links to open apart."""

    def rewrite(tag: str, attribute: str, value: str) -> str | None:
        value = value.strip()
        if attribute == "src":
            return address_of(value[4:].strip("<>")) if tag == "img" and value.lower().startswith("cid:") else None
        if attribute in ("href", "cite"):
            return None if value.lower().startswith(("cid:", "/", "#", "?", ".")) else value
        return value if attribute in _KEPT else None

    return nh3.clean(
        _flat(without_flaws(unsafe[:MAX_HTML])),
        tags=_TAGS,
        clean_content_tags=_GONE,
        attribute_filter=rewrite,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


def _flat(html: str) -> str:
    """The same, or its words alone when it nests deeper than anybody's mail."""
    depth = 0
    for tag in _TAG.finditer(html):
        depth += -1 if tag[1] else 1
        if depth > MAX_DEPTH:
            return _ANY_TAG.sub(" ", html)
    return html
