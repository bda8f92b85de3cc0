"""Where people read an article. Pure."""

from __future__ import annotations

import re

_SLUG = re.compile(r"[^a-z0-9]+")


def article_url(number: str, title: str) -> str:
    """The address of an article's page; a title without any Latin letter leaves the number alone."""
    slug = _SLUG.sub("-", title.lower()).strip("-")[:80].strip("-")
    return f"/a/{number}/{slug}" if slug else f"/a/{number}"
