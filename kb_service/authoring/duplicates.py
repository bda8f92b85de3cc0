"""How alike two articles are, and why: by meaning, by words, by title, as far as both are for the same context. Pure.

``likeness`` is a logistic function of four figures (coefficients fitted on planted paraphrases, docs/evaluation.md):
the mean cosine of one text's passages to the best of the other's, the share of weighted words that both hold, the same
of the titles, and how far the steps agree. What is for disjoint contexts is never a duplicate, however alike.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from indexers.analysis import analyze

FLAGGED = 0.9
"""From this likeness on a pair is shown."""
MAX_SHARED_WORDS = 8
SAME_MESSAGE = 0.6
_CODE = re.compile(r"\b(?=[\w.-]*\d)[A-Za-z0-9][\w.-]*[A-Za-z0-9]\b")
_YEAR = re.compile(r"(?:19|20)\d\d|\d{1,2}(?:\.\d+)?|\d+-based")
_QUOTED = re.compile(r"[\"“]([^\"”]{6,})[\"”]|\(([^)]{12,})\)")


@dataclass(frozen=True, slots=True)
class Words:
    """A text's distinct terms, and its title's."""

    title: frozenset[str]
    body: frozenset[str]
    codes: frozenset[str] = frozenset()
    quoted: frozenset[str] = frozenset()

    @classmethod
    def of(cls, title: str, body: str) -> Words:
        """From plain text."""
        codes = frozenset(found.lower() for found in _CODE.findall(title) if not _YEAR.fullmatch(found))
        quoted = frozenset(term for found in _QUOTED.findall(title) for part in found for term in analyze(part))
        return cls(frozenset(analyze(title)), frozenset(analyze(body)), codes, quoted)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a duplicate. Shares and ``meaning`` (a cosine) in [0, 1]."""

    meaning: float
    words: float
    contained: float
    title: float
    shared: tuple[str, ...] = ()
    is_apart: bool = False
    """The titles name different codes or quote different messages: siblings of one pattern, not duplicates."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Of the logistic function."""

    intercept: float = -17.0
    meaning: float = 14.0
    words: float = 6.0
    contained: float = 4.0
    title: float = 2.0


def weigh(a: Words, b: Words, meaning: float, weights: Mapping[str, float]) -> Evidence:
    """The evidence of a pair; ``weights``: idf of the terms that are known, others count 1."""

    def total(terms: frozenset[str]) -> float:
        return sum(weights.get(term, 1.0) for term in terms)

    both = a.body & b.body
    common, smaller = total(both), min(total(a.body), total(b.body))
    union = total(a.body | b.body)
    titles = total(a.title | b.title)
    telling = (term for term in both if len(term) > 2 and not term.isdigit())
    shared = sorted(telling, key=lambda term: (-weights.get(term, 1.0), -len(term), term))[:MAX_SHARED_WORDS]
    return Evidence(
        meaning=max(0.0, meaning),
        words=common / union if union else 0.0,
        contained=common / smaller if smaller else 0.0,
        title=total(a.title & b.title) / titles if titles else 0.0,
        shared=tuple(shared),
        is_apart=are_apart(a, b),
    )


def are_apart(a: Words, b: Words) -> bool:
    """Whether the titles tell the subjects apart, however alike the texts are."""
    if a.codes - b.codes and b.codes - a.codes:
        return True
    mine, theirs = a.codes | a.quoted, b.codes | b.quoted
    return bool(mine and theirs) and len(mine & theirs) < SAME_MESSAGE * min(len(mine), len(theirs))


DEFAULT = Coefficients()


def likeness(evidence: Evidence, by: Coefficients = DEFAULT) -> float:
    """The probability that one makes the other superfluous, in [0, 1]."""
    if evidence.is_apart:
        return 0.0
    z = (
        by.intercept
        + by.meaning * evidence.meaning
        + by.words * evidence.words
        + by.contained * evidence.contained
        + by.title * evidence.title
    )
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, z))))


def idf(frequencies: Mapping[str, int], passages: int) -> dict[str, float]:
    """Weights of terms by how many passages hold them."""
    return {term: math.log(1 + (passages + 1) / (count + 1)) for term, count in frequencies.items()}
