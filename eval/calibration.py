"""kb-eval calibrate: fits kb_service.search.evidence.Calibration to judged and out-of-scope questions.

Logistic regression with a small ridge (Newton's method; classes weighted alike, so that the share of unanswerable questions in
a data set does not become a prior; data sets weighted alike, so that the largest does not decide). Cross-validated in five
folds by query text, so that one text is never on both sides. Questions that the decision settles without the coefficients
(known or unknown identifiers, nothing found, no encoder) are left out of the fit, and counted in what is refused.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from eval import reporting
from eval.datasets import Dataset, MalformedDataset
from eval.no_answer import Gathered, Seen, belief, floor_for, gather, summarise
from kb_service.search import measures
from kb_service.search.evidence import Calibration, probability

FOLDS = 5
RIDGE = 1e-3
STEPS = 50
Floats = npt.NDArray[np.float64]


class TooFew(MalformedDataset):
    """A class of questions is missing."""


def calibrate(datasets: Sequence[Dataset], refused: float, write: Path | None, out: Console) -> Calibration:
    """Gather, fit, cross-validate, print and write. Raises MalformedDataset without any out-of-scope question."""
    with reporting.bars() as progress:
        gathered = [gather(dataset, False, progress) for dataset in datasets]
    if all(one.is_answerable for group in gathered for one in group.seen):
        raise MalformedDataset("None of these folders has out_of_scope.jsonl: there is nothing to learn from.")
    fitted = with_floor(fit(gathered), gathered, refused)
    validated = cross_validate(gathered)
    out.print(_table(gathered, fitted))
    out.print(f"cross-validated AUROC ({FOLDS} folds): {validated:.4f}")
    out.print_json(json.dumps(fitted.to_dict()))
    if write is not None:
        write.write_text(json.dumps(fitted.to_dict(), indent=2) + "\n", "utf-8")
    return fitted


def fit(gathered: Sequence[Gathered]) -> Calibration:
    """Coefficients from every question that they decide. Raises TooFew where a class is missing."""
    rows, labels, weights = _training(gathered)
    if len(set(labels.tolist())) < 2:
        raise TooFew("Both answerable and out-of-scope questions are needed, decided by the coefficients.")
    beta = logistic(rows, labels, weights)
    values = dict(zip(("intercept", "cosine", "matched", "margin"), (round(float(b), 4) for b in beta), strict=True))
    return Calibration.from_dict(values)


def with_floor(calibration: Calibration, gathered: Sequence[Gathered], refused: float) -> Calibration:
    """The highest floor that refuses at most ``refused`` of the answerable questions in *every* data set."""
    floors = []
    for group in gathered:
        inside = [belief(one, calibration) for one in group.seen if one.is_answerable]
        if inside:
            floors.append(floor_for(inside, refused))
    return replace(calibration, floor=round(min(floors), 4))


def cross_validate(gathered: Sequence[Gathered]) -> float:
    """AUROC over questions that were not fitted on, of the data sets that have out-of-scope ones."""
    inside: list[float] = []
    outside: list[float] = []
    for fold in range(FOLDS):
        try:
            fitted = fit([_part(group, fold, False) for group in gathered])
        except TooFew:
            continue
        for group in gathered:
            if all(one.is_answerable for one in group.seen):
                continue
            for one in _part(group, fold, True).seen:
                (inside if one.is_answerable else outside).append(probability(one.evidence, fitted))
    return measures.area_under_roc(inside, outside)


def logistic(rows: Floats, labels: Floats, weights: Floats) -> Floats:
    """Coefficients, the intercept first, of a weighted ridge logistic regression; rows have shape (n, features)."""
    x = np.hstack([np.ones((len(rows), 1)), rows])
    ridge = np.diag([0.0] + [RIDGE] * rows.shape[1])
    beta = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30, 30)))
        gradient = x.T @ (weights * (labels - p)) - ridge @ beta
        hessian = (x * (weights * np.maximum(p * (1 - p), 1e-9))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step * min(1.0, 10.0 / max(1e-12, float(np.abs(step).max())))
        if float(np.abs(step).max()) < 1e-9:
            break
    return np.asarray(beta, dtype=np.float64)


def _training(gathered: Sequence[Gathered]) -> tuple[Floats, Floats, Floats]:
    rows: list[tuple[float, float, float]] = []
    labels: list[float] = []
    weights: list[float] = []
    for is_answerable in (True, False):
        groups = [g for g in ([s for s in one.seen if _is_decided(s, is_answerable)] for one in gathered) if g]
        for group in groups:
            for one in group:
                rows.append((one.evidence.best_cosine or 0.0, one.evidence.matched_share, one.evidence.margin))
                labels.append(float(is_answerable))
                weights.append(1.0 / (len(groups) * len(group)))
    return np.array(rows), np.array(labels), np.array(weights) * max(1, len(rows))


def _is_decided(seen: Seen, is_answerable: bool) -> bool:
    """Whether this question is of that class and decided by the coefficients."""
    evidence = seen.evidence
    by_coefficients = evidence.has_candidates and not evidence.known_identifiers and not evidence.unknown_identifiers
    return seen.is_answerable is is_answerable and by_coefficients and evidence.best_cosine is not None


def _part(group: Gathered, fold: int, is_held_out: bool) -> Gathered:
    kept = tuple(one for one in group.seen if (zlib.crc32(one.query.text.encode()) % FOLDS == fold) is is_held_out)
    return replace(group, seen=kept)


def _table(gathered: Sequence[Gathered], fitted: Calibration) -> Table:
    table = Table(title="no answer: in force → fitted", title_justify="left")
    names = ("answerable", "out of scope", "AUROC", "recall", "answerable refused", "out of scope refused")
    for name in ("data set", *names):
        table.add_column(name, justify="right")
    for group in gathered:
        before: dict[str, Any] = summarise(group.seen, group.calibration)
        after: dict[str, Any] = summarise(group.seen, fitted)
        counts = [str(before[name]) for name in names[:2]]
        table.add_row(group.name, *counts, *(f"{before[name]:.3f} → {after[name]:.3f}" for name in names[2:]))
    return table
