"""Markdown: read into sections, rendered to safe HTML, or to plain text. Pure; knows nothing of applicability rules.

Invariants: no script, style or event handler survives `to_html`; links are http, https, mailto, tel, relative, or
``kb:`` references that the given resolver turned into addresses; the same text gives the same anchors.
CommonMark 0.31 with tables and strikethrough.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from kb_service.text import slugify

LinkResolver = Callable[[str], str | None]
"""What follows ``kb:`` (an external id or a KB number) → the article's address; None: there is none to show."""

ATTRIBUTE = re.compile(r'\s*\{\s*applies_to\s*=\s*"([^"{}]*)"\s*\}\s*$')
_ATTEMPT = re.compile(r"\{[^{}]*applies_to")
_LEAF_SEPARATORS = {"softbreak": " ", "hardbreak": "\n"}
_ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    "code": {"class"},
    "ol": {"start"},
    "th": {"class", "colspan", "rowspan"},
    "td": {"class", "colspan", "rowspan"},
}
_ALIGNED = r"align-(left|center|right)"
_CLASSES = {"code": r"language-[\w+#.-]{1,40}", "th": _ALIGNED, "td": _ALIGNED}
"""Classes that a text may carry. Alignment is one of them: the pages' policy allows no style attributes."""
_SCHEMES = {"http", "https", "mailto", "tel", "kb"}


@dataclass(frozen=True, slots=True)
class MarkdownSection:
    """A heading with what stands beneath it, up to the next heading. ``level`` 0: before the first heading.

    ``applies_to`` is the heading's attribute as written; ``line`` counts from 1; ``is_malformed``: the heading
    tries to carry an attribute that cannot be read.
    """

    level: int
    heading: str
    line: int
    tokens: tuple[Token, ...]
    applies_to: str | None = None
    is_malformed: bool = False


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.core.ruler.before("inline", "applies_to", _take_attributes)
    for cell in ("th_open", "td_open"):
        parser.add_render_rule(cell, _open_cell)
    return parser


