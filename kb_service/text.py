"""Strings as they come from people: checked, folded for comparison, turned into slugs. Pure.

Invariants: no string that passes `clean_text` can break a database, JSON or a terminal (no NUL, no lone
surrogate, no other control character than tab, line feed, carriage return); folding is idempotent.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from kb_service.errors import InvalidInput

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_TOKEN = re.compile(r"[\w.+#]+")
_SLUG_GAP = re.compile(r"[^a-z0-9]+")


def find_flaw(text: str, *, is_line: bool = False) -> str | None:
    """What makes a string unusable, in words; None when it is fine. ``is_line``: no line breaks either."""
    if match := _FORBIDDEN.search(text):
        kind = "a lone surrogate" if "\ud800" <= match.group() <= "\udfff" else "a control character"
        return f"contains {kind} (U+{ord(match.group()):04X} at character {match.start() + 1})"
    if is_line and ("\n" in text or "\r" in text):
        return "must stay on one line"
    return None


def clean_text(text: str, pointer: str, *, longest: int, shortest: int = 0, is_line: bool = False) -> str:
    """The text stripped, with line feeds only. Raises InvalidInput naming ``pointer``; lengths in characters."""
    if flaw := find_flaw(text, is_line=is_line):
        raise InvalidInput(f"The text {flaw}.", pointer)
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not shortest <= len(text) <= longest:
        raise InvalidInput(f"Between {shortest} and {longest} characters, please; these are {len(text)}.", pointer)
    return text


def without_flaws(text: str) -> str:
    """The text less every character that `clean_text` refuses, for what nobody can be asked to write again."""
    return _FORBIDDEN.sub("", text)


def _line(text: str) -> str:
    if flaw := find_flaw(text, is_line=True):
        raise ValueError(flaw)
    return text


def _block(text: str) -> str:
    if flaw := find_flaw(text):
        raise ValueError(flaw)
    return text


Line = Annotated[str, AfterValidator(_line)]
"""One line of text in a request."""
Block = Annotated[str, AfterValidator(_block)]
"""Text of several lines in a request."""


def words_of(text: str) -> list[str]:
    """Folded words in order: "Wi-Fi 6E, macOS 15.1." → wi fi 6e macos 15.1. Keeps + and # (C++, C#)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [word for found in _TOKEN.findall(folded) if (word := found.strip("_").rstrip("."))]


def fold(text: str) -> str:
    """The form in which names are compared: case, spaces, hyphens and punctuation make no difference."""
    return " ".join(words_of(text))


def slugify(text: str, longest: int = 80) -> str:
    """An ASCII slug; a short hash stands for names that have no ASCII letters."""
    plain = unicodedata.normalize("NFKD", text.replace("+", " plus ").replace("#", " sharp "))
    slug = _SLUG_GAP.sub("-", plain.encode("ascii", "ignore").decode().lower()).strip("-")[:longest].strip("-")
    return slug or "x" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
