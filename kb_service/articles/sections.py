"""An article's text as sections with their applicability: what renderings show and passages are cut from. Pure.

Invariants: a section holds until the next heading of the same or a higher level; it narrows the section around
it and its article, never widens them; anchors are unique within the article and do not depend on the context.
Stored headings carry slugs and paths (`canonicalize`), so reading them needs no catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from kb_service.articles.inputs import TEXT_FIELDS
from kb_service.articles.markdown import Anchors, MarkdownSection, read_sections
from kb_service.catalog.applies_to import read_section, read_stored_section, write_section
from kb_service.catalog.context import EVERYTHING, Applicability, intersect
from kb_service.catalog.vocabulary import Catalog
from kb_service.errors import InvalidInput

FIELD_HEADINGS = {"issue": "Issue", "environment": "Environment", "cause": "Cause", "resolution": "Resolution"}
_STORED = re.compile(r'\{\s*applies_to\s*=\s*"([^"{}]*)"\s*\}')


@dataclass(frozen=True, slots=True)
class RevisionContent:
    """A revision's text with its article-wide applicability."""

    title: str
    short_answer: str = ""
    issue: str = ""
    environment: str = ""
    cause: str = ""
    resolution: str = ""
    body: str = ""
    applies: Applicability = EVERYTHING


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its own text. ``level`` is the HTML heading's (2 to 6); 0: text without a heading of its own."""

    field: str
    level: int
    heading: str
    heading_path: str
    anchor: str
    applies: Applicability
    tokens: tuple[Token, ...]


def sections_of(content: RevisionContent) -> list[Section]:
    """Every section in the order of reading: issue, environment, cause, resolution, body."""
    anchors = Anchors()
    found: list[Section] = []
    for name in TEXT_FIELDS:
        text: str = getattr(content, name)
        if text.strip():
            found += _field_sections(name, text, content.applies, anchors)
    return found


def _field_sections(name: str, text: str, applies: Applicability, anchors: Anchors) -> Iterator[Section]:
    parts = read_sections(text)
    label = FIELD_HEADINGS.get(name, "")
    path: list[tuple[int, str, Applicability]] = []
    if label:
        lead = parts.pop(0).tokens if parts and parts[0].level == 0 else ()
        yield Section(name, 2, label, label, anchors.take(label), applies, lead)
    top = min((part.level for part in parts if part.level), default=1)
    shift = (3 if label else 2) - top
    for part in parts:
        while path and path[-1][0] >= part.level > 0:
            path.pop()
        around = path[-1][2] if path else applies
        own = _applies(part, around)
        if part.level:
            path.append((part.level, part.heading, own))
        headings = [label, *(heading for _, heading, _ in path)]
        yield Section(
            field=name,
            level=min(6, max(2, part.level + shift)) if part.level else 0,
            heading=part.heading,
            heading_path=" › ".join(heading for heading in headings if heading),
            anchor=anchors.take(part.heading) if part.level else "",
            applies=own,
            tokens=part.tokens,
        )


def _applies(part: MarkdownSection, around: Applicability) -> Applicability:
    return around if part.applies_to is None else intersect(around, read_stored_section(part.applies_to))


def canonicalize(text: str, products: frozenset[str], catalog: Catalog, pointer: str) -> str:
    """The Markdown with every heading's applies_to in slugs and paths. Raises InvalidInput naming the line."""
    if "applies_to" not in text:
        return text
    lines = text.split("\n")
    for part in read_sections(text):
        if part.is_malformed:
            raise _at_line(
                part.line,
                'A heading carries applies_to as {applies_to="product=…; versions=…; os=…"}, '
                "at its end and outside lists and quotations.",
                pointer,
            )
        if part.applies_to is not None:
            stored = _canonical_attribute(part, products, catalog, pointer)
            _replace_attribute(lines, part.line - 1, stored)
    return "\n".join(lines)


def _canonical_attribute(part: MarkdownSection, products: frozenset[str], catalog: Catalog, pointer: str) -> str:
    try:
        return write_section(read_section(part.applies_to or "", products, catalog, pointer))
    except InvalidInput as error:
        raise _at_line(part.line, error.detail, pointer, place=error.extras.get("place")) from None


def _replace_attribute(lines: list[str], start: int, stored: str) -> None:
    """In the heading's source: its own line, or, of an underlined heading of several lines, one below."""
    replacement = f'{{applies_to="{stored}"}}' if stored else ""
    for index in range(start, len(lines)):
        if _STORED.search(lines[index]):
            lines[index] = _STORED.sub(lambda _: replacement, lines[index], count=1).rstrip()
            return


def _at_line(line: int, detail: str, pointer: str, place: object = None) -> InvalidInput:
    extras = {"place": place} if place else {}
    return InvalidInput(f"Line {line}: {detail}", pointer, line=line, **extras)
