"""How sure a figure is, and whether a difference is more than chance (pure).

``interval``: percentile bootstrap over questions. ``compare``: the mean paired difference with its bootstrap interval and the
two-sided p of a randomisation test (signs of the differences swapped at random; Smucker, Allan, Carterette, CIKM 2007).
Deterministic: the same values give the same figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

RESAMPLES = 2_000
SWAPS = 10_000
SIGNIFICANT = 0.05
_SEED = 20261124
_AT_ONCE = 200
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours minus theirs. ``p``: how often chance alone would differ as much."""

    difference: float
    low: float
    high: float
    p: float

    @property
    def verdict(self) -> str:
        """better, worse, or not told apart."""
        if self.p >= SIGNIFICANT:
            return "not told apart"
        return "better" if self.difference > 0 else "worse"

    def to_dict(self) -> dict[str, Any]:
        """For reports."""
        return {"difference": self.difference, "low": self.low, "high": self.high, "p": self.p, "verdict": self.verdict}


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the mean; (0, 0) without values."""
    if not values:
        return 0.0, 0.0
    given = np.asarray(values, dtype=np.float64)
    dice = np.random.default_rng(_SEED)
    means = [
        given[dice.integers(0, len(given), (_AT_ONCE, len(given)))].mean(axis=1) for _ in range(RESAMPLES // _AT_ONCE)
    ]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)


def compare(ours: Sequence[float], theirs: Sequence[float]) -> Comparison:
    """Paired, question by question. Raises ValueError where the questions are not the same number."""
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    low, high = interval(differences)
    mean = sum(differences) / len(differences) if differences else 0.0
    return Comparison(round(mean, 4), low, high, round(_chance(differences), 4))


def _chance(differences: Sequence[float]) -> float:
    moved: Floats = np.asarray([d for d in differences if d], dtype=np.float64)
    if not len(moved):
        return 1.0
    observed = abs(float(moved.sum())) - 1e-9
    dice = np.random.default_rng(_SEED)
    extreme = 0
    for _ in range(SWAPS // _AT_ONCE):
        signs = dice.integers(0, 2, (_AT_ONCE, len(moved))) * 2 - 1
        extreme += int((np.abs(signs @ moved) >= observed).sum())
    return (1 + extreme) / (1 + SWAPS)
