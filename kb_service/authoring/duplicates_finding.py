"""Finds what a text may duplicate: candidates from both retrievers, their texts in one query, the likeness of each.

Invariants: only published articles that the actor may read; only where both apply to a common context; an article's own
family is never its duplicate (variants are known to be alike); without the encoder, words alone decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from indexers.document import IndexedArticle
from indexers.embedding.port import EncoderUnavailable
from indexers.engine import Filter, Snapshot
from kb_service.articles.changes import published_rows
from kb_service.articles.cutting import cut
from kb_service.articles.repository import to_content
from kb_service.articles.sections import RevisionContent
from kb_service.authoring.duplicates import DEFAULT, FLAGGED, Coefficients, Evidence, Words, idf, likeness, weigh
from kb_service.catalog.context import Applicability, intersect
from kb_service.search.service import SearchService
from kb_service.search.understanding import understand

MAX_PASSAGES, DEPTH, MAX_WEIGHED, MAX_FOUND, MAX_KEPT = 6, 30, 12, 5, 5_000
_NEVER_SEEN = 0.2
"""The cosine taken for a passage whose best hits do not name the candidate."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be checked. ``article`` and ``family``: its own, which are not its duplicates; None: not saved yet."""

    content: RevisionContent
    audiences: frozenset[str]
    article: int | None = None
    family: int | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A published article that says the same for a common context."""

    article: int
    number: str
    title: str
    likeness: float
    evidence: Evidence
    common: Applicability
    content: RevisionContent


class Finder:
    """Finds duplicates over one process's search; the words of the last texts are kept."""

    def __init__(self, search: SearchService, by: Coefficients = DEFAULT, floor: float = FLAGGED) -> None:
        self._search, self._by, self._floor = search, by, floor
        self._words = lru_cache(MAX_KEPT)(words_of)

    def find(self, text: Text, limit: int = MAX_FOUND) -> list[Duplicate]:
        """What the text may duplicate, most alike first."""
        found = [duplicate for duplicate in self.weigh_all(text) if duplicate.likeness >= self._floor]
        return found[:limit]

    def weigh_all(self, text: Text) -> list[Duplicate]:
        """Every candidate with its likeness, most alike first."""
        snapshot = self._search.engine.snapshot()
        filter = Filter(text.audiences, _overlapping(snapshot, text.content.applies))
        meanings = self._meanings(text.content, snapshot, filter)
        lexical = snapshot.retrieve_lexical(understand(_head(text.content), snapshot, {}).lexical, filter, DEPTH)
        ids = sorted(meanings, key=lambda article: -meanings[article])[:MAX_WEIGHED]
        ids += [c.article_id for c in lexical.candidates[:MAX_WEIGHED] if c.article_id not in set(ids)]
        weighed = self._weigh(text, snapshot, [i for i in ids if i != text.article], meanings)
        return sorted(weighed, key=lambda duplicate: (-duplicate.likeness, duplicate.article))

    def _meanings(self, content: RevisionContent, snapshot: Snapshot, filter: Filter) -> dict[int, float]:
        """Article → mean over the text's passages of the cosine to its best passage."""
        vectors = self._vectors(content, snapshot)
        seen: dict[int, dict[int, float]] = {}
        for row, vector in enumerate(vectors):
            for candidate in snapshot.retrieve_semantic(vector, filter, DEPTH).candidates:
                seen.setdefault(candidate.article_id, {})[row] = candidate.score
        count = len(vectors)
        return {
            article: (sum(scores.values()) + _NEVER_SEEN * (count - len(scores))) / count
            for article, scores in seen.items()
        }

    def _vectors(self, content: RevisionContent, snapshot: Snapshot) -> Sequence[np.ndarray]:
        if snapshot.recipe_digest != self._search.retriever.encoder.recipe.digest():
            return []
        texts = embedding_texts(content)[:MAX_PASSAGES]
        try:
            return list(self._search.retriever.encoder.encode_passages(texts)) if texts else []
        except EncoderUnavailable:
            return []

    def _weigh(
        self, text: Text, snapshot: Snapshot, ids: Sequence[int], meanings: Mapping[int, float]
    ) -> list[Duplicate]:
        mine = self._words(text.content)
        others = self._contents(ids, text.family, text.audiences)
        words = {article: self._words(content) for article, (_, content) in others.items()}
        terms = mine.body | mine.title | frozenset().union(*(w.body | w.title for w in words.values()))
        weights = idf(snapshot.term_statistics(sorted(terms)), snapshot.passage_count())
        found = []
        for article, (number, content) in others.items():
            common = intersect(text.content.applies, content.applies)
            if common.is_nothing:
                continue
            meaning = meanings.get(article, _NEVER_SEEN)
            evidence = weigh(mine, words[article], meaning, weights)
            found.append(
                Duplicate(article, number, content.title, likeness(evidence, self._by), evidence, common, content)
            )
        return found

    def _contents(
        self, ids: Sequence[int], family: int | None, audiences: frozenset[str]
    ) -> dict[int, tuple[str, RevisionContent]]:
        if not ids:
            return {}
        with self._search.database.reading() as session:
            return {
                article.id: (article.number, to_content(revision, Applicability.from_canonical(canonical)))
                for article, revision, canonical in published_rows(session, list(ids))
                if article.family_id != family and not audiences.isdisjoint(article.audience)
            }


def words_of(content: RevisionContent) -> Words:
    """The words of a text as weighed."""
    return Words.of(content.title, plain(content))


def plain(content: RevisionContent) -> str:
    """Everything below the title as plain text."""
    return "\n".join(f"{passage.heading}\n{passage.text}" for passage in cut(content).passages)


def embedding_texts(content: RevisionContent) -> list[str]:
    """The texts that stand for a content's passages in the index."""
    pieces = cut(content)
    made = IndexedArticle(
        0, 0, "", 0, 0, content.title, content.short_answer, (), content.applies.key(), (), "", "", (), 0.0,
        pieces.passages, pieces.applicabilities,
    )  # fmt: skip
    return [made.embedding_text(passage) for passage in pieces.passages]


def _head(content: RevisionContent) -> str:
    """The words by which it would be asked for."""
    return f"{content.title}\n{content.short_answer}\n{content.issue}"[:2000]


def _overlapping(snapshot: Snapshot, applies: Applicability) -> frozenset[str] | None:
    if not applies.entries:
        return None
    parsed = {key: Applicability.from_canonical(text) for key, text in snapshot.applicabilities().items()}
    return frozenset(key for key, other in parsed.items() if not intersect(applies, other).is_nothing)
