"""kb-eval relevance: how good the first hits are and how sure that is, per query type, beside the yardstick where asked.

A gain over the yardstick is claimed only where the paired test of the same run says so (``eval.significance``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from eval import reporting, scoring, significance
from eval.asking import Answered, Asker, ContextMode, Judge, ask_all, judge_all
from eval.datasets import Dataset, Query
from eval.failures import failures_table, find_failures, write_failures
from eval.knowledge import KnowledgeBase, indexing_code_digest, open_base
from eval.scoring import Judged


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for."""

    mode: ContextMode = ContextMode.STATED
    json: Path | None = None
    run: Path | None = None
    yardstick: bool = False
    failures: int = 0
    failures_file: Path | None = None
    types: tuple[str, ...] = ()
    fresh: bool = False
    engine: str = "embedded"


Report = dict[str, Any]


def measure(dataset: Dataset, wishes: Wishes, out: Console) -> Report:
    """Ask, score, print and write; returns what ``--json`` holds."""
    with reporting.bars() as progress:
        with open_base(
            dataset.path, dataset.corpus_digest(), reporting.stages(progress), wishes.fresh, wishes.engine
        ) as base:
            asker = Asker(base, wishes.mode)
            judge = Judge(asker, dataset.documents)
            asked = _asked(dataset, wishes)
            answered = ask_all(asker, asked, reporting.stepper(progress, "searching", len(asked)))
            report = _report(dataset, wishes, answered, judge, base)
            if wishes.yardstick:
                _beside(report, judge_all(judge, dataset, answered), dataset, judge, asker, progress)
            wanted = len(answered) if wishes.failures_file else wishes.failures
            found = find_failures(asker, dataset, answered, wanted)
    _print(out, report)
    if found and wishes.failures:
        out.print(failures_table(found[: wishes.failures]))
    write_failures(wishes.failures_file, found)
    reporting.write_json(wishes.json, report)
    reporting.write_run(wishes.run, answered)
    return report


def _asked(dataset: Dataset, wishes: Wishes) -> Sequence[Query]:
    """Judged queries; every query where a run is written; of the wished types."""
    queries = dataset.queries if wishes.run else dataset.judged
    return [query for query in queries if not wishes.types or query.type in wishes.types]


def _report(
    dataset: Dataset, wishes: Wishes, answered: Sequence[Answered], judge: Judge, base: KnowledgeBase
) -> Report:
    judged = judge_all(judge, dataset, answered)
    degraded = [one for one in answered if one.response and one.response.degraded]
    settings = {
        "dataset": dataset.name, "split": dataset.split, "engine": wishes.engine, "context": str(wishes.mode),
        "types": list(wishes.types), "recipe": base.parts.encoder.recipe.to_dict(), "built": dict(base.built),
    }  # fmt: skip
    return {
        "overall": scoring.score(judged),
        "by_type": scoring.by_type(judged),
        "intervals": {name: _intervals(group) for name, group in _groups(judged).items()},
        "latency_ms": scoring.percentiles([one.took_ms for one in answered]),
        "degraded": len(degraded),
        "refused_contexts": [{"query": one.query.id, "error": one.error} for one in answered if one.error],
        "settings": settings,
    }


def _groups(judged: Sequence[Judged]) -> dict[str, Sequence[Judged]]:
    return {"overall": judged, **scoring.grouped(judged)}


def _intervals(judged: Sequence[Judged]) -> dict[str, list[float]]:
    return {name: list(significance.interval(values)) for name, values in scoring.values(judged).items()}


def _compared(ours: Sequence[Judged], theirs: Sequence[Judged]) -> Report:
    pairs = zip(scoring.values(ours).items(), scoring.values(theirs).values(), strict=True)
    return {name: significance.compare(mine, other).to_dict() for (name, mine), other in pairs}


def _beside(
    report: Report, ours: Sequence[Judged], dataset: Dataset, judge: Judge, asker: Asker, progress: Progress
) -> None:
    from eval.yardstick import Yardstick
    from eval.yardstick import ask_all as ask_yardstick

    types = report["settings"]["types"]
    queries = [query for query in dataset.judged if not types or query.type in types]
    yardstick = Yardstick(asker, judge, dataset.documents)
    answered = ask_yardstick(yardstick, queries, reporting.stepper(progress, "yardstick", len(queries)))
    judged = judge_all(judge, dataset, answered)
    report["yardstick"] = {"overall": scoring.score(judged), "by_type": scoring.by_type(judged)}
    others = _groups(judged)
    report["paired"] = {name: _compared(group, others[name]) for name, group in _groups(ours).items()}
    report["ratios"] = {
        name: scoring.ratios(ours, theirs)
        for name, ours, theirs in [
            ("overall", report["overall"], report["yardstick"]["overall"]),
            *((type, ours, report["yardstick"]["by_type"][type]) for type, ours in report["by_type"].items()),
        ]
    }


def _print(out: Console, report: Report) -> None:
    settings = report["settings"]
    title = f"{settings['dataset']} {settings['split']}, context {settings['context']}"
    out.print(reporting.scores_table(title, _rows(report)))
    shown = [name for name in report["intervals"] if name == "overall" or len(report["by_type"]) > 1]
    out.print(reporting.intervals_table({name: report["intervals"][name] for name in shown}))
    if "yardstick" in report:
        out.print(reporting.scores_table("yardstick (BM25 + encoder, min-max .5/.5)", _rows(report["yardstick"])))
        out.print(reporting.ratios_table("ours / yardstick", report["ratios"]))
        out.print(reporting.paired_table({name: report["paired"][name] for name in shown}))
    out.print("search calls in process, ms: " + "  ".join(f"{k} {v}" for k, v in report["latency_ms"].items()))
    for refused in report["refused_contexts"][:5]:
        out.print(f"context refused: {refused['query']}: {refused['error']}", markup=False)
    if report["degraded"]:
        out.print(f"[bold]degraded answers: {report['degraded']}[/bold] (these figures are not the product's)")
    if settings["built"].get("code") != indexing_code_digest():
        out.print("The code that cuts or indexes changed since this base was built: --fresh builds it again.")


def _rows(figures: Report) -> dict[str, dict[str, float]]:
    return {"overall": figures["overall"], **(figures["by_type"] if len(figures["by_type"]) > 1 else {})}
