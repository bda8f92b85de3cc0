"""kb-eval no-answer: are questions that nothing answers told from those that something does?

The probability is kb_service.search.evidence.probability of the evidence that the real stages gather. Answerable: judged
queries; out of scope: out_of_scope.jsonl. A refusal is what the service says (no_answer).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console

from eval import reporting
from eval.asking import Asker
from eval.datasets import Dataset, MalformedDataset, Query, load_out_of_scope
from eval.failures import run
from eval.knowledge import open_base
from kb_service.errors import KbError
from kb_service.search import measures
from kb_service.search.evidence import Calibration, Evidence, probability, refusal

ALLOWED_REFUSALS = 0.1
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """The evidence of one question, and whether something answers it."""

    query: Query
    evidence: Evidence
    is_answerable: bool


@dataclass(frozen=True, slots=True)
class Gathered:
    """A data set's evidence, with the calibration in force."""

    name: str
    seen: tuple[Seen, ...]
    calibration: Calibration


def gather(dataset: Dataset, fresh: bool, progress: Any) -> Gathered:
    """The evidence of every judged and every out-of-scope question, contexts passed as stated."""
    outside = load_out_of_scope(dataset.path)
    with open_base(dataset.path, dataset.corpus_digest(), reporting.stages(progress), fresh) as base:
        asker = Asker(base)
        step = reporting.stepper(progress, dataset.name, len(dataset.judged) + len(outside))
        seen = [*_see(asker, dataset.judged, True, step), *_see(asker, outside, False, step)]
        return Gathered(dataset.name, tuple(seen), base.parts.search.curation.current().calibration)


def _see(asker: Asker, queries: Sequence[Query], is_answerable: bool, step: Callable[[], None]) -> list[Seen]:
    found = []
    for query in queries:
        try:
            found.append(Seen(query, run(asker, query).candidates.evidence, is_answerable))
        except KbError:
            found.append(Seen(query, Evidence(None, 0.0, 0.0, 0, False, False), is_answerable))
        step()
    return found


def measure(dataset: Dataset, json: Path | None, fresh: bool, out: Console) -> Report:
    """Gather, score, print and write. Raises MalformedDataset without out_of_scope.jsonl."""
    if not load_out_of_scope(dataset.path):
        raise MalformedDataset(f"{dataset.path} has no out_of_scope.jsonl: nothing to tell apart.")
    with reporting.bars() as progress:
        gathered = gather(dataset, fresh, progress)
    report = {"dataset": dataset.name} | summarise(gathered.seen, gathered.calibration)
    out.print(reporting.figures_table(f"{dataset.name} {dataset.split}, no answer", _rows(report)))
    reporting.write_json(json, report)
    return report


def summarise(seen: Sequence[Seen], calibration: Calibration) -> Report:
    """AUROC, recall at the allowed refusals, and what the current floor does."""
    inside = [probability(one.evidence, calibration) for one in seen if one.is_answerable]
    outside = [probability(one.evidence, calibration) for one in seen if not one.is_answerable]
    cosines = [[one.evidence.best_cosine or 0.0 for one in seen if one.is_answerable is side] for side in (True, False)]
    floor = floor_for([belief(one, calibration) for one in seen if one.is_answerable], ALLOWED_REFUSALS)
    refused = [(one.is_answerable, refusal(one.evidence, calibration) is not None) for one in seen]
    return {
        "answerable": len(inside),
        "out of scope": len(outside),
        "AUROC": round(measures.area_under_roc(inside, outside), 4),
        "AUROC cosine": round(measures.area_under_roc(*cosines), 4),
        "recall": share([belief(one, calibration) < floor for one in seen if not one.is_answerable]),
        "floor at recall": round(floor, 4),
        "floor": calibration.floor,
        "answerable refused": share([no for answerable, no in refused if answerable]),
        "out of scope refused": share([no for answerable, no in refused if not answerable]),
    }


def belief(seen: Seen, calibration: Calibration) -> float:
    """The probability, or 0 where an unknown identifier refuses whatever the floor is."""
    refused = seen.evidence.unknown_identifiers and not seen.evidence.known_identifiers
    return 0.0 if refused else probability(seen.evidence, calibration)


def floor_for(inside: Sequence[float], allowed: float) -> float:
    """The highest floor that refuses at most the allowed share of answerable questions (refused: below the floor)."""
    ordered = sorted(inside)
    return ordered[min(len(ordered) - 1, int(allowed * len(ordered)))] if ordered else 0.0


def share(values: Sequence[bool]) -> float:
    """The share of true ones, 0 where there are none."""
    return round(fmean(values), 4) if values else 0.0


def _rows(report: Report) -> list[tuple[str, str, str]]:
    definitions = {
        "answerable": "judged queries",
        "out of scope": "queries of out_of_scope.jsonl",
        "AUROC": "chance that an answerable question has a higher probability than one out of scope (ties half)",
        "AUROC cosine": "the same by the best cosine alone",
        "recall": f"out of scope refused, at the floor where at most {ALLOWED_REFUSALS:.0%} of answerable ones are",
        "floor at recall": "that floor",
        "floor": "the floor in force",
        "answerable refused": "share refused by the service as it stands (floor and unknown identifiers)",
        "out of scope refused": "share refused by the service as it stands",
    }
    return [(name, str(report[name]), definition) for name, definition in definitions.items()]
