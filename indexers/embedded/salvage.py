"""What to do when a document has killed tantivy's writer: find it, write all others.

Invariant: every staged change is either committed in tantivy or named with its error; none is lost in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from indexers.document import IndexedArticle
from indexers.embedded.lexicon import Lexicon

BuildDocuments = Callable[[IndexedArticle, int], list[Any]]


@dataclass(frozen=True, slots=True)
class Staged:
    """The newest uncommitted change of an article: ``article`` None for a withdrawal.

    ``sequences`` are those of all its uncommitted journal records, the newest last.
    """

    article_id: int
    version: int
    sequences: tuple[int, ...]
    article: IndexedArticle | None


def commit_bisecting(lexicon: Lexicon, staged: Sequence[Staged], build: BuildDocuments) -> dict[int, str]:
    """Write and commit in halves until each fault stands alone; returns article_id → error."""
    lexicon.reopen()
    try:
        for change in staged:
            documents = [] if change.article is None else build(change.article, change.sequences[-1])
            lexicon.write([change.article_id], documents)
        lexicon.commit()
    except ValueError as error:
        if len(staged) == 1:
            lexicon.reopen()
            return {staged[0].article_id: str(error)}
        middle = len(staged) // 2
        first = commit_bisecting(lexicon, staged[:middle], build)
        return first | commit_bisecting(lexicon, staged[middle:], build)
    return {}
