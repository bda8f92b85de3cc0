"""An article as its page shows it: sections folded or open, contents, variants as links. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from kb_service.articles.addresses import article_url
from kb_service.articles.models import Article
from kb_service.articles.renderings import RenderedSection, Rendering
from kb_service.catalog.context import Applicability, Context, covers
from kb_service.web.messages import MESSAGES, message
from kb_service.web.search_state import SearchState
from kb_service.web.search_view import Link

TOC_FROM = 3
"""Contents are shown from this many headings on."""


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section with its safe HTML. ``folded``: the words on its fold; empty: it stands open."""

    tag: str
    heading: str
    anchor: str
    html: Markup
    label: str
    folded: str


@dataclass(frozen=True, slots=True)
class TocEntry:
    """One line of the contents."""

    anchor: str
    heading: str
    is_deeper: bool


@dataclass(frozen=True, slots=True)
class VariantView:
    """A member of the family: where it leads, for whom it is, whether it is this page or the right one."""

    url: str
    label: str
    is_this: bool
    is_right: bool


@dataclass(frozen=True, slots=True)
class ArticleView:
    """The page's content."""

    title: str
    short_answer: str
    sections: list[SectionView]
    toc: list[TocEntry]
    applies_to: str
    is_wrong: bool
    has_folded: bool


def article_view(rendering: Rendering, applies_to: list[str], context_words: str) -> ArticleView:
    """The content of a rendered article; what does not apply is folded, unless the whole article does not."""
    sections = [_section(section, rendering.applies) for section in rendering.sections]
    shown = [s for s in rendering.sections if s.heading and s.level <= 3 and (s.applies or not rendering.applies)]
    toc = [TocEntry(s.anchor, _heading(s), s.level > 2) for s in shown]
    return ArticleView(
        title=rendering.title,
        short_answer=rendering.short_answer,
        sections=sections,
        toc=toc if len(toc) >= TOC_FROM else [],
        applies_to=", ".join(applies_to),
        is_wrong=not rendering.applies and bool(context_words),
        has_folded=any(section.folded for section in sections),
    )


def _section(section: RenderedSection, article_applies: bool) -> SectionView:
    folded = "" if section.applies or not article_applies else message("article.only_for", what=section.label)
    return SectionView(
        tag=f"h{section.level or 2}",
        heading=_heading(section),
        anchor=section.anchor,
        html=Markup(section.html),  # noqa: S704 - sanitised by articles.markdown
        label=section.label,
        folded=folded,
    )


def _heading(section: RenderedSection) -> str:
    key = f"section.{section.field}"
    is_field = section.level == 2 and key in MESSAGES and section.heading == section.field.capitalize()
    return message(key) if is_field else section.heading


def variant_views(
    members: Sequence[tuple[Article, Applicability]],
    this: Article,
    context: Context,
    describe: Callable[[Applicability], list[str]],
    state: SearchState,
) -> list[VariantView]:
    """The family's members as links that state no context of their own; empty for a family of one."""
    if len(members) < 2:
        return []
    plain = SearchState(query=state.query)
    return [
        VariantView(
            plain.article_url(article_url(member.number, member.title)),
            ", ".join(describe(applies)) or message("article.applies_all"),
            member.id == this.id,
            not context.is_empty and covers(applies, context) is not None,
        )
        for member, applies in members
    ]


def links_to(articles: Sequence[Article], state: SearchState, limit: int) -> list[Link]:
    """Articles as links that carry the question along."""
    return [Link(state.article_url(article_url(a.number, a.title)), a.title) for a in articles[:limit]]
