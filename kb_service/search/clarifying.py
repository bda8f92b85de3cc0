"""The one question that separates the leading answers (pure).

An axis separates when two leading answers are for disjoint values of it, so that no single value is served by both.
Product is asked before version, version before operating system; nothing is asked when the leaders agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Values = frozenset[str]


@dataclass(frozen=True, slots=True)
class Leader:
    """A leading answer: its fused score and, per axis, the values that it is for (empty: all)."""

    score: float
    product: Values
    version: Values
    os: Values


@dataclass(frozen=True, slots=True)
class Separation:
    """The axis to ask for and its values, most served first."""

    axis: str
    values: tuple[tuple[str, int], ...]


def separate(leaders: Sequence[Leader], open_axes: Sequence[str], closeness: float) -> Separation | None:
    """The first open axis on which leaders close to the best one differ, or None."""
    if len(leaders) < 2:
        return None
    close = [leader for leader in leaders if leader.score >= leaders[0].score * closeness]
    for axis in open_axes:
        read = _reader(axis)
        if _differs(close, read):
            counts = Counter(value for leader in close for value in read(leader))
            return Separation(axis, tuple(counts.most_common()))
    return None


def _reader(axis: str) -> Callable[[Leader], Values]:
    def read(leader: Leader) -> Values:
        values: Values = getattr(leader, axis)
        return values

    return read


def _differs(leaders: Sequence[Leader], read: Callable[[Leader], Values]) -> bool:
    first = read(leaders[0])
    return any(first and read(other) and first.isdisjoint(read(other)) for other in leaders[1:])
