"""Which generations of an embedded index exist and which one serves: the CURRENT file.

Invariants: CURRENT is replaced as a whole; a generation is named there only after it is complete on disk; what is not
named there is garbage.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from indexers.embedded.files import read_json, write_json
from indexers.generations import Current


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
