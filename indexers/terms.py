"""An article as analysed terms, one part for its lead and one per passage: the same for every engine. Pure.

Invariants: every part carries title and keywords, so that an article's score is the best of its parts; the lead has the
article's own key and the number ``LEAD``; terms contain no white space, so an engine only has to cut at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from indexers.analysis import analyze, find_identifiers, fold
from indexers.document import IndexedArticle

LEAD = -1


@dataclass(frozen=True, slots=True)
class Part:
    """What is searched by words: ``title``, ``keywords``, ``body`` and ``identifiers`` are terms joined by spaces."""

    number: int
    key: str
    title: str
    keywords: str
    body: str
    identifiers: str


def analysed_parts(article: IndexedArticle) -> Iterator[Part]:
    """The lead, then the passages in order."""
    title = " ".join(analyze(article.title))
    keywords = " ".join(term for keyword in article.keywords for term in analyze(keyword))
    named = find_identifiers(" ".join((article.title, *article.keywords)))
    named += [fold(word) for word in (article.number, *article.keywords) if word and " " not in word]
    lead = "" if article.passages else " ".join(analyze(article.short_answer))
    yield Part(LEAD, article.key, title, keywords, lead, _join(named))
    for passage in article.passages:
        text = f"{passage.heading}\n{passage.text}"
        names = _join(named + find_identifiers(text))
        yield Part(passage.number, passage.key, title, keywords, " ".join(analyze(text)), names)


def _join(names: list[str]) -> str:
    return " ".join(dict.fromkeys(names))
