"""An article for people, in a context: as a page, as plain text. Pure.

Invariants: every rendering takes a Context; a section that does not apply is folded on the page (``applies`` False)
and absent from text. The same content and context render the same, so callers may cache by (revision id, context).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kb_service.articles.markdown import LinkResolver, to_html, to_text
from kb_service.articles.sections import RevisionContent, Section, sections_of
from kb_service.catalog.context import Applicability, Context, covers


def no_links(_target: str) -> str | None:
    """A resolver that knows no address."""
    return None


def no_words(_applies: Applicability) -> list[str]:
    """A describer without words."""
    return []


@dataclass(frozen=True, slots=True)
class RenderingAids:
    """What a rendering needs from outside: addresses for ``kb:`` links, words for applicabilities, named versions."""

    resolve_link: LinkResolver = no_links
    describe: Callable[[Applicability], list[str]] = no_words
    named: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RenderedSection:
    """A section as HTML without its heading. ``label``: whom it is for, where that is narrower than its article."""

    field: str
    level: int
    heading: str
    anchor: str
    html: str
    applies: bool
    label: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """A page's content. ``applies``: whether the article as a whole applies to the context."""

    title: str
    short_answer: str
    sections: tuple[RenderedSection, ...]
    applies: bool


PLAIN = RenderingAids()


def render(content: RevisionContent, context: Context, aids: RenderingAids = PLAIN) -> Rendering:
    """The page: every section, each marked with whether it applies."""
    sections = tuple(_rendered(section, content, context, aids) for section in sections_of(content))
    is_for = covers(content.applies, context, aids.named) is not None
    return Rendering(content.title, content.short_answer, sections, is_for)


def _rendered(section: Section, content: RevisionContent, context: Context, aids: RenderingAids) -> RenderedSection:
    return RenderedSection(
        field=section.field,
        level=section.level,
        heading=section.heading,
        anchor=section.anchor,
        html=to_html(section.tokens, aids.resolve_link),
        applies=covers(section.applies, context, aids.named) is not None,
        label=_label(section, content, aids),
    )


def _label(section: Section, content: RevisionContent, aids: RenderingAids) -> str:
    return "" if section.applies == content.applies else ", ".join(aids.describe(section.applies))


def text(content: RevisionContent, context: Context, aids: RenderingAids = PLAIN, *, with_title: bool = False) -> str:
    """Plain text for answers, e-mail and SMS: the short answer, then every section that applies."""
    parts = [content.title] if with_title else []
    parts.append(content.short_answer)
    for section in sections_of(content):
        if covers(section.applies, context, aids.named) is not None:
            parts += [_heading(section, content, aids), to_text(section.tokens)]
    return "\n\n".join(part for part in parts if part)


def _heading(section: Section, content: RevisionContent, aids: RenderingAids) -> str:
    label = _label(section, content, aids)
    return f"{section.heading} ({label})" if label and section.heading else section.heading
