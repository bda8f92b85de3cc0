"""Sets of versions and the grammar of ranges in which authors write them. Pure.

Invariants:
- Intervals are half-open [cut, cut), see `version`. A VersionSet is normal (sorted, merged): two equal sets are equal
  objects with one canonical text, and that text reads back as the same set.
- Nothing is guessed: what cannot be read is refused with its place; so is a clause that no version satisfies.
- Names are equal or not: no range holds one, only the name itself or "*".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kb_service.catalog.version import (
    LAST,
    MAX_DIGITS,
    MAX_PARTS,
    NO_NAMES,
    NUMBER,
    PRE,
    PRE_NUMBER,
    PRE_WORD,
    V_PREFIX,
    ZERO,
    Cut,
    MalformedVersion,
    MalformedVersions,
    Version,
    after,
    parse_version,
    strip_zeros,
    text_of,
)

__all__ = [
    "EVERY_VERSION",
    "NO_NAMES",
    "NO_VERSION",
    "MalformedVersion",
    "MalformedVersions",
    "Narrowness",
    "Version",
    "VersionSet",
    "parse_version",
    "parse_versions",
]

Interval = tuple[Cut, Cut]
_BOTTOM: Cut = ()
_TOP: Cut = (LAST,)


class Narrowness(NamedTuple):
    """How narrow a set is; larger is narrower, and a subset is never smaller. Of equal widths the newer is larger."""

    depth: int
    width: int
    low: Cut
    high: tuple[tuple[int, int, tuple[int, ...]], ...]
    names: int


@dataclass(frozen=True, slots=True)
class VersionSet:
    """A set of versions: sorted disjoint intervals and names, or everything. Build it with parse_versions or union."""

    intervals: tuple[Interval, ...] = ()
    names: frozenset[str] = NO_NAMES
    is_everything: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.is_everything or self.intervals or self.names)

    def covers(self, context_version: Version) -> Literal["exact", "general"] | None:
        """exact: wholly inside a stated list or bound; general: every version, or only a part of 7.4.* is inside."""
        if self.is_everything:
            return "general"
        if context_version.is_named:
            return "exact" if context_version.text in self.names else None
        low, high = context_version.low, context_version.high
        for first, last in self.intervals:
            if first < high and low < last:
                return "exact" if first <= low and high <= last else "general"
        return None

    def intersect(self, other: VersionSet) -> VersionSet:
        """What is in both; may be empty."""
        if self.is_everything or other.is_everything:
            return other if self.is_everything else self
        shared = ((max(a, c), min(b, d)) for a, b in self.intervals for c, d in other.intervals)
        return VersionSet(_merge(shared), self.names & other.names)

    def union(self, other: VersionSet) -> VersionSet:
        """What is in either."""
        if self.is_everything or other.is_everything:
            return EVERY_VERSION
        return VersionSet(_merge((*self.intervals, *other.intervals)), self.names | other.names)

    def canonical(self) -> str:
        """One text for one set, which parse_versions reads back: '*', '<0' (empty), '>=10.2,<12 || 2016 || "365"'."""
        if self.is_everything:
            return "*"
        return " || ".join([*map(_interval_text, self.intervals), *(f'"{n}"' for n in sorted(self.names))]) or "<0"

    def narrowness(self) -> Narrowness:
        """Compares sets by how little they hold: depth of the common prefix, then the width beneath it."""
        if self.is_everything or not self.intervals:
            return Narrowness(-1 if self.is_everything else MAX_PARTS + 2, 0, (), (), -len(self.names))
        low, high = self.intervals[0][0], self.intervals[-1][1]
        depth = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
        width = sum(_value(b, depth) - _value(a, depth) for a, b in self.intervals)
        return Narrowness(depth, -width, low, _mirrored(high), -len(self.names))


EVERY_VERSION = VersionSet(is_everything=True)
NO_VERSION = VersionSet()


def _value(cut: Cut, index: int) -> int:
    """How far along its siblings a cut lies at this depth: grows as the order of parts does."""
    kind, number, _ = cut[index] if index < len(cut) else ZERO
    beyond = {PRE_WORD: 10 ** (MAX_DIGITS + 1), LAST[0]: 10 ** (MAX_DIGITS + 2)}
    return number if kind in (NUMBER, PRE_NUMBER) else beyond.get(kind, 0)


def _mirrored(cut: Cut) -> tuple[tuple[int, int, tuple[int, ...]], ...]:
    """Sorts in the reverse order of cuts."""
    return (*((-kind, -number, (*(-ord(c) for c in word), 1)) for kind, number, word in cut), (1, 0, ()))


def _merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    merged: list[Interval] = []
    for low, high in sorted(pair for pair in intervals if pair[0] < pair[1]):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _interval_text(interval: Interval) -> str:
    low, high = interval
    if single := _single(low, high):
        return ("=" if PRE in single else "") + text_of(single)
    bounds = [] if low == _BOTTOM and high != _TOP else [_bound(low, ">", ">=")]
    return ",".join(bounds if high == _TOP else [*bounds, _bound(high, "<=", "<")])


def _bound(cut: Cut, behind: str, before: str) -> str:
    return behind + text_of(cut[:-1]) if cut and cut[-1] == LAST else before + text_of(cut)


def _single(low: Cut, high: Cut) -> Cut | None:
    """The one version that is exactly this interval."""
    kind, number, _ = high[-1]
    parts = high[:-1] if kind == LAST[0] else (*high[:-1], (kind, number - 1, ""))
    if not parts or (kind != LAST[0] and number == 0):
        return None
    return parts if strip_zeros(parts) == low and after(parts) == high else None


_OPERATOR = re.compile(r">=|<=|==|[=<>≥≤]")
_STEM = r'[^\s,|<>="≥≤–—]*'
_NUMBERED = re.compile(
    rf"(?:{V_PREFIX.pattern})?[0-9]{_STEM}(?:\s+[a-z]{_STEM}|(?<=[a-z])\s+[0-9]{_STEM})*",
    re.IGNORECASE,
)
_NAME = re.compile(r'"[^"]*"|[^\W\d_][^,|<>="*≥≤]*')
_HYPHEN = re.compile(r"\s+-\s+|\s*[–—]\s*")
_TIGHT_RANGE = re.compile(r"([0-9]+(?:\.[0-9]+)*)-([0-9]+(?:\.[0-9]+)*)")


def parse_versions(spec: str | Sequence[str], named: frozenset[str] = NO_NAMES) -> VersionSet:
    """Reads a range (">=10.2,<12", "7.4.*", "2013 || 2016", "10.2 - 10.6", "*") or a list of such (their union).

    Comma or space is *and*. An empty list or a blank text is every version. Raises MalformedVersions with the place,
    also for what no version satisfies ("2013, 2016"), since an author means something by it.
    """
    if isinstance(spec, str):
        return _Reader(spec, named).read() if spec.strip() else EVERY_VERSION
    found = EVERY_VERSION if not spec else NO_VERSION
    for item in spec:
        found = found.union(_Reader(item, named).read())
    return found


class _Reader:
    """Recursive descent over one range: union := clause ("||" clause)*; clause := term ([,] term)*."""

    def __init__(self, text: str, named: frozenset[str]) -> None:
        self.text, self.named, self.position = text, named, 0

    def read(self) -> VersionSet:
        found = self._clause()
        while self._take("||"):
            found = found.union(self._clause())
        if not self._is_at_end():
            raise self._malformed(f"unexpected {self.text[self.position]!r}")
        return found

    def _clause(self) -> VersionSet:
        found = self._term()
        while not self._is_at_end() and self.text[self.position] != "|":
            self._take(",")
            start = self._skip_space()
            narrowed = found.intersect(self._term())
            if narrowed.is_empty:
                raise MalformedVersions(self.text, start, "no version satisfies both; write || between alternatives")
            found = narrowed
        return found

    def _term(self) -> VersionSet:
        start = self._skip_space()
        operator = self._match(_OPERATOR) or ""
        if not operator and self._take("*"):
            return EVERY_VERSION
        place = self._skip_space()
        version = self._version()
        if version.is_named:
            if operator not in ("", "=", "=="):
                raise MalformedVersions(self.text, start, "a named version is equal or not, never before or after")
            return VersionSet(names=frozenset({version.text}))
        if operator:
            return _compare(operator, version)
        self._refuse_tight_range(place)
        return self._through(version) if self._match(_HYPHEN) else _compare("=", version)

    def _through(self, first: Version) -> VersionSet:
        start = self._skip_space()
        last = self._version()
        if last.is_named or first.low >= last.high:
            raise MalformedVersions(self.text, start, "the range ends before it begins")
        return VersionSet(((first.low, last.high),))

    def _version(self) -> Version:
        start = self._skip_space()
        found = self._match(_NUMBERED) or self._match(_NAME)
        if found is None:
            raise self._malformed("a version is missing here")
        try:
            return parse_version(found, self.named)
        except MalformedVersion as error:
            raise MalformedVersions(self.text, start + error.position, error.reason) from None

    def _refuse_tight_range(self, start: int) -> None:
        """2013-2016 reads as one version; its author meant two."""
        match = _TIGHT_RANGE.fullmatch(self.text, start, self.position)
        if match is None:
            return
        first, last = (tuple(map(int, side.split("."))) for side in match.groups())
        if last > first and (len(first) == len(last) or len(first) < 3):
            raise MalformedVersions(self.text, match.end(1), "write a range with spaces: 10.2 - 10.6")

    def _match(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self.text, self.position)
        if match is None:
            return None
        self.position = match.end()
        return match.group()

    def _take(self, token: str) -> bool:
        is_here = self.text.startswith(token, self._skip_space())
        self.position += len(token) * is_here
        return is_here

    def _skip_space(self) -> int:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1
        return self.position

    def _is_at_end(self) -> bool:
        return self._skip_space() == len(self.text)

    def _malformed(self, reason: str) -> MalformedVersions:
        return MalformedVersions(self.text, self.position, reason)


def _compare(operator: str, version: Version) -> VersionSet:
    """The versions on one side of a bound: > begins after everything beneath it, < ends before its first pre-release."""
    intervals: dict[str, Interval] = {
        ">=": (version.low, _TOP),
        ">": (version.high, _TOP),
        "<": (_BOTTOM, version.low),
        "<=": (_BOTTOM, version.high),
    }
    symbol = {"≥": ">=", "≤": "<="}.get(operator, operator)
    return VersionSet(_merge([intervals.get(symbol, (version.low, version.high))]))
