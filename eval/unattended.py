"""kb-eval unattended: what a channel says when no person looks at it first.

precision: of the answers given, those with a right article; a message out of scope that gets an answer counts as wrong.
share: of the questions that something answers, those that get an answer. One message in five is out of scope, every second of them
with a context of the knowledge base. The curve is of the same decision at other certainties.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from eval import reporting
from eval.asking import Asker
from eval.datasets import OUT_OF_SCOPE, Dataset, MalformedDataset, Query, as_query, read_lines
from eval.failures import run
from eval.knowledge import open_base
from eval.reporting import AT_LEAST, GoalRow
from kb_service.errors import KbError
from kb_service.search import evidence
from kb_service.search.answering import AnswerThresholds, certainty

SEED = 13
CERTAINTIES = tuple(round(0.2 + 0.025 * step, 3) for step in range(29))
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """One message: what was said, whether the first article is right, and how certain the service was of it.

    ``certainty`` None: whatever the limit, this one is no answer (refused, clarified, degraded or improbable).
    """

    is_answerable: bool
    outcome: str
    is_right: bool
    certainty: float | None


def measure(dataset: Dataset, outside: Path | None, json: Path | None, fresh: bool, out: Console) -> Report:
    """Ask, score, print and write. Raises MalformedDataset without messages that are out of scope."""
    messages = mixed(dataset, outside or dataset.path / OUT_OF_SCOPE)
    with reporting.bars() as progress:
        with open_base(dataset.path, dataset.corpus_digest(), reporting.stages(progress), fresh) as base:
            asker, step = Asker(base), reporting.stepper(progress, "messages", len(messages))
            said = []
            for query in messages:
                said.append(_ask(asker, dataset, query))
                step()
            limit = base.parts.settings.answer_certainty
    report: Report = {"dataset": dataset.name, "messages": len(said), "certainty": limit} | summarise(said)
    report["curve"] = [curve_point(said, at) for at in CERTAINTIES]
    report["figures"] = [row.to_dict() for row in goals(report)]
    out.print(reporting.goals_table(f"{dataset.name} {dataset.split}, unattended, certainty ≥ {limit}", goals(report)))
    for point in report["curve"][::4]:
        out.print(
            f"certainty ≥ {point['certainty']:.3f}: precision {point['precision']:.4f}, share {point['share']:.4f}"
        )
    reporting.write_json(json, report)
    return report


def mixed(dataset: Dataset, outside: Path) -> list[Query]:
    """The judged questions and a quarter as many that nothing answers, so that these are one in five."""
    if not outside.is_file():
        raise MalformedDataset(f"{outside} is missing: name messages that nothing answers with --outside FILE.")
    dice = random.Random(SEED)
    strangers = list(map(as_query, read_lines(outside)))
    dice.shuffle(strangers)
    contexts = [query.context for query in dataset.judged]
    chosen = strangers[: len(dataset.judged) // 4]
    foreign = [
        replace(one, id=f"outside/{one.id}", context=dice.choice(contexts) if at % 2 else {})
        for at, one in enumerate(chosen)
    ]
    return [*dataset.judged, *foreign]


def _ask(asker: Asker, dataset: Dataset, query: Query) -> Said:
    right = dataset.qrels.get(query.id, {})
    try:
        request = asker.request(query, 3)
    except KbError:
        return Said(bool(right), "none", False, None)
    found, answer = run(asker, query), asker.base.parts.search.answer(request)
    external = asker.base.external_ids
    first = external.get(found.results[0].candidate.fused.article_id, "") if found.results else ""
    calibration = asker.base.parts.search.curation.current().calibration
    likely = evidence.probability(found.candidates.evidence, calibration)
    is_open = answer.outcome == "answer" or (answer.outcome == "choices" and answer.clarify is None)
    sure = None
    if is_open and likely >= AnswerThresholds().probability and not answer.degraded:
        sure = certainty(found.results, likely)
    return Said(bool(right), answer.outcome, first in right, sure)


def summarise(said: Sequence[Said]) -> Report:
    """What the service as it stands does."""
    given = [one for one in said if one.outcome == "answer"]
    inside = [one for one in said if one.is_answerable]
    return {
        "precision": _ratio(sum(one.is_right for one in given), len(given)),
        "share": _ratio(sum(one.is_answerable for one in given), len(inside)),
        "outside answered": _ratio(sum(not one.is_answerable for one in given), len(said) - len(inside)),
        "outcomes": {name: sum(one.outcome == name for one in said) for name in ("answer", "choices", "none")},
    }


def curve_point(said: Sequence[Said], at: float) -> dict[str, float]:
    """Precision and share if answers were given from this certainty on."""
    given = [one for one in said if one.certainty is not None and one.certainty >= at]
    inside = sum(one.is_answerable for one in said)
    return {
        "certainty": at,
        "precision": _ratio(sum(one.is_right for one in given), len(given)),
        "share": _ratio(sum(one.is_answerable for one in given), inside),
    }


def goals(report: Report) -> list[GoalRow]:
    """The two figures with what they should be."""
    return [
        GoalRow("precision", report["precision"], "answers given that are right", AT_LEAST, 0.95),
        GoalRow("share answered", report["share"], "of the questions that something answers", AT_LEAST, 0.75),
        GoalRow("outside answered", report["outside answered"], "of the messages that nothing answers"),
    ]


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
