"""Where a snippet holds the words of a question (pure): character ranges of the plain text, and a readable cut."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
MAX_SNIPPET_CHARACTERS = 700


def highlights(
    text: str, terms: AbstractSet[str], analyse_word: Callable[[str], str], identifiers: AbstractSet[str]
) -> list[tuple[int, int]]:
    """Ranges [start, end) of words whose analysed form is in ``terms``, and of identifiers; sorted, disjoint."""
    ranges = [(m.start(), m.end()) for m in _WORD.finditer(text) if analyse_word(m.group()) in terms]
    lowered = text.lower()
    for identifier in identifiers:
        start = lowered.find(identifier)
        while start >= 0:
            ranges.append((start, start + len(identifier)))
            start = lowered.find(identifier, start + len(identifier))
    return _merge(sorted(ranges))


def cut(
    text: str, ranges: list[tuple[int, int]], limit: int = MAX_SNIPPET_CHARACTERS
) -> tuple[str, list[tuple[int, int]]]:
    """At most ``limit`` characters around the first cluster of highlights, on word borders; ranges moved along."""
    if len(text) <= limit:
        return text, ranges
    start = _start(text, ranges, limit)
    end = min(len(text), start + limit)
    if end < len(text):
        end = text.rfind(" ", start, end) if " " in text[start:end] else end
    prefix, suffix = ("… " if start else ""), (" …" if end < len(text) else "")
    shift = len(prefix) - start
    moved = [(a + shift, b + shift) for a, b in ranges if a >= start and b <= end]
    return prefix + text[start:end] + suffix, moved


def _start(text: str, ranges: list[tuple[int, int]], limit: int) -> int:
    if not ranges or ranges[-1][1] <= limit:
        return 0
    window = max(ranges, key=lambda r: sum(1 for s, e in ranges if r[0] <= s and e <= r[0] + limit))
    wanted = max(0, min(window[0] - limit // 6, len(text) - limit))
    if wanted == 0:
        return 0
    space = text.find(" ", wanted)
    return space + 1 if 0 <= space < window[0] else wanted


def _merge(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in ranges:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
