"""Masking personal data before a text is kept (pure): addresses, phone, card and order numbers.

`mask` cuts at 512 characters, for logs; `mask_whole` keeps the length, names people too, and says what it replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

MAX_KEPT_CHARACTERS = 512
MIN_NAME = 3

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CARD = re.compile(r"\b(?:\d[ -]?){13,19}\b")
_PHONE = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d{2,4}\)?(?:[ ./-]?\(?\d{2,4}\)?){2,5}(?!\w|\.\d)")
_ORDER = re.compile(
    r"\b((?:order|invoice|customer|account|case|ticket)(?:\s{0,3}(?:number|no\.?|id))?\s{0,3}[#:]?\s{0,3})[A-Z]{0,4}-?\d{4,}\b",
    re.IGNORECASE,
)


def mask(text: str) -> str:
    """The text as it may be kept: at most 512 characters, personal data replaced by what it was."""
    cut = text[: MAX_KEPT_CHARACTERS * 4]
    cut = _EMAIL.sub("[address]", cut)
    cut = _CARD.sub("[card]", cut)
    cut = _ORDER.sub(r"\1[number]", cut)
    cut = _PHONE.sub(_phone_unless_version, cut)
    return cut[:MAX_KEPT_CHARACTERS]


def _phone_unless_version(match: re.Match[str]) -> str:
    digits = sum(ch.isdigit() for ch in match.group())
    return "[phone]" if digits >= 7 else match.group()


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without personal data, and what was replaced: (kind, as it stood)."""

    text: str
    found: tuple[tuple[str, str], ...] = ()


def mask_whole(text: str, names: Iterable[str] = ()) -> Masked:
    """All of a text, however long, masked; ``names``: of the people concerned, replaced as whole words."""
    found: list[tuple[str, str]] = []

    def replacing(kind: str) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            if kind == "phone" and _phone_unless_version(match) == match.group():
                return match.group()
            kept = match[1] if kind == "number" else ""
            found.append((kind, match.group()[len(kept) :].strip()))
            tail = " " if kind == "card" and match.group()[-1] == " " else ""
            return f"{kept}[{kind}]{tail}"

        return replace

    for kind, pattern in (("address", _EMAIL), ("card", _CARD), ("number", _ORDER), ("phone", _PHONE)):
        text = pattern.sub(replacing(kind), text)
    if (pattern_of_names := _names(names)) is not None:
        text = pattern_of_names.sub(replacing("name"), text)
    return Masked(text, tuple(dict.fromkeys(found)))


def _names(names: Iterable[str]) -> re.Pattern[str] | None:
    whole = {" ".join(name.split()) for name in names if "@" not in name}
    parts = {part for name in whole for part in name.split() if len(part) >= MIN_NAME and part[0].isupper()}
    wanted = sorted({name for name in whole if len(name) >= MIN_NAME} | parts, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, wanted))})\b") if wanted else None
