"""Which generations of an embedded index exist and which one serves: the CURRENT file.

Invariants: CURRENT is replaced as a whole; a generation is named there only after it is complete on disk; what is not
named there is garbage.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from indexers.embedded.files import read_json, write_json


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


class Catalog:
    """The directory of generations."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "CURRENT"
        self.folder = directory / "generations"

    def read(self) -> Current | None:
        """What CURRENT says; None before the first generation. Raises ValueError when it is damaged."""
        value = read_json(self._file)
        return None if value is None else Current(value["serving"], tuple(value["building"]), value["previous"])

    def write(self, current: Current) -> None:
        """Swap, durably."""
        value = {"serving": current.serving, "building": list(current.building), "previous": current.previous}
        write_json(self._file, value)

    def mark(self) -> int:
        """Changes whenever CURRENT does; -1 while there is none."""
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return -1
        return hash((found.st_ino, found.st_mtime_ns))

    def path(self, name: str) -> Path:
        """The directory of a generation."""
        return self.folder / name

    def next_name(self) -> str:
        """A name that no generation on disk has."""
        self.folder.mkdir(parents=True, exist_ok=True)
        numbers = [int(found[1]) for path in self.folder.iterdir() if (found := re.fullmatch(r"g(\d+)", path.name))]
        return f"g{max(numbers, default=0) + 1:06d}"

    def collect_garbage(self, current: Current) -> None:
        """Remove what CURRENT does not name."""
        for path in self.folder.iterdir():
            if path.name not in current.kept:
                shutil.rmtree(path, ignore_errors=True)


def digest_of(recipe: Mapping[str, object]) -> str:
    """16 hexadecimal digits over the canonical JSON; equal to ``Recipe.digest`` for a recipe's fields."""
    canonical = json.dumps(dict(recipe), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()[:16]
