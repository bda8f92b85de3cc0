"""Where unanswered needs come from. Rooms above implement `GapSource` (cases: solved without an article)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

REASONS = {"empty": 1.0, "below_floor": 1.0, "case": 1.0, "no_click": 0.8, "reformulated": 0.5}
"""How much each kind of sighting says that something is missing."""
TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One question as it was left. ``reason``: one of REASONS, or TAKEN. ``text`` is masked by whoever keeps it."""

    reference: str
    asker: str
    text: str
    reason: str
    seen_at: datetime
    product: str = ""
    version: str = ""
    os: str = ""
    offered: tuple[int, ...] = ()


class GapSource(Protocol):
    """Needs that another room knows of."""

    def sightings(self, session: Session, after: datetime, until: datetime) -> Sequence[Sighting]:
        """What was left unanswered in (after, until]."""
        ...
