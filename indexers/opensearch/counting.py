"""In how many parts a term stands, remembered for a while: rarity changes slowly, and asking costs a pass.

Invariants: a remembered count is at most ``REMEMBER_SECONDS`` old and of the same generation; counts decide evidence and
the choice of a long question's terms, never what is found or in which order.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

REMEMBER_SECONDS = 60.0
MAX_REMEMBERED = 50_000
UNKNOWN = (0, 0, 0)
FIELDS = ("title", "keywords", "body")


class TermCounts:
    """Counts of one generation. Thread-safe. A write by this process makes it forget."""

    def __init__(self) -> None:
        self.total = 0
        self._counts: dict[str, tuple[float, tuple[int, int, int]]] = {}
        self._lock = threading.Lock()

    def missing(self, terms: Sequence[str]) -> list[str]:
        """Those that must be asked for."""
        oldest = time.monotonic() - REMEMBER_SECONDS
        with self._lock:
            return [term for term in dict.fromkeys(terms) if self._counts.get(term, (-1e9, UNKNOWN))[0] < oldest]

    def learn(self, terms: Sequence[str], answer: Mapping[str, Any]) -> None:
        """Take in the answer to ``queries.frequencies``."""
        counted, now = answer["aggregations"]["parts"], time.monotonic()
        buckets = counted["each"]["buckets"]
        with self._lock:
            if len(self._counts) > MAX_REMEMBERED:
                self._counts.clear()
            self.total = int(counted["doc_count"])
            for n, term in enumerate(terms):
                title, keywords, body = (int(buckets[f"{n}.{field}"]["doc_count"]) for field in FIELDS)
                self._counts[term] = (now, (title, keywords, body))

    def of(self, term: str) -> tuple[int, int, int]:
        """Parts that hold the term in title, keywords and body."""
        with self._lock:
            return self._counts.get(term, (0.0, UNKNOWN))[1]

    def forget(self) -> None:
        """Something was written."""
        with self._lock:
            self._counts.clear()
