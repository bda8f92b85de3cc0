"""Does it apply? What an article is for (`applicability`) against what the caller has (context). Pure.

Invariants:
- This is the one predicate: engines, renderings and the final check all ask `covers`, or a SignatureSet, which answers
  the same faster.
- An axis that the context does not give restricts nothing; one that the article leaves open is met, as general.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from kb_service.catalog.applicability import (
    EVERYTHING,
    NOTHING,
    OPEN_ENTRIES,
    Applicability,
    Entry,
    intersect,
    is_beneath,
    os_path,
)
from kb_service.catalog.versions import EVERY_VERSION, NO_NAMES, Narrowness, Version, VersionSet, parse_version

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "Applicability",
    "Context",
    "Entry",
    "Match",
    "SignatureSet",
    "Specificity",
    "covering_keys",
    "covers",
    "intersect",
    "specificity",
]

CACHED_CONTEXTS: Final = 1024
_NONE, _GENERAL, _EXACT = 0, 1, 2


class Match(StrEnum):
    """How an applicability covers a context, see `covers`."""

    EXACT = "exact"
    GENERAL = "general"


_LEVELS: Final = {_GENERAL: Match.GENERAL, _EXACT: Match.EXACT}


@dataclass(frozen=True, slots=True)
class Context:
    """What the caller has: product slug, version, OS node path ("windows/11/23h2"). None or blank: not given."""

    product: str | None = None
    version: str | None = None
    os: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "product", (self.product or "").strip() or None)
        object.__setattr__(self, "version", (self.version or "").strip() or None)
        object.__setattr__(self, "os", os_path(self.os or "") or None)

    @property
    def is_empty(self) -> bool:
        return self.product is None and self.version is None and self.os is None


class _Question:
    """One context, asked of many entries: the version is read once, each distinct set of versions or OS judged once."""

    def __init__(self, context: Context, named: frozenset[str]) -> None:
        self.product, self.os = context.product, context.os
        self.version: Version | None = None if context.version is None else parse_version(context.version, named)

    def level(self, entries: Iterable[Entry]) -> int:
        best, mine = _NONE, self.product
        for entry in entries or OPEN_ENTRIES:
            product = entry.product
            if mine is not None and product is not None and product != mine:
                continue
            level = min(self.level_of_product(product), self.level_of_os(entry.os))
            if level > best:
                best = max(best, min(level, self.level_of_versions(entry.versions)))
            if best == _EXACT:
                break
        return best

    def level_of_product(self, product: str | None) -> int:
        if self.product is None or product == self.product:
            return _EXACT
        return _GENERAL if product is None else _NONE

    def level_of_versions(self, versions: VersionSet) -> int:
        if self.version is None:
            return _NONE if versions.is_empty else _EXACT
        found = versions.covers(self.version)
        return _NONE if found is None else _EXACT if found == "exact" else _GENERAL

    def level_of_os(self, systems: frozenset[str]) -> int:
        if self.os is None or self.os in systems:
            return _EXACT
        if not systems:
            return _GENERAL
        mine = self.os
        return _GENERAL if any(is_beneath(mine, s) or is_beneath(s, mine) for s in systems) else _NONE


def covers(a: Applicability, context: Context, named: frozenset[str] = NO_NAMES) -> Match | None:
    """Whether `a` applies to the context, and how.

    EXACT: some entry names the product, holds the version wholly and names the very OS node, for every axis given.
    GENERAL: some given axis is open, met by an ancestor ("windows" for windows/11), or wider than what is stated
    (context windows or 7.4 against windows/11 or 7.4.6). An axis that was not given restricts nothing, so an empty
    context matches exactly. Raises MalformedVersion for a context version that cannot be read.
    """
    return _LEVELS.get(_Question(context, named).level(a.entries))


Specificity = tuple[int, int, Narrowness, float, int]
_UNCOVERED: Final[Specificity] = (_NONE, 0, EVERY_VERSION.narrowness(), -1.0, 0)


def specificity(a: Applicability, context: Context, named: frozenset[str] = NO_NAMES) -> Specificity:
    """Orders the variants of a family for a context; larger is the better choice, the smallest does not cover at all.

    In this order: match (2 exact, 1 general, 0 none) · product named · how narrow the versions are (`Narrowness`; of equal
    widths the newer) · how narrow the OS (minus the sum of 1000^-depth, any OS being depth 0) · fewer entries.
    The best covering entry speaks for the whole. The release date, where these tie, is the caller's.
    """
    question = _Question(context, named)
    ranked = (
        (level, int(e.product is not None), e.versions.narrowness(), _os_narrowness(e.os), -len(a.entries))
        for e in a.entries or OPEN_ENTRIES
        if (level := question.level((e,)))
    )
    return max(ranked, default=_UNCOVERED)


def _os_narrowness(systems: frozenset[str]) -> float:
    return -sum(1000.0 ** -(path.count("/") + 1) for path in systems) if systems else -1.0


class SignatureSet(Mapping[str, Applicability]):
    """The signatures of one index snapshot: prefiltered by product, answers kept for the last 1,024 contexts.

    Immutable, safe to share between threads. Each distinct set of versions or OS is judged once per context.
    """

    def __init__(self, signatures: Mapping[str, Applicability], named: frozenset[str] = NO_NAMES) -> None:
        self._signatures, self._named = dict(signatures), named
        versions: dict[VersionSet, int] = {}
        systems: dict[frozenset[str], int] = {}
        self._rows: dict[str | None, list[tuple[str, int, int]]] = {}
        for key, applicability in self._signatures.items():
            for entry in applicability.entries or OPEN_ENTRIES:
                version = versions.setdefault(entry.versions, len(versions))
                system = systems.setdefault(entry.os, len(systems))
                self._rows.setdefault(entry.product, []).append((key, version, system))
        self._versions, self._systems = tuple(versions), tuple(systems)
        self._cached: Callable[[Context], Mapping[str, Match]] = lru_cache(CACHED_CONTEXTS)(self._covering)

    def covering(self, context: Context) -> Mapping[str, Match]:
        """The keys that cover the context, and how; read-only. Raises MalformedVersion."""
        return self._cached(context)

    def _covering(self, context: Context) -> Mapping[str, Match]:
        question = _Question(context, self._named)
        products = tuple(self._rows) if context.product is None else (None, context.product)
        systems = [question.level_of_os(system) for system in self._systems]
        versions: dict[int, int] = {}
        best: dict[str, int] = {}
        for product in products:
            most = question.level_of_product(product)
            for key, version, system in self._rows.get(product, ()):
                limit = min(most, systems[system])
                if limit > best.get(key, _NONE):
                    if version not in versions:
                        versions[version] = question.level_of_versions(self._versions[version])
                    level = min(limit, versions[version])
                    if level > best.get(key, _NONE):
                        best[key] = level
        return MappingProxyType({key: _LEVELS[level] for key, level in best.items()})

    def __getitem__(self, key: str) -> Applicability:
        return self._signatures[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._signatures)

    def __len__(self) -> int:
        return len(self._signatures)


def covering_keys(
    signatures: Mapping[str, Applicability], context: Context, named: frozenset[str] = NO_NAMES
) -> dict[str, Match]:
    """Key → match of the signatures that cover the context. A SignatureSet brings its own names and is the fast way."""
    if isinstance(signatures, SignatureSet):
        return dict(signatures.covering(context))
    question = _Question(context, named)
    levels = ((key, question.level(applicability.entries)) for key, applicability in signatures.items())
    return {key: _LEVELS[level] for key, level in levels if level}
