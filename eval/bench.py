"""make bench: what a search costs, from the bare encoding to the whole request, on a served process.

Every number is in milliseconds. Per question, interleaved: the bare encoding (in this process, the encoder that is served,
uncached), the engine alone (both retrievers in this process over the same index), the whole HTTP search, GET /v1/ping, and the
same search once more. Each question is asked three times, each time by other words for the caches; its best time counts.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from eval import reporting
from eval.bench_base import prepare
from eval.bench_memory import measure_memory
from eval.bench_queries import KINDS, Question, make_questions
from eval.bench_server import Connection, search_call, served
from eval.datasets import load
from eval.knowledge import PROJECT

ROUNDS = 3
PER_KIND, PER_KIND_SHORT = 150, 12
SIZES, SIZES_SHORT = (10_000, 100_000), (2_000,)
STEPS = ("encoding", "engine", "http", "ping", "repeated")
MOST_OVER_ENCODING, MOST_REPEATED = 8.0, 2.0
MOST_MEMORY_MB = 600
DATA = PROJECT.parent / "shared" / "data" / "ms-support" / "symptom"
Times = dict[str, float]
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where articles and questions come from."""

    path: Path
    digest: str
    sentences: Sequence[tuple[str, dict[str, str]]]
    titles: Sequence[str]
    fillers: Sequence[str]


def read_source(short: bool) -> Source:
    """ms-support/symptom where it lies beside the project, else (and for a short run) the sample knowledge."""
    if DATA.is_dir() and not short:
        dataset = load(DATA)
        documents = list(dataset.documents.values())
        sentences = [(query.text, dict(query.context)) for query in dataset.judged]
        fillers = [d.text.replace("\n", " ")[:160] for d in documents if d.text]
        return Source(DATA, dataset.corpus_digest(), sentences, [d.title for d in documents], fillers)
    from eval import sample

    folder = sample.knowledge_folder()
    questions = [(query.text, dict(query.context)) for query, _ in sample.read_questions(folder)]
    texts = [text for text, _ in questions]
    return Source(folder, sample.digest(folder), questions, texts, texts)


def measure(
    source: Source, data: Path, questions: Sequence[Question], rounds: int
) -> tuple[list[tuple[Question, Times]], Report]:
    """Each question's best times, and what was served."""
    from eval.bench_inside import Inside

    with reporting.bars() as progress, served(data) as (port, _, _):
        inside, connection = Inside(data), Connection(port)
        try:
            step = reporting.stepper(progress, "asking", len(questions) * rounds)
            for number, question in enumerate(questions[:30]):
                _once(inside, connection, question, 100 + number)  # connections, lazy imports, pages of files
            best: list[Times] = [{} for _ in questions]
            for round_ in range(rounds):
                for times, question in zip(best, questions, strict=True):
                    for name, took in _once(inside, connection, question, round_).items():
                        times[name] = min(took, times.get(name, took))
                    step()
            return list(zip(questions, best, strict=True)), inside.describe()
        finally:
            connection.close()
            inside.close()


def _once(inside: Any, connection: Connection, question: Question, round_: int) -> Times:
    text = question.variant(round_)
    encoding, engine = inside.timed(text, question.context)
    call = search_call(text, question.context)
    http = connection.timed(*call)
    ping = connection.timed("GET", "/v1/ping", None)
    return {"encoding": encoding, "engine": engine, "http": http, "ping": ping, "repeated": connection.timed(*call)}


def summarise(measured: Sequence[tuple[Question, Times]]) -> dict[str, dict[str, Any]]:
    """Kind and context → step → median and p95, and the figures made of them."""
    groups: dict[str, list[Times]] = {}
    for question, times in measured:
        groups.setdefault(question.kind, []).append(times)
        groups.setdefault(f"{question.kind}, {'with' if question.context else 'without'} context", []).append(times)
    return {name: _figures(groups[name]) for name in sorted(groups, key=_order)}


def _order(name: str) -> tuple[int, str]:
    return KINDS.index(name.split(",")[0]), name


