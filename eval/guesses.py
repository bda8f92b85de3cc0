"""kb-eval context: a product or version that the service only infers must help when right and cost little when wrong.

Each judged question with a product is asked with nothing, with its true context inferred and stated, with a wrong product and with
a wrong version of the right product, both inferred and, for comparison, stated. Wrong ones are drawn with a fixed seed: products of
the catalogue, versions that other questions give for the product.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
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
from kb_service.catalog.context import Context
from kb_service.errors import KbError

FIRST, SEED = 3, 11
Report = dict[str, Any]
Guess = tuple[str, Context, Context]
"""Name, stated, inferred."""


def measure(dataset: Dataset, json: Path | None, fresh: bool, out: Console) -> Report:
    """Ask, score, print and write."""
    with reporting.bars() as progress:
        with open_base(dataset.path, dataset.corpus_digest(), reporting.stages(progress), fresh) as base:
            asker, dice = Asker(base), random.Random(SEED)
            known = _known(asker, dataset)
            step = reporting.stepper(progress, "guesses", len(known))
            hits: dict[str, list[bool]] = {}
            for query, context in known:
                for guess in guesses(asker, context, [one for _, one in known], dice):
                    hits.setdefault(guess[0], []).append(_is_found(asker, dataset, query, guess))
                step()
    shares = {name: {"questions": len(found), "hit@3": round(fmean(found), 4)} for name, found in hits.items()}
    report: Report = {"dataset": dataset.name, "guesses": shares}
    report["figures"] = [row.to_dict() for row in goals(shares)]
    out.print(reporting.goals_table(f"{dataset.name} {dataset.split}, hit@3 by what is known", goals(shares)))
    reporting.write_json(json, report)
    return report


def _known(asker: Asker, dataset: Dataset) -> list[tuple[Query, Context]]:
    """Judged questions with a product that the catalogue knows."""
    found = []
    for query in dataset.judged:
        try:
            context = asker.context(query)
        except KbError:
            continue
        if context.product:
            found.append((query, context))
    return found


def guesses(asker: Asker, true: Context, others: Sequence[Context], dice: random.Random) -> list[Guess]:
    """Every way in which the question's context is passed."""
    products = [entry.slug for entry in asker.base.parts.catalog.products if entry.slug != true.product]
    versions = sorted({c.version for c in others if c.product == true.product and c.version} - {true.version})
    made: list[Guess] = [("nothing", NOTHING_GIVEN, NOTHING_GIVEN)]
    made += _both("right", true)
    if products:
        made += _both("wrong product", Context(dice.choice(products), None, true.os))
    if versions and true.version:
        made += _both("wrong version", replace(true, version=dice.choice(versions)))
    return made


def _both(name: str, context: Context) -> list[Guess]:
    return [(f"{name}, inferred", NOTHING_GIVEN, context), (f"{name}, stated", context, NOTHING_GIVEN)]


def _is_found(asker: Asker, dataset: Dataset, query: Query, guess: Guess) -> bool:
    request = replace(asker.request(query, FIRST), stated=guess[1], inferred=guess[2])
    return any(document in dataset.qrels[query.id] for document in asker.send(query, request).ranking[:FIRST])


def goals(shares: Report) -> list[GoalRow]:
    """hit@3 of each way, with what it should be."""
    wanted = {"right, inferred": 0.92, "wrong product, inferred": 0.88, "wrong version, inferred": 0.88}
    return [
        GoalRow(
            name, one["hit@3"], f"a right article in the first three, {one['questions']} questions",
            AT_LEAST if name in wanted else "", wanted.get(name, 0.0),
        )
        for name, one in shares.items()
    ]  # fmt: skip
