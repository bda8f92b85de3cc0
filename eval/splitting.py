"""kb-eval split: messages made of two questions, and single ones that must stay whole.

right: the share of messages of two for *both* questions of which a right article is among the first three of its own part (the
part that holds more of its words). perfect: the same where the boundary is known. unsplit: both asked as one message. split: the
share of messages of two that are split. single_split: the share of single questions that are. Pairs are drawn with a fixed seed
among long questions (eight words and more) with the same context and different right articles; so are the single ones.
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
from eval.asking import Asker
from eval.datasets import Dataset, Query
from eval.knowledge import open_base
from kb_service.search.questions import questions_of

PAIRS, SEED, FIRST, MIN_WORDS = 150, 7, 3, 8
Report = dict[str, Any]
Pair = tuple[Query, Query]


def measure(dataset: Dataset, json: Path | None, fresh: bool, out: Console) -> Report:
    """Ask, score, print and write."""
    pairs = draw_pairs(dataset)
    singles = [query for pair in pairs for query in pair]
    with reporting.bars() as progress:
        with open_base(dataset.path, dataset.corpus_digest(), reporting.stages(progress), fresh) as base:
            asker = Asker(base)
            step = reporting.stepper(progress, "messages", len(pairs) + len(singles))
            rows, split = [], []
            for pair in pairs:
                rows.append(_score(asker, dataset, pair))
                step()
            for query in singles:
                split.append(len(_parts(asker, query, query.text)) > 1)
                step()
    names = ("right", "perfect", "unsplit", "split")
    report: Report = {"dataset": dataset.name, "pairs": len(pairs)}
    report |= {name: round(fmean(row[at] for row in rows), 4) if rows else 0.0 for at, name in enumerate(names)}
    report["single_split"] = round(fmean(split), 4) if split else 0.0
    out.print(reporting.figures_table(f"{dataset.name} {dataset.split}, two questions in one message", _rows(report)))
    reporting.write_json(json, report)
    return report


def draw_pairs(dataset: Dataset) -> list[Pair]:
    """Pairs of questions with the same context and no right article in common."""
    groups: dict[str, list[Query]] = {}
    for query in dataset.judged:
        if len(query.text.split()) >= MIN_WORDS:
            groups.setdefault(str(sorted(query.context.items())), []).append(query)
    chance, pairs = random.Random(SEED), []
    for _, group in sorted(groups.items()):
        chance.shuffle(group)
        pairs += list(zip(group[::2], group[1::2], strict=False))
    chance.shuffle(pairs)
    return [(a, b) for a, b in pairs if not set(dataset.qrels[a.id]) & set(dataset.qrels[b.id])][:PAIRS]


def own_part(query: str, parts: Sequence[str]) -> str:
    """The part that holds most of the question's words."""
    words = set(query.lower().split())
    return max(parts, key=lambda part: len(words & set(part.lower().split())) / (1 + len(part.split()) / 1000))


def _parts(asker: Asker, query: Query, message: str) -> list[str]:
    return questions_of(asker.base.parts.search, asker.request(query), message)


def _score(asker: Asker, dataset: Dataset, pair: Pair) -> tuple[float, float, float, bool]:
    message = f"{pair[0].text}\n\n{pair[1].text}"
    parts = _parts(asker, pair[0], message)
    asked = [[own_part(query.text, parts), query.text, message] for query in pair]
    found = [
        [_is_found(asker, dataset, query, text) for text in texts] for query, texts in zip(pair, asked, strict=True)
    ]
    right, perfect, unsplit = (float(all(column)) for column in zip(*found, strict=True))
    return right, perfect, unsplit, len(parts) > 1


def _is_found(asker: Asker, dataset: Dataset, query: Query, text: str) -> bool:
    ranking = asker.ask(replace(query, text=text), FIRST).ranking
    return any(document in dataset.qrels[query.id] for document in ranking[:FIRST])


def _rows(report: Report) -> list[tuple[str, str, str]]:
    definitions = {
        "pairs": "messages of two questions, the same context, a blank line between",
        "right": "messages with a right article in the first three of the own part, for both questions",
        "perfect": "the same, each asked by itself",
        "unsplit": "the same, asked as one message",
        "split": "share of the messages of two that are split",
        "single_split": "share of single questions that are split",
    }
    return [(name, str(report[name]), definition) for name, definition in definitions.items()]
