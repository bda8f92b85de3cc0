"""The one question that separates the leading answers (pure).

An axis separates the best answer from another leading one when they are for disjoint values of it, so that no single
value is served by both. The nearest rival that differs decides what is asked; where it differs on several axes, product
comes before version, version before operating system. Nothing is asked when the leaders agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Values = frozenset[str]
Releases = frozenset[tuple[str, str]]
"""(product, version) pairs."""


@dataclass(frozen=True, slots=True)
class Leader:
    """A leading answer: its fused score and, per axis, the values that it is for (empty: all)."""

    score: float
    product: Values
    version: Releases
    os: Values


@dataclass(frozen=True, slots=True)
class Separation:
    """The axis to ask for and its values, most served first; ``product``: the one that the versions belong to."""

    axis: str
    values: tuple[tuple[str, int], ...]
    product: str | None = None


def separate(leaders: Sequence[Leader], open_axes: Sequence[str], closeness: float) -> Separation | None:
    """The open axis on which the nearest rival differs from the best answer, or None."""
    close = [leader for leader in leaders if leader.score >= leaders[0].score * closeness]
    for rival in close[1:]:
        for axis in open_axes:
            if axis == "version":
                if product := _product_of_versions(close[0], rival):
                    return Separation(axis, _versions(close, product), product)
            elif _is_disjoint(getattr(close[0], axis), getattr(rival, axis)):
                return Separation(axis, _count([getattr(leader, axis) for leader in close]))
    return None


def _is_disjoint(a: Values, b: Values) -> bool:
    return bool(a and b) and not any(x == y or x.startswith(y + "/") or y.startswith(x + "/") for x in a for y in b)


def _product_of_versions(a: Leader, b: Leader) -> str | None:
    """The product of which both are for some versions and share none; None when they share any pair."""
    if a.version & b.version:
        return None
    shared = sorted({product for product, _ in a.version} & {product for product, _ in b.version})
    return shared[0] if shared else None


def _versions(leaders: Sequence[Leader], product: str) -> tuple[tuple[str, int], ...]:
    return _count([frozenset(version for owner, version in leader.version if owner == product) for leader in leaders])


def _count(values: Sequence[Values]) -> tuple[tuple[str, int], ...]:
    counts = Counter(value for each in values for value in sorted(each))
    return tuple(counts.most_common())
