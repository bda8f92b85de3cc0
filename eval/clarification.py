"""kb-eval clarify: questions that only a context decides, asked without it.

separating: the share of context queries for which ``clarify`` names an axis on which a right article and one of
wrong_context_docs are for different values (no value of it is served by both). separable: the share for which there is such
an axis at all. excluding: the share for which the true value of the axis named keeps a right article and rules a wrong one
out. after: nDCG@10 once the true value of each asked axis is given, at most three questions. agreeing: of *all* judged
queries sent without context whose first five results are for overlapping values on every axis, the share that is asked
something all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console

from eval import reporting
from eval.asking import Answered, Asker, ContextMode, Judge
from eval.datasets import Dataset, Query
from eval.knowledge import open_base
from kb_service.catalog.context import Applicability, Context, Entry
from kb_service.search import measures
from kb_service.search.request import AXES

MAX_QUESTIONS = 3
LEADERS = 5
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One context query: the axes asked in turn, whether the first one separates, whether any does, the quality before and after."""

    query: Query
    asked: tuple[str, ...]
    separates: bool
    separates_in_the_end: bool
    separable: bool
    excludes: bool
    before: float
    after: float


def measure(dataset: Dataset, json: Path | None, fresh: bool, out: Console) -> Report:
    """Ask, score, print and write."""
    with reporting.bars() as progress:
        with open_base(dataset.path, dataset.corpus_digest(), reporting.stages(progress), fresh) as base:
            judge = Judge(Asker(base), dataset.documents)
            without = Asker(base, ContextMode.NONE)
            ambiguous = [query for query in dataset.judged if query.wrong_context_docs]
            step = reporting.stepper(progress, "dialogues", len(ambiguous))
            dialogues = []
            for query in ambiguous:
                dialogues.append(hold(without, judge, dataset, query))
                step()
            step = reporting.stepper(progress, "agreeing", len(dataset.judged))
            asked = []
            for query in dataset.judged:
                asked.append(asks_although_agreed(without, judge, query))
                step()
    report = summarise(dataset, dialogues, [one for one in asked if one is not None])
    out.print(reporting.figures_table(f"{dataset.name} {dataset.split}, context not passed", _rows(report)))
    for dialogue in dialogues:
        if not dialogue.separates:
            out.print(
                f"not separated: {dialogue.query.id} asked={dialogue.asked} {dialogue.query.text!r}", markup=False
            )
    reporting.write_json(json, report)
    return report


def hold(asker: Asker, judge: Judge, dataset: Dataset, query: Query) -> Dialogue:
    """Send a query without context, then answer what is asked with its true value."""
    grades = dataset.qrels[query.id]
    truth, request = asker.context(query), asker.request(query)
    first = answered = asker.send(query, request)
    asked: list[str] = []
    while len(asked) < MAX_QUESTIONS and (axis := asked_axis(answered)) and axis not in asked:
        asked.append(axis)
        known = {name: getattr(truth, name) for name in AXES if name in asked}
        if known.get("version") and "product" not in known:
            known["product"] = truth.product  # a version is answered on the page with its product
        request = replace(request, stated=Context(**known))
        answered = asker.send(query, request)
    separating = separating_axes(judge, list(grades), query)
    first_axis = asked[0] if asked else ""
    excludes = bool(asked) and excludes_a_wrong_one(judge, query, list(grades), only(truth, first_axis))
    before, after = (measures.ndcg(one.ranking, grades, 10) for one in (first, answered))
    return Dialogue(
        query,
        tuple(asked),
        first_axis in separating,
        bool(separating & set(asked)),
        bool(separating),
        excludes,
        before,
        after,
    )


def asked_axis(answered: Answered) -> str | None:
    """The axis that the response asks for."""
    response = answered.response
    return response.clarify.axis if response and response.clarify else None


def separating_axes(judge: Judge, right: Sequence[str], query: Query) -> set[str]:
    """Axes on which a right document and a wrong one are for different values."""
    pairs = [(r, w) for r in right for w in query.wrong_context_docs]
    return {axis for r, w in pairs for axis in AXES if disjoint(judge.applicability(r), judge.applicability(w), axis)}


