"""What an article must be: lengths, closed lists, known topics, readable applies_to. Pure.

Invariant: a text that passed has canonical headings and an Applicability; errors name the field by JSON pointer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kb_service.articles.inputs import (
    AUDIENCE,
    CONFIDENCES,
    FAMILY,
    GOVERNANCES,
    LANGUAGE,
    MAX_AUDIENCES,
    MAX_BODY_BYTES,
    MAX_KEYWORD,
    MAX_KEYWORDS,
    MAX_SHORT_ANSWER,
    MAX_TITLE,
    MAX_TOPICS,
    SIGNIFICANCES,
    TEXT_FIELDS,
    TYPES,
    ArticleText,
)
from kb_service.articles.sections import canonicalize
from kb_service.catalog.applies_to import read_applies_to
from kb_service.catalog.context import Applicability
from kb_service.catalog.vocabulary import Catalog
from kb_service.errors import InvalidInput
from kb_service.text import clean_text


@dataclass(frozen=True, slots=True)
class ValidText:
    """A checked, cleaned article text and the applicability that it states."""

    text: ArticleText
    applies: Applicability


def validate(text: ArticleText, catalog: Catalog) -> ValidText:
    """Clean and check every field. Raises InvalidInput (or UnknownCatalogEntry) for the first that cannot be used."""
    _check_lists(text)
    applies = read_applies_to(text.applies_to, catalog)
    if applies.is_nothing:
        raise InvalidInput("It would apply to nothing at all.", "/applies_to")
    bodies: dict[str, Any] = {name: _body(getattr(text, name), name, applies, catalog) for name in TEXT_FIELDS}
    cleaned = replace(
        text,
        title=clean_text(text.title, "/title", longest=MAX_TITLE, shortest=1, is_line=True),
        short_answer=clean_text(text.short_answer, "/short_answer", longest=MAX_SHORT_ANSWER),
        owner=clean_text(text.owner, "/owner", longest=200, is_line=True),
        keywords=_keywords(text.keywords),
        topics=tuple(dict.fromkeys(catalog.resolve_topic(t, f"/topics/{i}") for i, t in enumerate(text.topics))),
        audience=tuple(sorted(set(text.audience))),
        **bodies,
    )
    return ValidText(cleaned, applies)


def _body(text: str, name: str, applies: Applicability, catalog: Catalog) -> str:
    text = clean_text(text, f"/{name}", longest=MAX_BODY_BYTES)
    if (size := len(text.encode())) > MAX_BODY_BYTES:
        raise InvalidInput(f"At most {MAX_BODY_BYTES} bytes; these are {size}.", f"/{name}")
    return canonicalize(text, applies.products(), catalog, f"/{name}")


def _keywords(keywords: Sequence[str]) -> tuple[str, ...]:
    cleaned = (clean_text(word, f"/keywords/{i}", longest=MAX_KEYWORD, is_line=True) for i, word in enumerate(keywords))
    return tuple(dict.fromkeys(word for word in cleaned if word))


def _check_lists(text: ArticleText) -> None:
    _check_size(text.keywords, MAX_KEYWORDS, "/keywords")
    _check_size(text.topics, MAX_TOPICS, "/topics")
    _check_size(text.audience, MAX_AUDIENCES, "/audience")
    if not text.audience:
        raise InvalidInput("Name at least one audience: nobody could read it.", "/audience")
    for index, name in enumerate(text.audience):
        if not AUDIENCE.fullmatch(name):
            raise InvalidInput("An audience is 1 to 40 of a-z, 0-9, _ and -.", f"/audience/{index}")
    _check_choice(text.type, TYPES, "/type")
    _check_choice(text.confidence, CONFIDENCES, "/confidence")
    _check_choice(text.governance, GOVERNANCES, "/governance")
    _check_choice(text.significance, SIGNIFICANCES, "/significance")
    if not LANGUAGE.fullmatch(text.language) or len(text.language) > 35:
        raise InvalidInput("A language is a BCP 47 tag such as en, de or pt-BR.", "/language")
    if text.family is not None and not FAMILY.fullmatch(text.family):
        raise InvalidInput("A family is 1 to 80 of a-z, 0-9 and -.", "/family")


def _check_size(items: Sequence[str], most: int, pointer: str) -> None:
    if len(items) > most:
        raise InvalidInput(f"At most {most}.", pointer)


def _check_choice(value: str, choices: Sequence[str], pointer: str) -> None:
    if value not in choices:
        raise InvalidInput(f"One of {', '.join(choices)}.", pointer)
