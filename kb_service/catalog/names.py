"""Names to targets: exact lookup of folded names, nearest known ones, mentions in free text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from kb_service.text import fold

NEAREST, NEAREST_SCORE = 3, 60.0


@dataclass(frozen=True, slots=True)
class Mention:
    """A name found in words[start:end]."""

    start: int
    end: int
    target: str


class Names:
    """Folded names of one kind. The first target given for a name keeps it; ``labels`` shows targets to people."""

    def __init__(self, pairs: Iterable[tuple[str, str]], labels: dict[str, str]) -> None:
        self._targets: dict[str, str] = {}
        for text, target in pairs:
            if folded := fold(text):
                self._targets.setdefault(folded, target)
        self._labels = labels
        self._longest: dict[str, int] = {}
        for name in self._targets:
            first, length = name.partition(" ")[0], name.count(" ") + 1
            self._longest[first] = max(length, self._longest.get(first, 0))

    def get(self, text: str) -> str | None:
        """The target of a name, however it is written."""
        return self._targets.get(fold(text))

    def nearest(self, text: str) -> list[str]:
        """Up to three labels of known names that look like ``text``, best first."""
        found = process.extract(
            fold(text)[:200], self._targets.keys(), scorer=fuzz.WRatio, limit=12, score_cutoff=NEAREST_SCORE
        )
        labels = dict.fromkeys(self._labels.get(self._targets[name], name) for name, _, _ in found)
        return list(labels)[:NEAREST]

    def find(self, words: Sequence[str]) -> list[Mention]:
        """Names in a text's words, leftmost first, each as long as possible, without overlap."""
        found: list[Mention] = []
        start = 0
        while start < len(words):
            mention = self._at(words, start)
            if mention:
                found.append(mention)
            start = mention.end if mention else start + 1
        return found

    def _at(self, words: Sequence[str], start: int) -> Mention | None:
        longest = self._longest.get(words[start], 0)
        for end in range(min(len(words), start + longest), start, -1):
            target = self._targets.get(" ".join(words[start:end]))
            if target is not None:
                return Mention(start, end, target)
        return None