def only(truth: Context, axis: str) -> Context:
    """What is known once this axis was answered; a version is answered on the page with its product."""
    known = {axis, "product"} if axis == "version" else {axis}
    return Context(*(getattr(truth, name) if name in known else None for name in AXES))


def excludes_a_wrong_one(judge: Judge, query: Query, right: Sequence[str], known: Context) -> bool:
    """Whether this context keeps a right document and rules a wrong one out."""
    wrong = query.wrong_context_docs
    return any(judge.covers(d, known) for d in right) and not all(judge.covers(d, known) for d in wrong)


def disjoint(a: Applicability, b: Applicability, axis: str) -> bool:
    """Whether no value of the axis is served by both, as far as the other axes let them be compared.

    Versions are compared where both name the same product; where they share none they are not disjoint but incomparable.
    """
    pairs = [(x, y) for x in a.entries for y in b.entries]
    if axis == "version":
        pairs = [(x, y) for x, y in pairs if x.product is not None and x.product == y.product]
    return bool(pairs) and not any(_overlap(x, y, axis) for x, y in pairs)


def _overlap(x: Entry, y: Entry, axis: str) -> bool:
    if axis == "product":
        return x.product is None or y.product is None or x.product == y.product
    if axis == "version":
        return not x.versions.intersect(y.versions).is_empty
    return not x.os or not y.os or any(_related(p, q) for p in x.os for q in y.os)


def _related(p: str, q: str) -> bool:
    return p == q or p.startswith(q + "/") or q.startswith(p + "/")


def asks_although_agreed(asker: Asker, judge: Judge, query: Query) -> bool | None:
    """Whether something is asked though the first five agree; None where they differ or fewer than two were found."""
    answered = asker.ask(query, 10)
    leaders = [judge.applicability(document) for document in answered.ranking[:LEADERS]]
    pairs = list(combinations(leaders, 2))
    if not pairs or any(disjoint(a, b, axis) for a, b in pairs for axis in AXES):
        return None
    return asked_axis(answered) is not None


def summarise(dataset: Dataset, dialogues: Sequence[Dialogue], agreeing: Sequence[bool]) -> Report:
    """The figures of the command."""
    return {
        "dataset": dataset.name,
        "queries": len(dialogues),
        "asked": _mean([bool(d.asked) for d in dialogues]),
        "separating": _mean([d.separates for d in dialogues]),
        "separating in the end": _mean([d.separates_in_the_end for d in dialogues]),
        "separable": _mean([d.separable for d in dialogues]),
        "excluding": _mean([d.excludes for d in dialogues]),
        "nDCG@10 before": _mean([d.before for d in dialogues]),
        "nDCG@10 after": _mean([d.after for d in dialogues]),
        "questions": _mean([len(d.asked) for d in dialogues]),
        "agreeing": len(agreeing),
        "asked although agreed": _mean(agreeing),
    }


def _mean(values: Sequence[float]) -> float:
    return round(fmean(values), 4) if values else 0.0


def _rows(report: Report) -> list[tuple[str, str, str]]:
    definitions = {
        "queries": "judged queries with wrong_context_docs",
        "asked": "share for which clarify asks anything",
        "separating": "share for which its axis tells a right article from a wrong one",
        "separating in the end": f"share for which an axis of the at most {MAX_QUESTIONS} questions does",
        "separable": "share for which any axis does",
        "excluding": "share for which the true value of its axis rules a wrong article out and keeps a right one",
        "nDCG@10 before": "without any context",
        "nDCG@10 after": f"after the true value of each asked axis (at most {MAX_QUESTIONS})",
        "questions": "mean number of questions asked",
        "agreeing": "judged queries whose first five results are for overlapping values on every axis",
        "asked although agreed": "share of these for which clarify asks",
    }
    return [(name, str(report[name]), definition) for name, definition in definitions.items()]
