"""A repeated question costs its check and little more.

A finished response is kept with the facts that its check read. The same question reads the facts again, from the
database, as every request does; only when they are the same, field by field, is the response given again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from copy import copy
from dataclasses import dataclass

from kb_service.search.checking import ArticleFacts
from kb_service.search.request import SearchResponse

_ENTRIES = 1024

ReadFacts = Callable[[list[int]], dict[int, ArticleFacts]]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A response, the ids that were checked for it and what the database said of them."""

    article_ids: list[int]
    facts: dict[int, ArticleFacts]
    response: SearchResponse


class Memo:
    """Responses by question; the least recently asked go first. Thread-safe."""

    def __init__(self, read_facts: ReadFacts) -> None:
        self._read_facts = read_facts
        self._entries: OrderedDict[Hashable, Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, key: Hashable) -> SearchResponse | None:
        """A copy of the response, if the database still says the same of every article behind it."""
        found = self._entries.get(key)
        if found is None or self._read_facts(found.article_ids) != found.facts:
            return None
        return copy(found.response)

    def keep(
        self, key: Hashable, article_ids: list[int], facts: dict[int, ArticleFacts], response: SearchResponse
    ) -> None:
        """Keep a response; one that is degraded or speaks of other lists (a wider context) is not kept."""
        if response.degraded or response.widened is not None:
            return
        with self._lock:
            self._entries[key] = Remembered(article_ids, facts, copy(response))
            self._entries.move_to_end(key)
            while len(self._entries) > _ENTRIES:
                self._entries.popitem(last=False)
