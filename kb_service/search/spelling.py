"""Spelling: unknown words corrected to the nearest that this audience may see; identifiers never.

Used only when the words as typed find nothing; the original stays one click away.
"""

from __future__ import annotations

from collections.abc import Mapping

from rapidfuzz import fuzz, process
from rapidfuzz.distance import DamerauLevenshtein

from indexers.engine import Snapshot
from kb_service.search import understanding

_MIN_SIMILARITY = 75.0


def correct(text: str, snapshot: Snapshot, audiences: frozenset[str]) -> str | None:
    """The corrected text, or None when nothing would change."""
    vocabulary = snapshot.vocabulary(audiences)
    words = list(vocabulary)
    return understanding.correct(text, vocabulary, lambda word: nearest(word, words, vocabulary))


def nearest(word: str, words: list[str], vocabulary: Mapping[str, int]) -> str | None:
    """The known word at the smallest edit distance (1 up to 7 letters, 2 beyond), the most frequent of equals."""
    limit = 1 if len(word) < 8 else 2
    close = process.extract(word, words, scorer=fuzz.ratio, score_cutoff=_MIN_SIMILARITY, limit=20)
    measured = [
        (DamerauLevenshtein.distance(word, known, score_cutoff=limit), -vocabulary[known], known) for known, *_ in close
    ]
    return min((m for m in measured if m[0] <= limit), default=(0, 0, None))[2]
