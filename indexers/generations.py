"""Which generations of an index exist and which one serves, whatever engine holds them. Pure.

Invariants: exactly one serves; ``previous`` stays for a rollback and receives no changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Current:
    """``building`` receive changes beside ``serving``; ``previous`` stays for a rollback and receives none."""

    serving: str
    building: tuple[str, ...] = ()
    previous: str | None = None

    @property
    def live(self) -> tuple[str, ...]:
        """Generations that must receive every change, the serving one first."""
        return (self.serving, *self.building)

    @property
    def kept(self) -> frozenset[str]:
        """Generations whose files are needed."""
        return frozenset(self.live) | ({self.previous} if self.previous else set())

    def activated(self, name: str) -> Current:
        """``name`` serves, the former one stays."""
        if name == self.serving:
            return self
        building = tuple(one for one in self.building if one != name)
        return Current(name, building, self.serving)

    def without(self, name: str) -> Current:
        """``name`` is not needed any more; raises ValueError for the serving one."""
        if name == self.serving:
            raise ValueError(f"generation {name} serves and cannot be discarded")
        previous = None if self.previous == name else self.previous
        return replace(self, building=tuple(one for one in self.building if one != name), previous=previous)


def digest_of(recipe: Mapping[str, object]) -> str:
    """16 hexadecimal digits over the canonical JSON; equal to ``Recipe.digest`` for a recipe's fields."""
    canonical = json.dumps(dict(recipe), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()[:16]
