"""When a gap is open, closed, open again; how it ranks; what it is called. Pure.

A gap opens with enough askers. It closes when, for more than half of its questions, the nearest question asked since was one
whose answer somebody took; it opens again when enough askers since then took none, and they are more than those who did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from kb_service.authoring.gaps_clustering import SAME_NEED, Matrix, coherence
from kb_service.authoring.gaps_sources import REASONS, TAKEN

WATCHED, OPEN, CLOSED, DISMISSED = "watched", "open", "closed", "dismissed"


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting as far as the state depends on it."""

    asker: str
    reason: str
    seen_at: datetime

    @property
    def is_left(self) -> bool:
        """Nobody's answer was taken."""
        return self.reason != TAKEN


@dataclass(frozen=True, slots=True)
class Standing:
    """A gap's figures."""

    state: str
    demand: int
    strength: float
    reasons: dict[str, int]


def judge(state: str, turned_at: datetime | None, seen: Sequence[Seen], near: Matrix, least: int) -> Standing:
    """A gap's state and figures. ``near``: closeness of the sightings; ``least``: askers from which on a gap is shown."""
    left = [index for index, one in enumerate(seen) if one.is_left]
    demand = len({seen[index].asker for index in left})
    reasons = Counter(seen[index].reason for index in left)
    sure = sum(REASONS.get(reason, 0.0) * count for reason, count in reasons.items()) / len(left) if left else 0.0
    strength = sure * coherence(near[np.ix_(left, left)]) * len(left) / max(1, len(seen))
    return Standing(
        _next_state(state, turned_at, seen, near, least), demand, round(max(0.0, strength), 4), dict(reasons)
    )


def _next_state(state: str, turned_at: datetime | None, seen: Sequence[Seen], near: Matrix, least: int) -> str:
    if state == DISMISSED:
        return state
    if state == WATCHED or turned_at is None:
        return OPEN if len({one.asker for one in seen if one.is_left}) >= least else WATCHED
    since = [index for index, one in enumerate(seen) if one.seen_at > turned_at]
    if state == OPEN:
        before = [index for index, one in enumerate(seen) if one.is_left and one.seen_at <= turned_at]
        return CLOSED if _are_answered(before, since, seen, near) else OPEN
    left = {seen[index].asker for index in since if seen[index].is_left}
    taken = {seen[index].asker for index in since if not seen[index].is_left}
    return OPEN if len(left) >= least and len(left) > len(taken) else CLOSED


def _are_answered(before: Sequence[int], since: Sequence[int], seen: Sequence[Seen], near: Matrix) -> bool:
    if not before or not since:
        return False
    answered = 0
    for index in before:
        nearest = max(since, key=lambda later: (float(near[index, later]), seen[later].seen_at))
        answered += near[index, nearest] >= SAME_NEED and not seen[nearest].is_left
    return answered * 2 > len(before)


def label_of(texts: Sequence[str]) -> str:
    """The question that stands for the others: the shortest that still says something, as asked."""
    said = [text for text in texts if len(text.split()) >= 3] or list(texts)
    return min(said, key=lambda text: (len(text), text)) if said else ""
