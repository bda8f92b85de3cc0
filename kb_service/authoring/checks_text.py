"""What is wrong with a text by itself: empty parts and personal data. Pure.

Personal data: e-mail addresses (not of example domains, nor the ones that are ours), phone numbers with a country code,
payment cards (Luhn), bank accounts (IBAN, mod 97). What may be a part number is left alone: a warning too many teaches to
ignore warnings.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from kb_service.articles.inputs import TEXT_FIELDS
from kb_service.articles.markdown import MarkdownSection, read_sections, to_text
from kb_service.articles.sections import RevisionContent

_EMAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
_PHONE = re.compile(r"(?<![\w.+])(?:\+|00)[1-9]\d{0,2}[ ./()-]*\d(?:[ ./()-]*\d){6,12}(?![\w.])")
_CARD = re.compile(r"(?<![\d.-])(?:\d[ -]?){12,18}\d(?![\d.-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_EXAMPLE = re.compile(
    r"(^|\.)(example(\.(com|org|net))?|test|invalid|localhost|contoso\.com|fabrikam\.com|yourdomain\.\w+)$",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"\b(TODO|TBD|FIXME|XXX|lorem ipsum)\b")
_NEEDS = {
    "problem": (("issue",), ("resolution", "body")),
    "error": (("issue",), ("resolution", "body")),
    "howto": (("resolution", "body"),),
    "faq": (("resolution", "body", "short_answer"),),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at before publishing. ``kind`` is stable; ``field`` and ``line`` say where."""

    kind: str
    message: str
    field: str = ""
    line: int = 0
    detail: dict[str, Any] = dataclasses.field(default_factory=dict)


def check_text(content: RevisionContent, type: str = "problem", ours: Iterable[str] = ()) -> list[Finding]:
    """Findings of a text by itself. ``ours``: domains and addresses that may stand in it."""
    return [*_empty_parts(content, type), *_personal_data(content, {one.lower() for one in ours})]


def _empty_parts(content: RevisionContent, type: str) -> Iterator[Finding]:
    if not content.short_answer.strip():
        yield Finding("empty_part", "There is no short answer: lists, SMS and chat begin with it.", "short_answer")
    for alternatives in _NEEDS.get(type, ()):
        if not any(getattr(content, name).strip() for name in alternatives):
            names = " or ".join(name.replace("_", " ") for name in alternatives)
            yield Finding("empty_part", f"The {names} is empty.", alternatives[0])
    for name in TEXT_FIELDS:
        text = getattr(content, name)
        yield from _empty_sections(name, read_sections(text) if text.strip() else [])
        for number, line in enumerate(text.split("\n"), 1):
            if found := _PLACEHOLDER.search(line):
                yield Finding("empty_part", f"“{found[0]}” still stands here.", name, number)


def _empty_sections(name: str, sections: list[MarkdownSection]) -> Iterator[Finding]:
    for section, following in zip_longest(sections, sections[1:]):
        if not section.level or to_text(section.tokens) or _has_image(section):
            continue
        if following is None or following.level <= section.level:
            yield Finding("empty_part", f"Nothing stands beneath “{section.heading}”.", name, section.line)


def _has_image(section: MarkdownSection) -> bool:
    return any(child.type == "image" for token in section.tokens for child in token.children or ())


def _personal_data(content: RevisionContent, ours: set[str]) -> Iterator[Finding]:
    for name in ("title", "short_answer", *TEXT_FIELDS):
        for number, line in enumerate(str(getattr(content, name)).split("\n"), 1):
            for kind, found in _personal_in(line, ours):
                yield Finding(
                    "personal_data", f"This looks like {kind}: {found}", name, number, {"text": found, "what": kind}
                )


def _personal_in(line: str, ours: set[str]) -> Iterator[tuple[str, str]]:
    for match in _EMAIL.finditer(line):
        domain = match[1].lower()
        if not _EXAMPLE.search(domain) and domain not in ours and match[0].lower() not in ours:
            yield "an e-mail address", match[0]
    rest = _EMAIL.sub(" ", line)
    for pattern, is_one, what in ((_IBAN, _is_iban, "a bank account"), (_CARD, _is_card, "a payment card")):
        for match in pattern.finditer(rest):
            if is_one(match[0]):
                yield what, match[0]
                rest = rest.replace(match[0], " ")
    yield from (("a phone number", match[0]) for match in _PHONE.finditer(rest) if match[0].strip().lower() not in ours)


def _is_card(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (3, 4, 5, 6) or len(set(digits)) < 4:
        return False
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1
