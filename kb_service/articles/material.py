"""What a form may take of an article in a context: its steps in groups, what stands beside them, what warns. Pure.

Invariant: only sections that apply in the context are here. A group (a section with all beneath it) is carried whole
or not at all, so that the warnings inside it go with its steps; ``cautions`` are the warnings that stand outside the
groups that they are about and go with any of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kb_service.articles.cautions import is_warning_heading, warnings_in
from kb_service.articles.markdown import to_text
from kb_service.articles.renderings import PLAIN, RenderingAids
from kb_service.articles.sections import RevisionContent, Section, sections_of
from kb_service.catalog.context import Context, covers

STEP_FIELDS = ("resolution", "body")


@dataclass(frozen=True, slots=True)
class Group:
    """A section with all beneath it as plain text. ``is_whole``: nothing but the layout is lost (no image, no link)."""

    text: str
    warnings: tuple[str, ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Material:
    """An article in a context, before it is put into a form."""

    title: str
    short_answer: str
    groups: tuple[Group, ...]
    cautions: tuple[str, ...]
    has_background: bool
    """Issue, environment or cause say something."""

    def outside(self, carried: int) -> tuple[str, ...]:
        """Cautions that the first ``carried`` groups do not say themselves; none where no step is carried."""
        if not carried:
            return ()
        said = {warning for group in self.groups[:carried] for warning in group.warnings}
        return tuple(caution for caution in self.cautions if caution not in said)

    def warnings(self, carried: int) -> tuple[str, ...]:
        """Every warning that the first ``carried`` groups bring along."""
        within = (warning for group in self.groups[:carried] for warning in group.warnings)
        return tuple(dict.fromkeys([*self.outside(carried), *within]))

    def is_all(self, carried: int) -> bool:
        """Whether nothing is left out."""
        return carried == len(self.groups) and not self.has_background and all(g.is_whole for g in self.groups)


def gather(content: RevisionContent, context: Context, aids: RenderingAids = PLAIN) -> Material:
    """The material of a revision in a context."""
    found = [s for s in sections_of(content) if covers(s.applies, context, aids.named) is not None]
    background = [section for section in found if section.field not in STEP_FIELDS]
    cut = list(_cut_into_groups(section for section in found if section.field in STEP_FIELDS))
    groups = [_group(sections, content, aids) for sections in cut]
    cautions = [warning for section in background for warning in warnings_in(section.tokens)]
    for sections, group in zip(cut, groups, strict=True):
        if _is_lead(sections[0]) or is_warning_heading(sections[0].heading):
            cautions += group.warnings
    return Material(
        title=content.title,
        short_answer=" ".join(content.short_answer.split()),
        groups=tuple(group for group in groups if group.text),
        cautions=tuple(dict.fromkeys(cautions)),
        has_background=any(to_text(section.tokens) for section in background),
    )


def _is_lead(section: Section) -> bool:
    return section.level == 0 or (section.field == "resolution" and section.level == 2)


def _cut_into_groups(sections: Iterable[Section]) -> list[list[Section]]:
    groups: list[list[Section]] = []
    for section in sections:
        opening = groups[-1][0] if groups else None
        is_within = (
            opening is not None
            and opening.field == section.field
            and not _is_lead(opening)
            and section.level > opening.level
        )
        if is_within:
            groups[-1].append(section)
        else:
            groups.append([section])
    return groups


def _group(sections: list[Section], content: RevisionContent, aids: RenderingAids) -> Group:
    warnings: list[str] = []
    if is_warning_heading(sections[0].heading) and not _is_lead(sections[0]):
        warnings.append(" ".join(f"{sections[0].heading.rstrip(':')}: {_body(sections)}".split()))
    else:
        warnings += _nested_warnings(sections)
    parts = [part for section in sections for part in _said(section, content, aids)]
    tokens = [token for section in sections for token in section.tokens]
    is_whole = not any(
        child.type in ("image", "link_open", "html_inline") for token in tokens for child in token.children or ()
    ) and not any(token.type == "html_block" for token in tokens)
    return Group("\n\n".join(part for part in parts if part), tuple(warnings), is_whole)


def _body(sections: list[Section]) -> str:
    return "\n".join(
        part for index, s in enumerate(sections) for part in (s.heading if index else "", to_text(s.tokens)) if part
    )


def _nested_warnings(sections: list[Section]) -> list[str]:
    warnings: list[str] = []
    for index, section in enumerate(sections):
        if index and is_warning_heading(section.heading):
            warnings.append(" ".join(f"{section.heading.rstrip(':')}: {to_text(section.tokens)}".split()))
        else:
            warnings += warnings_in(section.tokens)
    return warnings


def _said(section: Section, content: RevisionContent, aids: RenderingAids) -> list[str]:
    heading = "" if _is_lead(section) else section.heading
    label = "" if section.applies == content.applies or not heading else ", ".join(aids.describe(section.applies))
    return [f"{heading} ({label})" if label else heading, to_text(section.tokens)]
