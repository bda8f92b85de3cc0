"""kb-eval suggestions: is the right article there before the question is typed to its end, and after one was read in vain?

Typed: the first 30, 60 and 120 characters of each judged question as an unsaved case, with its context stated and without; the
share whose right article is among the first three suggestions. Handed over: of the questions whose first suggestion is wrong, that
one counts as read in vain (RR@5 of the right one); of those whose first is right, the right one does (is it still in the
first three, marked?). The stages are kb_service.cases.suggestions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console

from eval import reporting
from eval.asking import NOTHING_GIVEN, Asker
from eval.datasets import Dataset, Query
from eval.knowledge import open_base
from eval.reporting import AT_LEAST, GoalRow
from kb_service.auth.actors import Role, actor_for
from kb_service.cases.suggestions import Asked, Suggestion, offered, question_of
from kb_service.catalog.context import Context
from kb_service.errors import KbError

FIRST = 3
LENGTHS = (30, 60, 120)
GOALS = {"stated": (0.45, 0.68, 0.86), "none": (0.25, 0.55, 0.78)}
AGENT = actor_for("eval", "", Role.AGENT)
Report = dict[str, Any]


def measure(dataset: Dataset, json: Path | None, fresh: bool, out: Console) -> Report:
    """Ask, score, print and write."""
    with reporting.bars() as progress:
        with open_base(dataset.path, dataset.corpus_digest(), reporting.stages(progress), fresh) as base:
            asker, step = Asker(base), reporting.stepper(progress, "questions", len(dataset.judged))
            desk = Desk(asker)
            typed: dict[str, list[bool]] = {}
            handed: dict[str, list[float]] = {"untouched": [], "wrong read": [], "right read": []}
            for query in dataset.judged:
                _type(desk, dataset, query, typed)
                _hand_over(desk, dataset, query, handed)
                step()
    rows = [*typed_rows(typed), *handed_rows(handed)]
    report: Report = {"dataset": dataset.name, "figures": [row.to_dict() for row in rows]}
    out.print(reporting.goals_table(f"{dataset.name} {dataset.split}, suggestions", rows))
    reporting.write_json(json, report)
    return report


class Desk:
    """What an agent's desk is offered for a text, as articles of the data set."""

    def __init__(self, asker: Asker) -> None:
        self._asker, self._search = asker, asker.base.parts.search

    def context(self, query: Query) -> Context:
        """The question's context; nothing where the catalogue does not know it."""
        try:
            return self._asker.context(query)
        except KbError:
            return NOTHING_GIVEN

    def offer(self, text: str, stated: Context, failed: Sequence[int] = ()) -> list[Suggestion]:
        """Suggestions, best first."""
        asked = Asked(text, stated, NOTHING_GIVEN, frozenset(failed))
        request = question_of(asked, AGENT)
        request = replace(request, options=replace(request.options, log=False))
        return offered(self._search.search(request), asked.failed)

    def is_right(self, suggestion: Suggestion, right: Mapping[str, int]) -> bool:
        """Whether this article was judged right."""
        return right.get(self._asker.base.external_ids.get(suggestion.hit.article, ""), 0) > 0


def _type(desk: Desk, dataset: Dataset, query: Query, typed: dict[str, list[bool]]) -> None:
    for name, context in (("stated", desk.context(query)), ("none", NOTHING_GIVEN)):
        for length in LENGTHS:
            found = desk.offer(query.text[:length], context)[:FIRST]
            hits = typed.setdefault(f"{name} {length}", [])
            hits.append(any(desk.is_right(one, dataset.qrels[query.id]) for one in found))


def _hand_over(desk: Desk, dataset: Dataset, query: Query, handed: dict[str, list[float]]) -> None:
    right, context = dataset.qrels[query.id], desk.context(query)
    found = desk.offer(query.text, context)
    if not found:
        return
    again = desk.offer(query.text, context, [found[0].hit.article])
    if desk.is_right(found[0], right):
        handed["right read"].append(float(any(one.was_read for one in again[:FIRST])))
    else:
        handed["untouched"].append(_reciprocal_rank([desk.is_right(one, right) for one in found]))
        handed["wrong read"].append(_reciprocal_rank([desk.is_right(one, right) for one in again]))


def _reciprocal_rank(hits: Sequence[bool]) -> float:
    return next((1 / rank for rank, is_right in enumerate(hits, 1) if is_right), 0.0)


def typed_rows(typed: dict[str, list[bool]]) -> list[GoalRow]:
    """One figure for each length, with and without the context."""
    words = {"stated": "context stated", "none": "no context"}
    return [
        GoalRow(
            f"{length} characters, {words[name]}", round(fmean(typed[f"{name} {length}"]), 4),
            f"right article in the first {FIRST} suggestions", AT_LEAST, goal,
        )
        for name, goals in GOALS.items()
        for length, goal in zip(LENGTHS, goals, strict=True)
    ]  # fmt: skip


def handed_rows(handed: dict[str, list[float]]) -> list[GoalRow]:
    """What a session that comes along is worth."""
    mean = {name: round(fmean(values), 4) if values else 0.0 for name, values in handed.items()}
    return [
        GoalRow(
            "wrong first, untouched", mean["untouched"], f"RR@5 of the right one, {len(handed['untouched'])} questions"
        ),
        GoalRow("wrong first was read", mean["wrong read"], "RR@5 of the right one", AT_LEAST, 0.65),
        GoalRow("right one was read", mean["right read"], "still in the first 3, marked as read", AT_LEAST, 0.95),
    ]
