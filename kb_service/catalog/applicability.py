"""applies_to as a value: entries {product, versions, os}, their normal form, their intersection. Pure.

Invariants:
- An Applicability is normal when built: empty entries gone, alike entries merged, absorbed ones dropped; equal ones
  have one canonical text and one key. No entries: it applies to everything. NOTHING covers no context, not even an empty one.
- `intersect` only narrows: what it covers, both of its arguments cover.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

from kb_service.catalog.versions import EVERY_VERSION, NO_NAMES, NO_VERSION, VersionSet, parse_versions

ANY_OS: Final[frozenset[str]] = frozenset()
KEY_LENGTH: Final = 16
_RAW_KEYS: Final = frozenset({"product", "versions", "os"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of applies_to. product None: any; empty os: any; of nested OS nodes the ancestor stays."""

    product: str | None
    versions: VersionSet
    os: frozenset[str]

    def __post_init__(self) -> None:
        paths = {path for path in map(os_path, self.os) if path}
        object.__setattr__(self, "os", frozenset(p for p in paths if not any(is_beneath(p, q) for q in paths)))

    def is_within(self, other: Entry) -> bool:
        """Whether every context that this entry covers is covered by the other."""
        return (
            other.product in (None, self.product)
            and self.versions.intersect(other.versions) == self.versions
            and (not other.os or (bool(self.os) and _common_os(self.os, other.os) == self.os))
        )


@dataclass(frozen=True)
class Applicability:
    """What an article, section or passage is for. Normal as soon as it is built, so == compares meanings."""

    entries: tuple[Entry, ...] = ()

    EVERYTHING: ClassVar[Applicability]
    NOTHING: ClassVar[Applicability]

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", _normal(self.entries) if self.entries else ())

    @classmethod
    def of(cls, raw: Sequence[Mapping[str, Any] | Entry], named: frozenset[str] = NO_NAMES) -> Applicability:
        """From applies_to as written. Raises MalformedVersions, and ValueError for a key that is not one of ours."""
        return cls(tuple(item if isinstance(item, Entry) else _entry(item, named) for item in raw))

    @classmethod
    def from_canonical(cls, text: str) -> Applicability:
        """The inverse of `canonical`."""
        return cls.of(json.loads(text))

    def __hash__(self) -> int:
        return hash(
            self._key
        )  # entries hold sets of versions: hashing them anew each time would cost more than most look-ups

    def canonical(self) -> str:
        """Compact JSON: entries sorted, open axes left out. EVERYTHING is "[]"; NOTHING holds the empty range "<0"."""
        rows = [{name: value for name, value in row.items() if value not in (None, "*", [])} for row in self.to_raw()]
        return json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def key(self) -> str:
        """The short key that documents and passages carry: 16 hex digits, or "all", or "none"."""
        return self._key

    @cached_property
    def _key(self) -> str:
        if not self.entries:
            return "all"
        if self.is_nothing:
            return "none"
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:KEY_LENGTH]

    @property
    def is_nothing(self) -> bool:
        return any(entry.versions.is_empty for entry in self.entries)

    def products(self) -> frozenset[str]:
        """The products named; entries for any product name none."""
        return frozenset(entry.product for entry in self.entries if entry.product is not None)

    def to_raw(self) -> list[dict[str, Any]]:
        """Entries as dicts that `of` reads back; versions as one canonical range, "*" for every version."""
        return [{"product": e.product, "versions": e.versions.canonical(), "os": sorted(e.os)} for e in self.entries]


def _entry(raw: Mapping[str, Any], named: frozenset[str]) -> Entry:
    # A misspelt key would leave its axis open and so widen the article silently.
    if unknown := sorted(set(raw) - _RAW_KEYS):
        raise ValueError(f"applies_to has no {unknown[0]!r}; an entry holds product, versions, os")
    systems = raw.get("os") or ()
    return Entry(
        product=(raw.get("product") or "").strip() or None,
        versions=parse_versions(raw.get("versions") or (), named),
        os=frozenset([systems] if isinstance(systems, str) else systems),
    )


def os_path(path: str) -> str:
    return "/".join(filter(None, (node.strip() for node in path.lower().split("/"))))


def is_beneath(path: str, ancestor: str) -> bool:
    return path.startswith(ancestor + "/")


def _common_os(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    """The deeper of each related pair. Both sides name systems; empty means that they share none."""
    return frozenset(a for a in left for b in right if a == b or is_beneath(a, b)) | frozenset(
        b for b in right for a in left if is_beneath(b, a)
    )


_NOTHING_ENTRY: Final = Entry(None, NO_VERSION, ANY_OS)


def _normal(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    found = {entry for entry in entries if not entry.versions.is_empty}
    if not found:
        return (_NOTHING_ENTRY,)
    # Absorbed before merged: what lies within another entry says nothing, and merged first it would join entries anew.
    while (reduced := _merged(_merged(_unabsorbed(found), _by_versions, _join_os), _by_os, _join_versions)) != found:
        found = reduced
    if any(e.product is None and e.versions.is_everything and not e.os for e in found):
        return ()
    return tuple(sorted(found, key=lambda e: (e.product or "", e.versions.canonical(), sorted(e.os))))


def _unabsorbed(entries: set[Entry]) -> set[Entry]:
    return {e for e in entries if not any(e != other and e.is_within(other) for other in entries)}


def _merged(
    entries: Iterable[Entry], group: Callable[[Entry], object], join: Callable[[Entry, Entry], Entry]
) -> set[Entry]:
    groups: dict[object, Entry] = {}
    for entry in entries:
        key = group(entry)
        groups[key] = join(groups[key], entry) if key in groups else entry
    return set(groups.values())


def _by_versions(entry: Entry) -> object:
    return entry.product, entry.versions


def _by_os(entry: Entry) -> object:
    return entry.product, entry.os


def _join_os(left: Entry, right: Entry) -> Entry:
    return Entry(left.product, left.versions, left.os | right.os if left.os and right.os else ANY_OS)


def _join_versions(left: Entry, right: Entry) -> Entry:
    return Entry(left.product, left.versions.union(right.versions), left.os)


EVERYTHING: Final = Applicability()
NOTHING: Final = Applicability((_NOTHING_ENTRY,))
Applicability.EVERYTHING = EVERYTHING
Applicability.NOTHING = NOTHING
OPEN_ENTRIES: Final = (Entry(None, EVERY_VERSION, ANY_OS),)


def intersect(a: Applicability, b: Applicability) -> Applicability:
    """What both are for: a section narrows its article and never widens it. NOTHING where they share nothing."""
    if not a.entries or not b.entries:
        return b if not a.entries else a
    pairs = (_narrow(left, right) for left in a.entries for right in b.entries)
    return Applicability(tuple(entry for entry in pairs if entry is not None) or NOTHING.entries)


def _narrow(left: Entry, right: Entry) -> Entry | None:
    if left.product and right.product and left.product != right.product:
        return None
    systems = _common_os(left.os, right.os) if left.os and right.os else left.os | right.os
    if left.os and right.os and not systems:
        return None
    versions = left.versions.intersect(right.versions)
    return None if versions.is_empty else Entry(left.product or right.product, versions, systems)
