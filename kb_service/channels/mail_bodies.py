"""Bodies of mail (pure): bytes of any claimed charset become text, and so does HTML.

Invariants: nothing raises, whatever the bytes; time grows with the length alone, however deep the HTML nests.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from html.parser import HTMLParser

from kb_service.cases.safe_html import clean_html

MAX_QUOTE_DEPTH = 20
_NEVER = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"})
"""Python's codecs that no mail means: slow, or not a charset at all."""
_BLOCKS = frozenset(
    {
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "br",
            "center",
            "dd",
            "details",
            "div",
            "dl",
            "dt",
            "figcaption",
        ),
        *(
            "figure",
            "footer",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "li",
            "main",
            "ol",
            "p",
            "pre",
            "section",
        ),
        *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    }
)
_SPACES = re.compile(r"[ \t\r\n\f]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_FLOWED_QUOTE = re.compile(r"^(>*) ?")


def decode_bytes(data: bytes, charset: str) -> str:
    """Text by the charset that is claimed where it is right, else by UTF-8, else by one that takes every byte."""
    claimed = _known(charset)
    for name in (claimed, "utf-8"):
        with contextlib.suppress(UnicodeError, ValueError, LookupError):
            if name:
                return data.decode(name)
    return data.decode(claimed if claimed and claimed not in ("ascii", "utf-8") else "cp1252", "replace")


def _known(charset: str) -> str | None:
    try:
        found = codecs.lookup(charset.strip().strip("\"'"))
        is_text = getattr(found, "_is_text_encoding", True)
    except (LookupError, ValueError, UnicodeError):
        return None
    if not is_text or found.name in _NEVER:
        return None
    return "cp1252" if found.name == "iso8859-1" else found.name  # what everybody who says latin-1 sends


def unflow(text: str, is_delsp: bool) -> str:
    """Lines of a format=flowed text (RFC 3676) joined again, each quotation depth apart."""
    lines: list[str] = []
    is_open = False
    for line in text.split("\n"):
        depth = _depth(line)
        is_mark = line.lstrip("> ").rstrip("\r") == "--" or line.endswith("-- ")
        content = _FLOWED_QUOTE.sub("", line, count=1)
        if is_open and lines and _depth(lines[-1]) == depth and not is_mark:
            lines[-1] = (lines[-1][:-1] if is_delsp else lines[-1]) + content
        else:
            lines.append(f"{'>' * depth} {content}" if depth else content)
        is_open = line.endswith(" ") and not is_mark
    return "\n".join(lines)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(">"))


def html_to_text(markup: str) -> str:
    """What is read in an HTML body: paragraphs as lines, quotations marked by ``>``."""
    reader = _Reader()
    reader.feed(clean_html(markup))
    reader.close()
    return _BLANK_LINES.sub("\n\n", "\n".join(line.strip() for line in reader.lines)).strip()


class _Reader(HTMLParser):
    """Lines of clean HTML, without a tree: a mail may nest as deep as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block begins a line; a quotation marks its lines."""
        self._depth += tag == "blockquote"
        if tag in _BLOCKS:
            self._break(is_paragraph=tag == "p")
        if tag == "li":
            self.lines[-1] += "- "

    def handle_endtag(self, tag: str) -> None:
        """The line of a block ends with it."""
        self._depth = max(0, self._depth - (tag == "blockquote"))
        if tag in _BLOCKS:
            self._break()

    def handle_data(self, data: str) -> None:
        """Words, with their spaces as a page shows them."""
        line, words = self.lines[-1], _SPACES.sub(" ", data)
        self.lines[-1] = line + (words.lstrip() if not line or line.endswith(" ") else words)

    def _break(self, is_paragraph: bool = False) -> None:
        mark = f"{'>' * min(self._depth, MAX_QUOTE_DEPTH)} " if self._depth else ""
        if self.lines[-1].strip("> "):
            self.lines.append("")
        if is_paragraph and len(self.lines) > 1 and self.lines[-2].strip("> "):
            self.lines.insert(len(self.lines) - 1, mark.strip())
        self.lines[-1] = mark