def _open_cell(_renderer: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    token = tokens[index]
    side = str(token.attrGet("style") or "").removeprefix("text-align:")
    return f'<{token.tag} class="align-{side}">' if side else f"<{token.tag}>"


def _take_attributes(state: StateCore) -> None:
    """Move headings' attributes out of their text, before inline markup is read."""
    for opening, inline in zip(state.tokens, state.tokens[1:], strict=False):
        if opening.type != "heading_open" or not _ATTEMPT.search(inline.content):
            continue
        match = ATTRIBUTE.search(inline.content)
        if match is None or opening.level:
            opening.meta["is_malformed"] = True
        else:
            opening.meta["applies_to"] = match[1]
            inline.content = inline.content[: match.start()]


def read_sections(text: str) -> list[MarkdownSection]:
    """The text cut at its top-level headings, in order; nothing is lost. An empty text has no sections."""
    sections: list[MarkdownSection] = []
    opening: Token | None = None
    heading, held = "", list[Token]()
    is_malformed = False
    tokens = iter(_parser().parse(text))
    for token in tokens:
        is_malformed |= bool(token.meta.get("is_malformed"))
        if token.type == "heading_open" and token.level == 0:
            _close(sections, opening, heading, held, is_malformed and opening is None)
            opening, held = token, []
            heading = to_text([next(tokens)])
            next(tokens)  # heading_close
        else:
            held.append(token)
    _close(sections, opening, heading, held, False)
    return sections


def _close(
    sections: list[MarkdownSection], opening: Token | None, heading: str, held: list[Token], is_malformed: bool
) -> None:
    nested = next((token for token in held if token.meta.get("is_malformed")), None)
    if opening is None:
        if held:
            sections.append(MarkdownSection(0, "", _line(nested), tuple(held), None, nested is not None))
        return
    flaw = opening if opening.meta.get("is_malformed") else nested
    applies_to = opening.meta.get("applies_to")
    line = _line(flaw or opening)
    sections.append(MarkdownSection(int(opening.tag[1]), heading, line, tuple(held), applies_to, flaw is not None))


def _line(token: Token | None) -> int:
    return token.map[0] + 1 if token and token.map else 1


class Anchors:
    """Ids for an article's headings: readable, unique within it, the same for the same headings."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def take(self, heading: str) -> str:
        """The next free id for a heading."""
        base = slugify(heading, 60)
        count = self._counts.get(base, 1)
        anchor = base if count == 1 else f"{base}-{count}"
        while anchor in self._taken:
            count += 1
            anchor = f"{base}-{count}"
        self._taken.add(anchor)
        self._counts[base] = count
        return anchor


def to_html(tokens: Sequence[Token], resolve: LinkResolver) -> str:
    """Safe HTML of a section's tokens."""
    parser = _parser()
    return sanitize(parser.renderer.render(tokens, parser.options, {}), resolve)


def sanitize(unsafe: str, resolve: LinkResolver) -> str:
    """HTML without anything that runs; ``kb:`` links resolved, or left out where the resolver knows none."""

    def rewrite(tag: str, attribute: str, value: str) -> str | None:
        if attribute == "class":
            return value if re.fullmatch(_CLASSES.get(tag, "(?!)"), value) else None
        if attribute in ("href", "src", "cite") and value.strip().lower().startswith("kb:"):
            return _resolved(value.strip()[3:], resolve) if tag == "a" else None
        return value

    return nh3.clean(
        unsafe,
        attributes=_ATTRIBUTES,
        attribute_filter=rewrite,
        url_schemes=_SCHEMES,
        link_rel="noopener",
    )


def _resolved(reference: str, resolve: LinkResolver) -> str | None:
    """The address of ``reference#place``; the place is kept."""
    target, _, place = reference.partition("#")
    address = resolve(target)
    return f"{address}#{place}" if address and place else address


def to_text(tokens: Sequence[Token]) -> str:
    """Plain text: paragraphs apart by a blank line, list items and table rows on lines of their own."""
    joined = re.sub(r" \| $", "", "".join(_pieces(tokens)), flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", joined).strip()


def _pieces(tokens: Sequence[Token]) -> Iterator[str]:
    lists: list[int | None] = []
    is_first_in_item = False
    for token in tokens:
        kind = token.type
        if kind in ("ordered_list_open", "bullet_list_open"):
            yield "" if lists else "\n"
            lists.append(int(token.attrGet("start") or 1) if kind.startswith("ordered") else None)
        elif kind in ("ordered_list_close", "bullet_list_close"):
            lists.pop()
            yield "\n" if not lists else ""
        elif kind == "list_item_open":
            yield "\n" + "  " * (len(lists) - 1) + _bullet(lists)
            is_first_in_item = True
        elif kind == "paragraph_open":
            yield "" if is_first_in_item or token.hidden else "\n\n"
            is_first_in_item = False
        else:
            yield _piece(token)


def _bullet(lists: list[int | None]) -> str:
    number = lists[-1]
    if number is None:
        return "- "
    lists[-1] = number + 1
    return f"{number}. "


def _piece(token: Token) -> str:
    if token.type == "inline":
        return _strip_tags("".join(_inline_piece(child) for child in token.children or ()))
    if token.type in ("fence", "code_block"):
        return "\n\n" + token.content.rstrip("\n") + "\n\n"
    if token.type == "html_block":
        return "\n\n" + _strip_tags(token.content) + "\n\n"
    return {"tr_open": "\n", "th_close": " | ", "td_close": " | ", "heading_open": "\n\n", "table_close": "\n"}.get(
        token.type, ""
    )


def _inline_piece(child: Token) -> str:
    if child.type == "image":
        return html.escape(child.content, quote=False)
    if child.type == "html_inline":
        return "\n" if re.match(r"<br\b", child.content, re.IGNORECASE) else child.content
    return _LEAF_SEPARATORS.get(child.type, html.escape(child.content, quote=False))


def _strip_tags(marked_up: str) -> str:
    if "<" not in marked_up and "&" not in marked_up:
        return marked_up
    return html.unescape(nh3.clean(marked_up, tags=set()))
