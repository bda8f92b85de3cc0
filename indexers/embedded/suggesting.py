"""Type-ahead and vocabulary over titles and keywords, in memory.

Invariants: only words of titles and keywords are known here, never of passages; the filter is the article's own; every
word typed (stop words aside) must be found, the last one as a beginning; a word of 4 letters may have one typing
error, of 8 two. The word lists grow with the tables and are shared by all views of them.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from indexers.analysis import STOP_WORDS, words
from indexers.embedded.tables import Admitted, Array, View
from indexers.engine import Suggestion

MAX_WORDS = 12
MAX_EXPANSIONS = 400
EXACT, PREFIX, FUZZY = 1.0, 0.8, 0.5


class WordLists:
    """Word → slots of articles whose title or keywords hold it; appended to as views grow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[str, array[int]] = {}
        self._length = 0
        self._sorted: list[str] = []

    def follow(self, view: View) -> list[str]:
        """Take in the view's articles; returns all words, sorted. The list is never changed afterwards."""
        with self._lock:
            for slot in range(self._length, len(view.articles)):
                for word in _article_words(view, slot):
                    self._slots.setdefault(word, array("i")).append(slot)
            self._length = max(self._length, len(view.articles))
            if len(self._sorted) != len(self._slots):
                self._sorted = sorted(self._slots)
            return self._sorted

    def slots(self, word: str, length: int) -> Array:
        """Slots below ``length`` that hold the word."""
        with self._lock:
            found = np.array(self._slots.get(word, ()), dtype=np.int64)
        return found[found < length]


def _article_words(view: View, slot: int) -> set[str]:
    text = " \n".join((view.titles[slot], *view.keywords[slot]))
    return {word for word, _, _ in words(text)}


@dataclass(frozen=True, slots=True)
class _Expansion:
    """Words that a typed word may stand for, with how well they fit."""

    typed: str
    fits: Mapping[str, float]
    is_last: bool


class Suggester:
    """Suggestions and vocabulary of one view."""

    def __init__(self, view: View, lists: WordLists) -> None:
        self._view = view
        self._lists = lists
        self._words = lists.follow(view)
        self._vocabularies: dict[frozenset[str], Mapping[str, int]] = {}

    def suggest(self, text: str, admitted: Admitted, limit: int) -> list[Suggestion]:
        """See Snapshot.suggest."""
        typed = [word for word, _, _ in words(text)][:MAX_WORDS]
        if not typed or limit < 1:
            return []
        is_open = text[-1:].isalnum()
        needed = [word for word in typed[:-1] if word not in STOP_WORDS]
        expansions = [self._expand(word, is_last=False) for word in needed]
        if is_open or typed[-1] not in STOP_WORDS or not needed:
            expansions.append(self._expand(typed[-1], is_last=is_open))
        scores = self._score(expansions, admitted)
        best = self._best(scores, limit)
        return [self._suggestion(int(slot), float(scores[slot]), expansions) for slot in best]

    def _expand(self, typed: str, *, is_last: bool) -> _Expansion:
        fits = {typed: EXACT} if self._holds(typed) else {}
        if is_last:
            start = bisect_left(self._words, typed)
            end = bisect_left(self._words, typed + "\U0010ffff")
            for word in self._words[start : min(end, start + MAX_EXPANSIONS)]:
                fits.setdefault(word, PREFIX)
        if not fits and len(typed) >= 4:
            fits = self._fuzzy(typed, 1 if len(typed) < 8 else 2, is_last=is_last)
        return _Expansion(typed, fits, is_last)

    def _holds(self, word: str) -> bool:
        at = bisect_left(self._words, word)
        return at < len(self._words) and self._words[at] == word

    def _fuzzy(self, typed: str, distance: int, *, is_last: bool) -> dict[str, float]:
        """Words within the distance; for the last word also words whose beginning is."""
        found = process.extract(typed, self._words, scorer=OSA.distance, score_cutoff=distance, limit=50)
        fits = {word: FUZZY / (1 + errors) for word, errors, _ in found}
        if is_last:
            near = {word[:length] for word in self._words_like(typed) for length in (len(typed), len(typed) + 1)}
            heads = process.extract(typed, sorted(near), scorer=OSA.distance, score_cutoff=distance, limit=20)
            for head, errors, _ in heads:
                start = bisect_left(self._words, head)
                for word in self._words[start : start + 50]:
                    if not word.startswith(head):
                        break
                    fits.setdefault(word, FUZZY * PREFIX / (1 + errors))
        return fits

    def _words_like(self, typed: str) -> list[str]:
        """Longer words with the same first letter: few people mistype the first."""
        start, end = bisect_left(self._words, typed[0]), bisect_left(self._words, typed[0] + "\U0010ffff")
        return [word for word in self._words[start:end] if len(word) > len(typed)]

    def _score(self, expansions: list[_Expansion], admitted: Admitted) -> Array:
        """By slot: 0 where some word is missing or the filter forbids."""
        length = len(self._view.articles)
        total = np.zeros(length, dtype=np.float32)
        present = admitted.articles.copy()
        for expansion in expansions:
            fit = np.zeros(length, dtype=np.float32)
            for word, value in sorted(expansion.fits.items(), key=lambda item: item[1]):
                fit[self._lists.slots(word, length)] = value
            present &= fit > 0
            total += fit
        return np.where(present, total, 0.0)

    def _best(self, scores: Array, limit: int) -> Array:
        """Slots with the best score; then shorter titles, then the smaller article id."""
        found = np.flatnonzero(scores)
        if len(found) > 50 * limit:
            bar = np.partition(scores[found], -50 * limit)[-50 * limit]
            found = found[scores[found] >= bar][: 100 * limit]
        lengths = np.array([len(self._view.titles[slot]) for slot in found])
        order = np.lexsort((self._view.articles["id"][found], lengths, -scores[found])) if len(found) else found
        return found[order[:limit]] if len(found) else found

    def _suggestion(self, slot: int, score: float, expansions: list[_Expansion]) -> Suggestion:
        title = self._view.titles[slot]
        row = self._view.articles[slot]
        key = self._view.values["key"][row["key"]]
        matched = tuple(_ranges(title, expansions))
        return Suggestion(int(row["id"]), int(row["family"]), int(row["revision"]), key, title, score, matched)

    def vocabulary(self, audiences: frozenset[str], readable: Admitted) -> Mapping[str, int]:
        """See Snapshot.vocabulary; ``readable`` is the filter of these audiences alone."""
        found = self._vocabularies.get(audiences)
        if found is None:
            length = len(self._view.articles)
            counts = ((word, int(readable.articles[self._lists.slots(word, length)].sum())) for word in self._words)
            found = self._vocabularies[audiences] = {word: count for word, count in counts if count}
        return found


def _ranges(title: str, expansions: list[_Expansion]) -> list[tuple[int, int]]:
    """Character ranges of the title to highlight: the typed beginning of a completed word, else whole words."""
    ranges = []
    for word, start, end in words(title):
        fitting = [expansion for expansion in expansions if word in expansion.fits]
        if not fitting:
            continue
        is_head = all(one.is_last and word.startswith(one.typed) for one in fitting) and end - start == len(word)
        ranges.append((start, start + len(fitting[0].typed)) if is_head else (start, end))
    return ranges
