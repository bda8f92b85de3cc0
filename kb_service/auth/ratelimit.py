"""Token buckets in memory: so many requests a minute for each name, with a burst of a quarter minute.

One process counts for itself. The number of buckets is bounded: the longest unused goes first.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

MAX_BUCKETS = 50_000


class RateLimiter:
    """``per_minute`` 0: no limit. Thread-safe."""

    def __init__(self, per_minute: int, burst: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60.0
        self._burst = float(burst or max(1, per_minute // 4))
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, name: str) -> float:
        """Take one token; returns 0.0, or the seconds until there is one again."""
        if self._rate <= 0:
            return 0.0
        now = self._clock()
        with self._lock:
            tokens, since = self._buckets.pop(name, (self._burst, now))
            tokens = min(self._burst, tokens + (now - since) * self._rate)
            wait = 0.0 if tokens >= 1.0 else (1.0 - tokens) / self._rate
            self._buckets[name] = (tokens if wait else tokens - 1.0, now)
            if len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)
        return wait

    def forget(self, name: str) -> None:
        """Fill a bucket again."""
        with self._lock:
            self._buckets.pop(name, None)