def _figures(group: Sequence[Times]) -> dict[str, Any]:
    figures: dict[str, Any] = {"queries": len(group)}
    for step in STEPS:
        figures[step] = _spread([times[step] for times in group])
    figures["http - encoding"] = _spread([times["http"] - times["encoding"] for times in group])
    ping = figures["ping"]["median"]
    figures["(http - encoding) / ping"] = round(figures["http - encoding"]["median"] / ping, 2)
    figures["repeated / ping"] = round(figures["repeated"]["median"] / ping, 2)
    figures["http / encoding"] = round(figures["http"]["median"] / figures["encoding"]["median"], 2)
    return figures


def _spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median": round(median(ordered), 3),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 3),
    }


def table(title: str, groups: dict[str, dict[str, Any]]) -> Table:
    """One row a group; each cell median / p95 in ms."""
    made = Table(title=title, title_justify="left")
    ratios = ("(http - encoding) / ping", "repeated / ping", "http / encoding")
    for name in ("ms: median / p95", "queries", *STEPS, "http - encoding", *ratios):
        made.add_column(name, justify="right", overflow="fold")
    for group, figures in groups.items():
        cells = [f"{figures[s]['median']:.2f} / {figures[s]['p95']:.2f}" for s in (*STEPS, "http - encoding")]
        made.add_row(group, str(figures["queries"]), *cells, *(str(figures[name]) for name in ratios))
    return made


def verdicts(passages: int, groups: dict[str, dict[str, Any]]) -> list[str]:
    """The goals for sentences, each with its figure; they are stated for 100,000 passages."""
    sentences = groups["sentences"]
    checks = (
        ("HTTP − encoding", sentences["(http - encoding) / ping"], MOST_OVER_ENCODING),
        ("repeated", sentences["repeated / ping"], MOST_REPEATED),
    )
    return [
        f"{passages:,} passages, sentences: {name} = {ratio} × no-op (goal ≤ {most:g}): {'met' if ratio <= most else 'MISSED'}"
        for name, ratio, most in checks
    ]


def main(
    passages: Annotated[list[int] | None, typer.Option(help="How many passages; may be given several times.")] = None,
    short: Annotated[bool, typer.Option("--short", help="A minute's worth: 2,000 passages, few questions.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    memory: Annotated[bool, typer.Option(help="Also watch the memory while importing and searching.")] = True,
) -> None:
    """Latency of a served process, step by step, and its memory."""
    out, source = reporting.console(), read_source(short)
    out.print(
        f"machine: {platform.processor() or platform.machine()}, {time.strftime('%Y-%m-%d')}, articles: {source.path.name}"
    )
    out.print(
        "Beyond the real passages: real vectors perturbed (cosine about .8), sentences recombined from real ones."
    )
    questions = make_questions(source.sentences, source.titles, source.fillers, PER_KIND_SHORT if short else PER_KIND)
    report: Report = {"sizes": {}, "questions": len(questions), "rounds": ROUNDS}
    for size in passages or (SIZES_SHORT if short else SIZES):
        report["sizes"][size] = _size(source, size, questions, out)
    if memory:
        report["memory_mb"] = _memory(source, SIZES_SHORT[0] if short else SIZES[0], out)
    if json_file:
        reporting.write_json(json_file, report)
    else:
        sys.stdout.write(json.dumps(report) + "\n")


def _size(source: Source, size: int, questions: Sequence[Question], out: Console) -> Report:
    with reporting.bars() as progress:
        data = prepare(source.path, source.digest, size, reporting.stages(progress))
    measured, about = measure(source, data, questions, ROUNDS)
    groups = summarise(measured)
    out.print(table(f"{about['passages']:,} passages, {about['articles']:,} articles", groups))
    for line in verdicts(about["passages"], groups):
        out.print(line, markup=False)
    return {"index": about, "groups": groups}


def _memory(source: Source, size: int, out: Console) -> Report:
    with reporting.bars() as progress:
        data = prepare(source.path, source.digest, size, reporting.stages(progress))
    found = measure_memory(data, source.sentences, source.fillers)
    peak = found["peak"]
    verdict = "met" if peak < MOST_MEMORY_MB else "MISSED"
    out.print(
        f"memory of the serving process, {size:,} passages, importing {found['imported']} articles and searching: {found}"
    )
    out.print(f"peak {peak} MB (goal < {MOST_MEMORY_MB} MB): {verdict}")
    return found


if __name__ == "__main__":
    typer.run(main)
