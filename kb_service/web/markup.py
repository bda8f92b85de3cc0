"""Text made into safe HTML: highlighted passages and the admin's notice. Pure."""

from __future__ import annotations

import html
import re
from functools import lru_cache

from markupsafe import Markup

from kb_service.articles.markdown import read_sections, to_html
from kb_service.search.request import Snippet

_CODE = re.compile(r"`([^`\n]{1,300})`")
_GAPS = re.compile(r"\n{2,}")


def highlighted(snippet: Snippet) -> Markup:
    """A passage with ``<mark>`` around its highlights; everything else escaped."""
    pieces, place = [], 0
    for start, end in sorted(snippet.highlights):
        if start < place:
            continue
        pieces += [html.escape(snippet.text[place:start]), "<mark>", html.escape(snippet.text[start:end]), "</mark>"]
        place = end
    return _finish("".join([*pieces, html.escape(snippet.text[place:])]))


def with_code(text: str) -> Markup:
    """Plain text, escaped, with what stands between backticks as code."""
    return _finish(html.escape(text))


def _finish(escaped: str) -> Markup:
    coded = _CODE.sub(r"<code>\1</code>", escaped)
    return Markup(_GAPS.sub("\n", coded))  # noqa: S704 - every piece was escaped


@lru_cache(maxsize=16)
def notice_html(text: str) -> Markup:
    """The notice's Markdown, sanitised as articles are."""
    rendered = "".join(to_html(section.tokens, lambda _: None) for section in read_sections(text))
    return Markup(rendered)  # noqa: S704 - to_html sanitises
