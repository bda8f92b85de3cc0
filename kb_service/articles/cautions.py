"""Which parts of a text warn: marked quotations, paragraphs, list items and sections. Pure.

Recognised: a quotation, paragraph, item or heading that begins with a warning word followed by a mark ("Warning:",
"**Caution**", "[!DANGER]", "IMPORTANT –"), and such a word with a colon behind a sentence. In doubt a text warns: one
warning too many costs a line, one too few costs data. A marker that only announces ("Warning:") takes what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from kb_service.articles.markdown import to_text

_WORDS = (
    r"warnings?|caution|danger|attention|important|before you (?:begin|start)"
    r"|warnung|achtung|vorsicht|gefahr|wichtig|avertissement|mise en garde|advertencia|precauci[oó]n|avvertenza"
)
_HEADING = re.compile(rf"\W*(?:{_WORDS})\b", re.IGNORECASE)
_OPENING = re.compile(rf"(?:\W*\[!(?:{_WORDS})\]|\W*(?:{_WORDS})\s*(?:[:!.–—]|-\s|\n|$))", re.IGNORECASE)
_BEHIND = re.compile(rf"(?:[.!?:;)]\s+|\n)\W*(?:{_WORDS})\s*[:!]", re.IGNORECASE)
_ALERT = re.compile(r"\[!(\w+)\]\s*")
_LISTS = {"bullet_list_open", "ordered_list_open", "list_item_open"}


def is_warning_heading(heading: str) -> bool:
    """Whether a whole section warns, by its heading."""
    return bool(_HEADING.match(heading)) if heading else False


def warnings_in(tokens: Sequence[Token]) -> list[str]:
    """Every warning among a section's tokens, as plain text, in order."""
    return [cleaned for found in _find(list(tokens)) if (cleaned := _clean(found))]


def _find(tokens: list[Token]) -> Iterator[str]:
    blocks = list(_siblings(tokens))
    skip = False
    for index, block in enumerate(blocks):
        if skip:
            skip = False
            continue
        if block[0].type in _LISTS:
            yield from _find(block[1:-1])
            continue
        text = to_text(block)
        if _is_opening(block, text):
            skip = text.rstrip().endswith(":") and index + 1 < len(blocks)
            yield text + ("\n" + to_text(blocks[index + 1]) if skip else "")
        elif block[0].type == "blockquote_open":
            yield from _find(block[1:-1])
        elif block[0].type not in ("fence", "code_block") and (match := _BEHIND.search(text)):
            yield text[match.start() + 1 :]


def _is_opening(block: list[Token], text: str) -> bool:
    if block[0].type in ("fence", "code_block"):
        return False
    return bool(_OPENING.match(text)) or _starts_bold(block)


def _starts_bold(block: list[Token]) -> bool:
    """``**Warning** this and that``: set apart by weight instead of a mark."""
    inline = next((token for token in block if token.type == "inline"), None)
    children = (
        [child for child in (inline.children or []) if child.content or child.type == "strong_open"] if inline else []
    )
    return len(children) > 1 and children[0].type == "strong_open" and bool(_HEADING.match(children[1].content))


def _siblings(tokens: list[Token]) -> Iterator[list[Token]]:
    """The blocks that stand beside each other, each with all that it holds."""
    depth, held = 0, list[Token]()
    for token in tokens:
        held.append(token)
        depth += token.nesting
        if depth <= 0:
            yield held
            depth, held = 0, []
    if held:
        yield held


def _clean(text: str) -> str:
    marked = _ALERT.sub(lambda match: f"{match[1].capitalize()}: ", text, count=1)
    return re.sub(r"\s+", " ", marked).strip()
