"""What a generation holds at one moment, loaded from its journal and checked against tantivy.

Invariants: an article counts as held only when the journal's newest record of it and tantivy's lead document carry the
same sequence number; a tombstone in the journal wins over a document. The published pointer (commit.json) is replaced
after both stores are durable; what lies beyond it is used only when tantivy proves that it was committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from indexers.embedded.approximate import ApproximateIndex
from indexers.embedded.files import read_json, write_json
from indexers.embedded.journal import Journal, Record
from indexers.embedded.records import (
    ARTICLE,
    FORGET,
    TOMBSTONE,
    apply_records,
    voided_by,
)
from indexers.embedded.suggesting import WordLists
from indexers.embedded.tables import Tables, View
from indexers.embedded.vectors import VectorIndex


@dataclass(frozen=True, slots=True)
class Pointer:
    """The published state: ``commit`` counts up; ``opstamp`` is tantivy's; ``length`` bytes of ``journal`` count."""

    commit: int = 0
    journal: str = "journal-1.log"
    length: int = 0
    opstamp: int = 0
    sequence: int = 0
    approximate: str = ""
    """File of the approximate vector index, "" for none."""

    @classmethod
    def read(cls, directory: Path) -> Pointer:
        """The pointer in a generation's directory."""
        value = read_json(directory / "commit.json")
        return cls() if value is None else cls(**value)

    def write(self, directory: Path) -> None:
        """Publish."""
        write_json(directory / "commit.json", {name: getattr(self, name) for name in self.__slots__})


@dataclass
class Loaded:
    """Tables and vectors up to byte ``end`` of one journal file."""

    journal: str
    tables: Tables = field(default_factory=Tables)
    end: int = 0
    sequence: int = 0
    vectors: VectorIndex | None = None
    lists: WordLists = field(default_factory=WordLists)

    def replay(self, records: list[Record], voided: set[int]) -> None:
        """Append records; ``voided`` take their rows without effect."""
        apply_records(self.tables, records, voided)
        if records:
            self.end = records[-1].end
            self.sequence = max(self.sequence, max(record.meta["seq"] for record in records))

    def freeze(self, journal: Journal, approximate: Path | None) -> tuple[View, VectorIndex]:
        """Immutable view and vectors of the present state; ``approximate`` is the file of that index, if any."""
        view = self.tables.freeze()
        matrix = journal.matrix(self.end)
        rows = np.ascontiguousarray(view.passages["row"])
        if self.vectors is not None and (approximate is None or self._has(approximate)):
            self.vectors = self.vectors.extend(matrix, rows)
        else:
            loaded = None if approximate is None else ApproximateIndex.load(approximate)
            self.vectors = VectorIndex.build(matrix, rows, loaded)
        return view, self.vectors

    def _has(self, approximate: Path) -> bool:
        held = self.vectors.approximate if self.vectors else None
        return held is not None and held.is_same_training(approximate.name)


@dataclass(frozen=True, slots=True)
class Repair:
    """What loading found that the files do not say yet: records to void, documents to delete from tantivy."""

    voided: tuple[int, ...]
    documents: tuple[int, ...]


def load_published(journal: Journal, pointer: Pointer) -> Loaded:
    """The state that the pointer names, trusted (both stores agree when the operation stamps do)."""
    loaded = Loaded(pointer.journal, sequence=pointer.sequence)
    records = list(journal.scan(0, pointer.length))
    loaded.replay(records, voided_by(records))
    return loaded


def load_reconciled(journal: Journal, pointer: Pointer, leads: Mapping[int, int]) -> tuple[Loaded, Repair]:
    """The state that both stores hold, from every intact record; ``leads``: article → sequence number in tantivy."""
    records = list(journal.scan())
    voided = voided_by(records)
    bad = {r.meta["seq"] for r in records if r.meta["kind"] == ARTICLE and r.meta["seq"] not in voided}
    bad -= _confirmed(records, leads)
    bad &= _unconfirmed_newest(records, voided, leads)
    loaded = Loaded(pointer.journal, sequence=pointer.sequence)
    loaded.replay(records, voided | bad)
    tables = loaded.tables
    stale = tuple(article for article, sequence in leads.items() if tables.sequence_of(article) != sequence)
    return loaded, Repair(tuple(sorted(bad)), stale)


def _confirmed(records: list[Record], leads: Mapping[int, int]) -> set[int]:
    """Sequence numbers of article records that tantivy holds."""
    return {r.meta["seq"] for r in records if r.meta["kind"] == ARTICLE and leads.get(r.meta["id"]) == r.meta["seq"]}


def _unconfirmed_newest(records: list[Record], voided: set[int], leads: Mapping[int, int]) -> set[int]:
    """Article records after the one that tantivy holds (all of the article when it holds none) and after any tombstone.

    Records before the held one were superseded in the ordinary way and need not be voided; those before a tombstone
    have no effect either.
    """
    later: dict[int, set[int]] = {}
    for record in records:
        meta = record.meta
        if meta["kind"] == FORGET or meta["seq"] in voided:
            continue
        if meta["kind"] == TOMBSTONE:
            later[meta["id"]] = set()
        elif meta["kind"] == ARTICLE:
            is_held = leads.get(meta["id"]) == meta["seq"]
            later[meta["id"]] = set() if is_held else later.get(meta["id"], set()) | {meta["seq"]}
    return set().union(*later.values()) if later else set()
