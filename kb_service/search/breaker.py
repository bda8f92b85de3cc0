"""A part that fails again and again is left alone for a while, then tried by one caller at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed: everybody may try. Open, after ``failures`` in a row: nobody for ``seconds``; then one probe in each
    such time, until one succeeds. A probe that never reports back holds up nothing: the next may go its time later.
    """

    def __init__(self, failures: int = 3, seconds: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowed_failures, self._seconds, self._clock = failures, seconds, clock
        self._failures = 0
        self._next_probe_at = 0.0
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Whether this caller may try; in the open state it is then the probe, and must report how it went."""
        if self._failures < self._allowed_failures:
            return True
        with self._lock:
            now = self._clock()
            if self._failures >= self._allowed_failures and now < self._next_probe_at:
                return False
            self._next_probe_at = now + self._seconds
            return True

    def succeeded(self) -> None:
        """The part works."""
        self._failures = 0

    def failed(self) -> None:
        """The part failed once more."""
        with self._lock:
            self._failures += 1
            self._next_probe_at = self._clock() + self._seconds
