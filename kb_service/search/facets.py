"""Facets of exactly the listed results (pure): product, version, operating system, type, topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb_service.catalog.context import Applicability, Context, covers
from kb_service.search.clarifying import Leader
from kb_service.search.ranking import Ranked
from kb_service.search.request import FacetValue

MAX_VALUES = 20


@dataclass(frozen=True, slots=True)
class Catalogued:
    """What facets need of the catalogue: releases of each product and every OS path, in order."""

    releases: Mapping[str, tuple[str, ...]]
    systems: tuple[str, ...]
    named: frozenset[str]


@lru_cache(maxsize=50_000)
def versions_covered(
    applicability: Applicability, product: str, releases: tuple[str, ...], named: frozenset[str]
) -> frozenset[str]:
    """The releases of ``product`` that an applicability covers."""
    return frozenset(v for v in releases if covers(applicability, Context(product, v, None), named))


@lru_cache(maxsize=50_000)
def systems_named(applicability: Applicability) -> frozenset[str]:
    """The OS nodes that an applicability names, with their ancestors; empty when it is for every system."""
    paths = {path for entry in applicability.entries for path in entry.os}
    if any(not entry.os for entry in applicability.entries):
        return frozenset()
    return frozenset("/".join(p.split("/")[:n]) for p in paths for n in range(1, p.count("/") + 2))


def leader(ranked: Ranked, applicability: Applicability, catalogued: Catalogued, product: str | None) -> Leader:
    """What a leading answer is for, per axis. ``product``: the one in force, whose versions alone count then."""
    products = applicability.products()
    releases: set[tuple[str, str]] = set()
    for one in products & {product} if product in products else products:
        known = catalogued.releases.get(one, ())
        releases.update((one, version) for version in versions_covered(applicability, one, known, catalogued.named))
    return Leader(ranked.score, products, frozenset(releases), _leaves(systems_named(applicability)))


def _leaves(paths: frozenset[str]) -> frozenset[str]:
    return frozenset(p for p in paths if not any(o.startswith(p + "/") for o in paths))


def count(
    results: Sequence[Ranked],
    applicabilities: Mapping[str, Applicability],
    product: str | None,
    catalogued: Catalogued,
) -> dict[str, Counter[str]]:
    """Value → number of results, per facet. Versions are counted for the product in force only."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("product", "version", "os", "type", "topic")}
    releases = catalogued.releases.get(product or "", ())
    for key, number in Counter(result.candidate.facts.key for result in results).items():
        applicability = applicabilities[key]
        _add(counts["product"], applicability.products(), number)
        _add(counts["os"], systems_named(applicability), number)
        if product and releases:
            _add(counts["version"], versions_covered(applicability, product, releases, catalogued.named), number)
    counts["type"].update(result.candidate.facts.type for result in results)
    for topics, number in Counter(result.candidate.facts.topics for result in results).items():
        _add(counts["topic"], topics, number)
    return counts


def _add(counter: Counter[str], values: Iterable[str], number: int) -> None:
    for value in values:
        counter[value] += number


def present(
    counts: Mapping[str, Counter[str]], labels: Mapping[str, Callable[[str], str]]
) -> dict[str, list[FacetValue]]:
    """The most frequent values of each facet with their labels."""
    return {name: [FacetValue(v, labels[name](v), n) for v, n in _top(c)] for name, c in counts.items()}


def _top(counter: Counter[str]) -> Iterable[tuple[str, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:MAX_VALUES]
