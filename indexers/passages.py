"""Cuts an article into passages that can answer by themselves. Pure; knows nothing of Markdown or databases.

Invariants: nothing is lost: every word of every block stands in exactly one passage, in order (a heading stands
in ``heading`` or, where sections were merged, in the text); a passage never mixes two keys; passages have about
`TARGET_WORDS` words, at most `MAX_WORDS` (plus merged headings); every article has at least one passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from indexers.document import Passage

TARGET_WORDS, MAX_WORDS, SHORT_WORDS = 150, 200, 60
LONG_WORD = 40
"""Longer "words" are text of a script without spaces, or data: they count by their letters."""
PASSAGE_RECIPE = f"passages-1;target={TARGET_WORDS};max={MAX_WORDS};short={SHORT_WORDS};overlap=0"
"""Part of the embedding recipe: another way of cutting needs a new generation."""

_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class Block:
    """A section's own text, without that of its subsections. ``heading_path``: "On Windows › Reset"; "": the lead."""

    anchor: str
    heading_path: str
    text: str
    key: str


@dataclass(slots=True)
class _Draft:
    """A passage in the making."""

    anchor: str
    heading: str
    key: str
    parts: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, joiner: str, text: str) -> None:
        self.parts += [joiner, text] if self.parts else [text]
        self.size += _size(text)


def cut_passages(title: str, key: str, short_answer: str, blocks: Iterable[Block]) -> tuple[Passage, ...]:
    """An article's passages, numbered from 0. The short answer leads the first one, under the article's ``key``."""
    lead = [Block("", "", short_answer, key)] if short_answer.strip() else []
    filled = list(_without_bare_headings([*lead, *blocks]))
    drafts: list[_Draft] = []
    for block in filled:
        if drafts and _can_merge(drafts[-1], block):
            _merge(drafts[-1], block)
        else:
            drafts += _cut(block)
    drafts = [draft for draft in drafts if draft.parts or draft.heading] or [_Draft("", "", key, [title])]
    return tuple(Passage(i, d.anchor, d.heading, "".join(d.parts).strip(), d.key) for i, d in enumerate(drafts))


def _without_bare_headings(blocks: Sequence[Block]) -> Iterator[Block]:
    """Drop what has no text of its own and whose heading the next block's path repeats."""
    for block, following in zip_longest(blocks, blocks[1:]):
        is_repeated = following is not None and following.heading_path.startswith(block.heading_path + " › ")
        if block.text.strip() or (block.heading_path and not is_repeated):
            yield block


def _can_merge(before: _Draft, block: Block) -> bool:
    """Short neighbours of one key stand together: a heading with two words answers nothing."""
    size = _size(block.text)
    is_short = min(before.size, size) < SHORT_WORDS
    return before.key == block.key and is_short and before.size + size <= TARGET_WORDS


def _merge(draft: _Draft, block: Block) -> None:
    if not draft.parts and not draft.heading:
        draft.anchor, draft.heading = block.anchor, block.heading_path
    elif block.heading_path and block.heading_path != draft.heading:
        draft.add("\n\n", _own_heading(draft.heading, block.heading_path))
    if block.text.strip():
        draft.add("\n\n" if block.text.strip() else "", block.text.strip())


def _own_heading(before: str, path: str) -> str:
    """The part of a heading path that the passage does not say yet."""
    return path.removeprefix(before + " › ") if before else path


def _cut(block: Block) -> list[_Draft]:
    units = [unit for unit in _units(block.text.strip()) if unit[1]]
    total = sum(_size(text) for _, text in units)
    target = total / max(1, round(total / TARGET_WORDS))
    drafts = [_Draft(block.anchor, block.heading_path, block.key)]
    for joiner, text in units:
        size = _size(text)
        is_full = drafts[-1].size >= target or drafts[-1].size + size > MAX_WORDS
        if drafts[-1].parts and is_full:
            drafts.append(_Draft(block.anchor, block.heading_path, block.key))
        drafts[-1].add(joiner, text)
    return drafts


def _units(text: str) -> Iterator[tuple[str, str]]:
    """Pieces that stay whole, each with what joins it to the one before: paragraphs, else lines, sentences, words."""
    for paragraph in re.split(r"\n\s*\n", text):
        yield from _smaller("\n\n", paragraph.strip(), ("\n", " "))


def _smaller(joiner: str, text: str, joiners: Sequence[str]) -> Iterator[tuple[str, str]]:
    if _size(text) <= SHORT_WORDS or not joiners:
        yield from _hard(joiner, text)
        return
    parts = text.split("\n") if joiners[0] == "\n" else _SENTENCE_END.split(text)
    for index, part in enumerate(parts):
        yield from _smaller(joiner if index == 0 else joiners[0], part.strip(" "), joiners[1:])


def _hard(joiner: str, text: str) -> Iterator[tuple[str, str]]:
    """A piece without any end of a sentence, by words; a word without any space, by letters."""
    if _size(text) <= MAX_WORDS:
        yield joiner, text
        return
    for word in text.split():
        step = LONG_WORD * 4
        for start in range(0, len(word), step):
            yield joiner, word[start : start + step]
            joiner = ""
        joiner = " "


def _size(text: str) -> int:
    return sum(1 if len(word) <= LONG_WORD else len(word) // 4 for word in text.split())
