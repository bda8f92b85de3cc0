"""One hit per family (pure): among covering variants exact over general, then the narrowest, then the newest release,
then the score. The others are named beside it. Filtering comes first: the other order loses the right one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class InFamily(Protocol):
    """Anything ranked that belongs to a family."""

    @property
    def family_id(self) -> int:
        """The family's id."""


T = TypeVar("T", bound=InFamily)


@dataclass(frozen=True, slots=True)
class Collapsed(Generic[T]):
    """The member shown, and the other members found, best first."""

    shown: T
    others: tuple[T, ...]


def collapse(ranked: Sequence[T], preference: Callable[[T], Any]) -> list[Collapsed[T]]:
    """Keep one of each family at the place of its best member. ``preference``: larger is shown; ties by rank."""
    places: dict[int, list[T]] = {}
    for item in ranked:
        places.setdefault(item.family_id, []).append(item)
    return [_choose(members, preference) for members in places.values()]


def _choose(members: list[T], preference: Callable[[T], Any]) -> Collapsed[T]:
    if len(members) == 1:
        return Collapsed(members[0], ())
    shown = max(members, key=preference)
    return Collapsed(shown, tuple(m for m in members if m is not shown))
