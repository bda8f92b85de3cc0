"""How long to wait after repeated failures: exponential, bounded, with jitter, so that retries never march in step."""

from __future__ import annotations

import random
import time
from collections.abc import Callable


def backoff_seconds(failures: int, cap_seconds: float = 8.0, first_seconds: float = 0.1) -> float:
    """Between a half and the whole of ``first_seconds`` · 2^(failures - 1), at most ``cap_seconds``; 0 without
    failures.
    """
    if failures <= 0:
        return 0.0
    full = min(cap_seconds, first_seconds * 2.0 ** min(failures - 1, 30))
    return full * random.uniform(0.5, 1.0)


class Backoff:
    """Counts consecutive failures and says when the next attempt is due."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.failures = 0
        self._clock = clock
        self._resume_at = 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether the next attempt is not yet due."""
        return self._clock() < self._resume_at

    def failed(self) -> None:
        """One more failure."""
        self.failures += 1
        self._resume_at = self._clock() + backoff_seconds(self.failures)

    def succeeded(self) -> None:
        """All is well again."""
        self.failures = 0
        self._resume_at = 0.0
