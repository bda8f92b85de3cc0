"""Where a snippet holds the words of a question (pure): character ranges of the plain text, and a readable cut."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
MAX_SNIPPET_CHARACTERS = 700


def highlights(
    text: str, terms: AbstractSet[str], analyse_word: Callable[[str], str], identifiers: AbstractSet[str]
) -> list[tuple[int, int]]:
    """Ranges [start, end) of words whose analysed form is in ``terms``, and of identifiers; sorted, disjoint."""
    ranges = [match.span() for match in _WORD.finditer(text) if analyse_word(match.group()) in terms]
    lowered = text.lower() if identifiers else ""
    for identifier in identifiers:
        ranges += [(at, at + len(identifier)) for at in _places(lowered, identifier)]
    return _merge(sorted(ranges))


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


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
    ends = [end for _, end in ranges]
    window = max(enumerate(ranges), key=lambda r: bisect_right(ends, r[1][0] + limit) - r[0])[1]
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
