"""kb-eval bookmarks: simulated teams keep what answered them, and ask on.

Half of the judged questions (by a hash of their id) are the past of teams, one for each product: what answered most often is
kept, SET_SIZE articles at most; with the chance 1 - CARE a colleague takes a random other article of the list for the right one.
The other half is asked before and after, through the search's own path, by a colleague who works with the sets. RR@10 is told
for both, and apart for the questions whose right article somebody kept. The list of results must be the same list.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console

from eval import reporting
from eval.asking import Answered, Asker
from eval.datasets import Dataset, Query
from eval.knowledge import open_base
from kb_service.auth.actors import Actor, Role, actor_for
from kb_service.bookmarks.rules import Kind
from kb_service.bookmarks.signals import BONUS, NAME
from kb_service.search import measures
from kb_service.search.request import SearchRequest
from kb_service.search.signals import Signal, SignalSource

CARE = 0.8
"""How often a colleague takes the right article; otherwise any other that was shown."""
SET_SIZE = 10
PAGE = 10
COLLEAGUE = actor_for("user:1", "Mia", Role.AGENT)
Report = dict[str, Any]


class TeamSets(SignalSource):
    """What a team keeps, as the search hears of it."""

    def __init__(self, kept: frozenset[int]) -> None:
        self._kept = kept

    def stamp(self, _actor: Actor) -> Hashable:
        """The same for the whole run."""
        return hash(self._kept)

    def signals(self, article_ids: Sequence[int], _actor: Actor) -> Mapping[int, Sequence[Signal]]:
        """The bonus of a team's set."""
        signal = Signal(NAME, BONUS[Kind.TEAM], "in the team’s set")
        return {article: (signal,) for article in article_ids if article in self._kept}


class Colleague(Asker):
    """Asks as a colleague does."""

    def request(self, query: Query, limit: int = PAGE) -> SearchRequest:
        """The question, of an agent."""
        return replace(super().request(query, limit), actor=COLLEAGUE)


def measure(dataset: Dataset, json: Path | None, seed: int, out: Console) -> Report:
    """Ask, score, print and write."""
    with reporting.bars() as progress:
        with open_base(dataset.path, dataset.corpus_digest(), reporting.stages(progress)) as base:
            colleague = Colleague(base)
            sources = base.parts.search.pipeline.sources
            past, future = split(dataset.judged)
            step = reporting.stepper(progress, dataset.name, len(past) + 2 * len(future))
            sources[:] = []
            kept = keep(dataset, _ask(colleague, past, step), random.Random(seed))
            before = _ask(colleague, future, step)
            ids = {external: article for article, external in base.external_ids.items()}
            sources[:] = [TeamSets(frozenset(ids[name] for name in kept if name in ids))]
            after = _ask(colleague, future, step)
    report = compare(dataset, kept, before, after)
    rows = [(name, str(value), "") for name, value in report.items()]
    out.print(reporting.figures_table(f"bookmarks: {dataset.name}", rows))
    reporting.write_json(json, report)
    return report


def split(queries: Sequence[Query]) -> tuple[list[Query], list[Query]]:
    """The team's past and what it asks next: by the first bit of a hash of the id."""

    def is_past(query: Query) -> bool:
        return hashlib.sha256(query.id.encode()).digest()[0] < 128

    return [q for q in queries if is_past(q)], [q for q in queries if not is_past(q)]


def keep(dataset: Dataset, asked: Sequence[Answered], chance: random.Random) -> set[str]:
    """What the teams keep of their past: what each used most, at least twice."""
    used: dict[str, Counter[str]] = defaultdict(Counter)
    for one in asked:
        right = [name for name in one.ranking[:PAGE] if name in dataset.qrels[one.query.id]]
        others = [name for name in one.ranking[:PAGE] if name not in dataset.qrels[one.query.id]]
        if right and chance.random() < CARE:
            used[one.query.context.get("product", "")][right[0]] += 1
        elif others:
            used[one.query.context.get("product", "")][chance.choice(others)] += 1
    return {name for counts in used.values() for name, uses in counts.most_common(SET_SIZE) if uses > 1}


def compare(dataset: Dataset, kept: set[str], before: Sequence[Answered], after: Sequence[Answered]) -> Report:
    """RR@10 without and with the sets."""
    known = [place for place, one in enumerate(before) if kept & dataset.qrels[one.query.id].keys()]
    unknown = [place for place in range(len(before)) if place not in set(known)]

    def mean(answered: Sequence[Answered], places: Sequence[int]) -> float:
        chosen = [answered[place] for place in places]
        found = [measures.reciprocal_rank(one.ranking, dataset.qrels[one.query.id], PAGE) for one in chosen]
        return round(fmean(found), 4) if found else 0.0

    everything = range(len(before))
    return {
        "questions": len(before),
        "kept articles": len(kept),
        "RR@10 without sets": mean(before, everything),
        "RR@10 with sets": mean(after, everything),
        "of them with a kept right article": len(known),
        "RR@10 of these without": mean(before, known),
        "RR@10 of these with": mean(after, known),
        "RR@10 of the others without": mean(before, unknown),
        "RR@10 of the others with": mean(after, unknown),
        "lists that are another list": sum(
            a.response is not None and b.response is not None and a.response.total != b.response.total
            for a, b in zip(before, after, strict=True)
        ),
    }


def _ask(asker: Asker, queries: Sequence[Query], step: Any) -> list[Answered]:
    answered = []
    for query in queries:
        answered.append(asker.ask(query, PAGE))
        step()
    return answered
