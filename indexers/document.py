"""What is indexed: an article as readers see it, cut into passages.

Invariants: ``key`` is the short key of an applicability (the engine never understands one; it sees
"key in set"); a passage's key is the intersection of its section's applicability with the article's;
``applicabilities`` maps every key used in the document to its canonical text. A document is the state
of one article at ``index_version``; a higher version replaces a lower one, never the other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an article's text that can answer by itself.

    ``number`` counts from 0 in the article; ``anchor`` is the heading's id on the page ("" for the lead);
    ``heading`` the heading path ("On Windows › Reset"); ``text`` plain text.
    """

    number: int
    anchor: str
    heading: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class IndexedArticle:
    """One published article as a document. ``audience`` holds the audience keys that may read it."""

    article_id: int
    index_version: int
    number: str
    revision: int
    family_id: int
    title: str
    short_answer: str
    keywords: tuple[str, ...]
    key: str
    audience: tuple[str, ...]
    language: str
    type: str
    topics: tuple[str, ...]
    updated_at: float
    """Seconds since the epoch."""
    passages: tuple[Passage, ...]
    applicabilities: Mapping[str, str] = field(default_factory=dict)

    def embedding_text(self, passage: Passage) -> str:
        """The text that is embedded for a passage: title, heading path, then the passage."""
        parts = [self.title, passage.heading, passage.text]
        return "\n".join(part for part in parts if part)
