"""Bounded, explainable signals added to a fused score (pure). None can lift what does not apply.

Each is capped, measured on three sets of questions (docs/evaluation.md); ``explain`` lists them with their share.
Lower rooms own this protocol, rooms above implement it (SignalSource).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from indexers.analysis import fold
from kb_service.auth.actors import Actor
from kb_service.catalog.context import Match

EXACT_BONUS = 0.22
"""What names the stated product and version, over what is for everyone; measured from .01 to .3, it only helps."""
INFERRED_BONUS = 0.06
INFERRED_EXACT_BONUS = 0.02
HELPFUL_CAP = 0.01
ABOUT_BONUS = 0.3
"""Of an article that is about the code that was asked for, over those that mention it (a table of all codes)."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One contribution to a score."""

    name: str
    value: float
    detail: str = ""


_EXACT = Signal("exact", EXACT_BONUS, "written for exactly this")


class SignalSource(Protocol):
    """Something above search that knows more about articles (bookmarks); lifting.py caps what it says."""

    def stamp(self, actor: Actor) -> Hashable:
        """Changes with whatever would be said to this actor; None: nothing."""

    def signals(self, article_ids: Sequence[int], actor: Actor) -> Mapping[int, Sequence[Signal]]:
        """Signals by article for this actor; cheap, for every search asks."""


def exactness(match: Match, has_context: bool) -> Signal | None:
    """Exact over general, when a context was stated."""
    return _EXACT if has_context and match is Match.EXACT else None


def preference(match: Match | None) -> Signal | None:
    """An inferred context prefers what covers it."""
    if match is None:
        return None
    value = INFERRED_BONUS + (INFERRED_EXACT_BONUS if match is Match.EXACT else 0.0)
    return Signal("inferred_context", value, "fits what is known of you")


def about(title: str, identifiers: Iterable[str]) -> Signal | None:
    """A code that was asked for stands in the title."""
    folded = fold(title)
    named = next((identifier for identifier in identifiers if identifier in folded), None)
    return Signal("about", ABOUT_BONUS, f"its title names {named}") if named else None


@lru_cache(maxsize=4096)
def helpfulness(up: int, down: int) -> Signal | None:
    """Votes, by the lower bound of the Wilson interval (95 %) around an even share; at most ±HELPFUL_CAP."""
    total = up + down
    if total < 5:
        return None
    z, share = 1.96, up / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    low, high = (centre - spread) / (1 + z * z / total), (centre + spread) / (1 + z * z / total)
    value = HELPFUL_CAP * (2 * low - 1) if low > 0.5 else HELPFUL_CAP * (2 * high - 1) if high < 0.5 else 0.0
    return Signal("helpful", value, f"{up} of {total} said that it helped") if value else None
