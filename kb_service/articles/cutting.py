"""From a revision's sections to the passages of the index. Pure.

Invariant: a passage's key is that of its section's applicability; every key used is explained in
`Cut.applicabilities`. Sections that apply to nothing are not indexed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from indexers.document import Passage
from indexers.passages import Block, cut_passages
from kb_service.articles.markdown import to_text
from kb_service.articles.sections import RevisionContent, sections_of


@dataclass(frozen=True, slots=True)
class Cut:
    """Passages and what their keys mean (key → canonical text)."""

    passages: tuple[Passage, ...]
    applicabilities: Mapping[str, str]


def cut(content: RevisionContent) -> Cut:
    """A revision's passages."""
    meanings = {content.applies.key(): content.applies.canonical()}
    blocks: list[Block] = []
    for section in sections_of(content):
        if section.applies.is_nothing:
            continue
        key = section.applies.key()
        meanings.setdefault(key, section.applies.canonical())
        blocks.append(Block(section.anchor, section.heading_path, to_text(section.tokens), key))
    passages = cut_passages(content.title, content.applies.key(), content.short_answer, blocks)
    return Cut(passages, {key: meanings[key] for key in {content.applies.key(), *(p.key for p in passages)}})
