"""Masking personal data before a text is kept (pure): addresses, phone, card and order numbers; cut at 512 characters."""

from __future__ import annotations

import re

MAX_KEPT_CHARACTERS = 512

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CARD = re.compile(r"\b(?:\d[ -]?){13,19}\b")
_PHONE = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d{2,4}\)?(?:[ ./-]?\(?\d{2,4}\)?){2,5}(?![\w.])")
_ORDER = re.compile(
    r"\b((?:order|invoice|customer|account|case|ticket)(?:\s*(?:number|no\.?|id))?\s*[#:]?\s*)[A-Z]{0,4}-?\d{4,}\b",
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
