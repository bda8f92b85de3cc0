"""Sentences of two alike articles that say opposite things: another polarity, an antonym, another number. Pure.

Two sentences are compared when they share most of their words. Whoever reads both articles gets both; one of them is old.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from indexers.analysis import analyze

ALIKE, ALIKE_WITHOUT_NUMBERS, MAX_FOUND = 0.6, 0.75, 5
_MIN_TERMS, _MAX_SENTENCES = 3, 300
_NEGATION = re.compile(
    r"\b(not|never|no longer|without|cannot|unable|(?:do|does|did|is|are|was|will|wo|ca|should|must)n['’]t)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?![\w])")
_ANTONYMS = tuple(
    frozenset(pair.split("/"))
    for pair in [
        "enable/disable",
        "enabled/disabled",
        "enables/disables",
        "on/off",
        "add/remove",
        "allow/block",
        "allowed/blocked",
        "before/after",
        "true/false",
        "minimum/maximum",
        "at_least/at_most",
        "select/clear",
        "check/uncheck",
        "start/stop",
        "increase/decrease",
        "show/hide",
        "open/close",
        "first/last",
        "always/never",
        "required/optional",
        "supported/unsupported",
        "lock/unlock",
        "connect/disconnect",
        "upgrade/downgrade",
    ]
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """``mine`` and ``theirs`` say different things; ``why``: polarity, opposite or number."""

    mine: str
    theirs: str
    why: str


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    terms: frozenset[str]
    words: frozenset[str]
    numbers: tuple[str, ...]
    is_negated: bool


def find_contradictions(mine: str, theirs: str) -> list[Contradiction]:
    """Contradictions between two plain texts, at most MAX_FOUND."""
    others = _sentences(theirs)
    said = {sentence.text for sentence in others}
    found: list[Contradiction] = []
    for sentence in _sentences(mine):
        if sentence.text in said or len(found) == MAX_FOUND:
            continue
        nearest = max(others, key=lambda other: _overlap(sentence, other), default=None)
        if nearest is not None and (why := _conflict(sentence, nearest)):
            found.append(Contradiction(sentence.text, nearest.text, why))
    return found


def _sentences(text: str) -> list[_Sentence]:
    pieces = (" ".join(piece.split()) for piece in _SENTENCE.split(text))
    return [made for piece in pieces if len((made := _read(piece)).terms) >= _MIN_TERMS][:_MAX_SENTENCES]


def _read(text: str) -> _Sentence:
    plain = _NUMBER.sub(" ", _NEGATION.sub(" ", text))
    words = frozenset(re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower().replace("at least", "at_least")))
    numbers = tuple(sorted(_NUMBER.findall(text)))
    return _Sentence(text, frozenset(analyze(plain)), words, numbers, len(_NEGATION.findall(text)) % 2 == 1)


def _overlap(a: _Sentence, b: _Sentence) -> float:
    return len(a.terms & b.terms) / len(a.terms | b.terms)


def _conflict(a: _Sentence, b: _Sentence) -> str | None:
    overlap = _overlap(a, b)
    if overlap < ALIKE:
        return None
    if a.is_negated != b.is_negated:
        return "polarity"
    apart = a.words ^ b.words
    if any(len(pair & apart) == 2 and pair & a.words and pair & b.words for pair in _ANTONYMS):
        return "opposite"
    is_other = a.numbers != b.numbers and len(a.numbers) == len(b.numbers) > 0
    return "number" if is_other and overlap >= ALIKE_WITHOUT_NUMBERS else None
