"""What changed between two texts: lines, and words within the lines that changed. Pure.

Invariants: the old text is the same and removed pieces in order, the new one the same and added pieces; work is bounded, so
that no text, however long, holds a page up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

MAX_LINES, MAX_WORDS = 500, 300
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
SAME, ADDED, REMOVED = "same", "added", "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that stayed, came or went."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line: same, added, removed, or changed (with pieces of all kinds)."""

    kind: str
    pieces: tuple[Piece, ...]


def diff(old: str, new: str) -> list[DiffLine]:
    """The lines of both texts, in order."""
    return list(_lines(old.split("\n") if old else [], new.split("\n") if new else []))


def _lines(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    for tag, a, b in _blocks(old, new, MAX_LINES):
        if tag == "equal":
            yield from (_whole(SAME, line) for line in a)
        else:
            paired = min(len(a), len(b), MAX_LINES)
            yield from (_changed(one, other) for one, other in zip(a[:paired], b[:paired], strict=True))
            yield from (_whole(REMOVED, line) for line in a[paired:])
            yield from (_whole(ADDED, line) for line in b[paired:])


def _whole(kind: str, line: str) -> DiffLine:
    return DiffLine(kind, (Piece(kind, line),))


def _changed(old: str, new: str) -> DiffLine:
    pieces = []
    for tag, a, b in _blocks(_WORDS.findall(old), _WORDS.findall(new), MAX_WORDS):
        if tag == "equal":
            pieces.append(Piece(SAME, "".join(a)))
        else:
            pieces += [Piece(kind, "".join(part)) for kind, part in ((REMOVED, a), (ADDED, b)) if part]
    return DiffLine("changed", tuple(pieces))


def _blocks(old: Sequence[str], new: Sequence[str], most: int) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Equal and other stretches; where both sides are longer than ``most``, only their common ends are sought."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    if head:
        yield "equal", old[:head], new[:head]
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(a), len(b)) > most:
        yield "replace", a, b
    else:
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            yield tag, a[i1:i2], b[j1:j2]
    if tail:
        yield "equal", old[len(old) - tail :], new[len(new) - tail :]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
