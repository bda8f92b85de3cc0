"""Which unanswered questions are one need: alike in meaning, and offered the same wrong answers. Pure.

Questions are compared within one product and version only. The closeness of two is a weighted sum of the cosine of their
vectors, the weighted share of common words, and the overlap of what they were offered (people who ask for the same thing are
shown the same neighbours of it). Groups grow by average linkage, so that no chain of neighbours makes one of two needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexers.analysis import analyze

Matrix = npt.NDArray[np.float32]
MEANING, WORDS, OFFERED = 0.7, 0.15, 0.15
CLOSE, SAME_NEED = 0.3, 0.45
"""Mean closeness from which on questions are grouped; closeness from which on one question speaks for another."""
MAX_COMPARED = 2_000


@dataclass(frozen=True, slots=True)
class Question:
    """An unanswered question: its vector (norm 1), terms, and what was offered, best first."""

    vector: npt.NDArray[np.float32]
    terms: frozenset[str]
    offered: tuple[int, ...]

    @classmethod
    def of(cls, text: str, vector: npt.NDArray[np.float32], offered: Sequence[int]) -> Question:
        """From its text."""
        return cls(vector, frozenset(analyze(text)), tuple(offered[:10]))


def closeness(questions: Sequence[Question]) -> Matrix:
    """The closeness of every pair, (n, n), 1 on the diagonal."""
    vectors = np.array([question.vector for question in questions], dtype=np.float32)
    meaning = vectors @ vectors.T
    words = _shares([question.terms for question in questions])
    offered = _shares([frozenset(question.offered) for question in questions])
    total = MEANING * meaning + WORDS * words + OFFERED * offered
    np.fill_diagonal(total, 1.0)
    return np.asarray(total, dtype=np.float32)


def _shares(sets: Sequence[frozenset[object]] | Sequence[frozenset[str]] | Sequence[frozenset[int]]) -> Matrix:
    """Weighted overlap of every pair: what few hold counts more; 0 where either is empty."""
    counts = Counter(item for one in sets for item in one)
    names = {item: column for column, item in enumerate(counts)}
    held = np.zeros((len(sets), max(1, len(names))), dtype=np.float32)
    weights = np.zeros(held.shape[1], dtype=np.float32)
    for item, column in names.items():
        weights[column] = np.log(1 + len(sets) / counts[item])
    for row, one in enumerate(sets):
        held[row, [names[item] for item in one]] = 1.0
    common = (held * weights) @ held.T
    sizes = np.diag(common)
    smaller = np.sqrt(np.maximum(np.outer(sizes, sizes), 1e-9))
    return np.asarray(common / smaller, dtype=np.float32)


def group(near: Matrix, known: Sequence[int | None], floor: float = CLOSE) -> list[int]:
    """A group number for each question; ``known``: the group that it already is in, which is never split nor merged.

    New groups get numbers beyond the known ones.
    """
    labels, members = _start(known)
    names = list(members)
    sums = np.array([[near[np.ix_(members[a], members[b])].mean() for b in names] for a in names], dtype=np.float64)
    alive = np.ones(len(names), dtype=bool)
    fixed = np.array([name in labels for name in names])
    np.fill_diagonal(sums, -1.0)
    sums[np.outer(fixed, fixed)] = -1.0
    sizes = np.array([len(members[name]) for name in names], dtype=np.float64)
    while len(names) > 1:
        a, b = divmod(int(np.argmax(sums)), len(names))
        if sums[a, b] < floor:
            break
        a, b = (b, a) if fixed[b] else (a, b)
        _join(sums, sizes, alive, fixed, a, b)
        members[names[a]] += members[names[b]]
        alive[b] = False
    return _labels(members, [names[i] for i in np.flatnonzero(alive)], len(known))


def coherence(near: Matrix) -> float:
    """Mean closeness of the pairs of one group; 1 for a single question."""
    count = len(near)
    return 1.0 if count < 2 else float((near.sum() - np.trace(near)) / (count * (count - 1)))


def _start(known: Sequence[int | None]) -> tuple[set[int], dict[int, list[int]]]:
    labels = {label for label in known if label is not None}
    following = max(labels, default=-1) + 1
    members: dict[int, list[int]] = {label: [] for label in sorted(labels)}
    for index, label in enumerate(known):
        if label is None:
            members[following] = [index]
            following += 1
        else:
            members[label].append(index)
    return labels, members


def _join(
    sums: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64], alive: npt.NDArray[np.bool_],
    fixed: npt.NDArray[np.bool_], a: int, b: int,
) -> None:  # fmt: skip
    """Average linkage (Lance and Williams 1967): b goes into a."""
    row = (sums[a] * sizes[a] + sums[b] * sizes[b]) / (sizes[a] + sizes[b])
    barred = ~alive | (fixed & (fixed[a] | fixed[b]))
    row[barred] = -1.0
    row[[a, b]] = -1.0
    sums[a, :], sums[:, a] = row, row
    sums[b, :], sums[:, b] = -1.0, -1.0
    sizes[a] += sizes[b]


def _labels(members: dict[int, list[int]], names: Sequence[int], count: int) -> list[int]:
    found = [0] * count
    for name in names:
        for index in members[name]:
            found[index] = name
    return found
