"""kb-eval consistency: one need, the same answer, however it is put and wherever it comes in.

phrasings: the three texts of each need of consistency.jsonl as they are, context stated. shapes: the need's sentence as portal
words, mail, SMS and phone note (``eval.shapes``), context stated: form alone. channels: the same shapes with what each channel knows:
the portal's chosen product and version and the phone's asked product are stated, what the sender of a mail owns and the product of
an SMS's number are inferred. entry points: the same text and context by every way in (``eval.entry_points``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console

from eval import reporting
from eval.asking import NOTHING_GIVEN, Asker
from eval.datasets import Dataset, MalformedDataset, Query, read_lines
from eval.entry_points import EntryPoint, entry_points
from eval.knowledge import open_base
from eval.reporting import AT_LEAST, AT_MOST, GoalRow
from eval.shapes import SHAPES, shape
from kb_service.catalog.context import Context

FILE = "consistency.jsonl"
WHOLE = "email"
"""The phrasing that is a whole sentence: all four shapes are made of it."""
FIRST, QUOTED, SEED = 3, 6, 7
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Need:
    """What somebody needs: one right answer, several ways to say it."""

    id: str
    right: frozenset[str]
    context: Mapping[str, str]
    phrasings: Mapping[str, str]

    @property
    def sentence(self) -> str:
        """Its most complete phrasing."""
        return self.phrasings.get(WHOLE) or max(self.phrasings.values(), key=len)


@dataclass(frozen=True, slots=True)
class Got:
    """The first three articles, and what a channel without a person would say."""

    ranking: tuple[str, ...]
    outcome: str

    def first(self) -> str:
        """The first article; empty where there is none."""
        return self.ranking[0] if self.ranking else ""

    def place(self, right: frozenset[str]) -> int:
        """The right one's place among the first three, from 1; 99 where it is not there."""
        return next((rank for rank, document in enumerate(self.ranking, 1) if document in right), 99)


Row = dict[str, Got]


def load_needs(dataset: Dataset) -> list[Need]:
    """The needs of the data set's split. Raises MalformedDataset without consistency.jsonl."""
    path = dataset.path / FILE
    if not path.is_file():
        raise MalformedDataset(f"{dataset.path} has no {FILE}: needs in several phrasings.")
    rows = [row for row in read_lines(path) if row.get("split", dataset.split) == dataset.split]
    return [
        Need(
            str(row["group"]), frozenset(row["gold"]), {k: str(v) for k, v in (row.get("context") or {}).items() if v},
            {str(p["channel"]): str(p["text"]) for p in row["phrasings"]},
        )
        for row in rows
    ]  # fmt: skip


def measure(dataset: Dataset, entries: int, json: Path | None, fresh: bool, out: Console) -> Report:
    """Ask, score, print and write."""
    needs = load_needs(dataset)
    dice = random.Random(SEED)
    lines = [d.text.replace("\n", " ")[:160] for d in dataset.documents.values() if d.text]
    threads = [[dice.choice(lines) for _ in range(QUOTED)] for _ in needs]
    texts = [{name: shape(name, need.sentence, threads[i], i) for name in SHAPES} for i, need in enumerate(needs)]
    with reporting.bars() as progress:
        with open_base(dataset.path, dataset.corpus_digest(), reporting.stages(progress), fresh) as base:
            asker, step = Asker(base), reporting.stepper(progress, "needs", len(needs))
            rows = []
            for need, shaped in zip(needs, texts, strict=True):
                rows.append(_ask(asker, need, shaped))
                step()
            origin = base.parts.settings.data_dir
        chosen = range(0, len(needs), max(1, len(needs) // entries)) if entries else range(0)
        asked = [(texts[i]["mail"] if i % 2 else needs[i].sentence, needs[i].context) for i in chosen]
        found = _through_entries(origin, asked, reporting.stepper(progress, "entry points", len(asked)))
    report = {"dataset": dataset.name, "needs": len(needs)} | summarise(needs, rows) | {"entry_points": found}
    report["figures"] = [row.to_dict() for row in goals(report)]
    out.print(reporting.goals_table(f"{dataset.name} {dataset.split}, {len(needs)} needs", goals(report)))
    reporting.write_json(json, report)
    return report


def _ask(asker: Asker, need: Need, texts: Mapping[str, str]) -> Row:
    """Everything that one need is asked in process, by name: phrasing/…, shape/…, channel/…."""
    known = asker.context(Query(need.id, need.sentence, context=need.context))
    row = {f"phrasing/{name}": _got(asker, text, known) for name, text in need.phrasings.items()}
    row["shape/plain"] = _got(asker, need.sentence, known)
    for name, text in texts.items():
        row[f"shape/{name}"] = _got(asker, text, known)
        row[f"channel/{name}"] = _got(asker, text, *_known_to(name, known))
    return row


def _known_to(channel: str, known: Context) -> tuple[Context, Context]:
    """What the channel states, and what it only infers."""
    product = Context(known.product, None, None)
    return {
        "portal": (known, NOTHING_GIVEN), "mail": (NOTHING_GIVEN, known),
        "sms": (NOTHING_GIVEN, product), "phone": (product, NOTHING_GIVEN),
    }[channel]  # fmt: skip


def _got(asker: Asker, text: str, stated: Context, inferred: Context = NOTHING_GIVEN) -> Got:
    query = Query("", text)
    request = replace(asker.request(query, FIRST), stated=stated, inferred=inferred)
    answer = asker.base.parts.search.answer(request)
    return Got(asker.send(query, request).ranking[:FIRST], answer.outcome)


def summarise(needs: Sequence[Need], rows: Sequence[Row]) -> Report:
    """Every share but those of the entry points."""
    return {
        "phrasings": group_figures(needs, rows, [f"phrasing/{name}" for name in needs[0].phrasings] if needs else []),
        "shapes": group_figures(needs, rows, [f"shape/{name}" for name in SHAPES]),
        "channels": group_figures(needs, rows, [f"channel/{name}" for name in SHAPES]),
        "places": {name: _places(needs, rows, name) for name in (rows[0] if rows else {})},
    }


def group_figures(needs: Sequence[Need], rows: Sequence[Row], names: Sequence[str]) -> dict[str, float]:
    """Over several ways to put each need: all right, all the same, and the same pairwise."""
    pairs = [(row[a], row[b]) for row in rows for a, b in combinations(names, 2)]
    places = [[row[name].place(need.right) for name in names] for need, row in zip(needs, rows, strict=True)]
    return {
        "all right first": _share([max(one) == 1 for one in places if one]),
        "all right in the first three": _share([max(one) <= FIRST for one in places if one]),
        "all the same first": _share([len({row[name].first() for name in names}) == 1 for row in rows]),
        "pairs with the same first": _share([a.first() == b.first() for a, b in pairs]),
        "all the same outcome": _share([len({row[name].outcome for name in names}) == 1 for row in rows]),
    }


def _places(needs: Sequence[Need], rows: Sequence[Row], name: str) -> dict[str, float]:
    places = [row[name].place(need.right) for need, row in zip(needs, rows, strict=True)]
    return {"hit@1": _share([place == 1 for place in places]), "hit@3": _share([place <= FIRST for place in places])}


def _through_entries(origin: Path, asked: Sequence[tuple[str, Mapping[str, str]]], step: Callable[[], None]) -> Report:
    if not asked:
        return {}
    with entry_points(origin) as ways:
        agreed: dict[str, list[bool]] = {way.name: [] for way in ways}
        for number, (text, context) in enumerate(asked):
            _one_everywhere(ways, text, context, number, agreed)
            step()
    return {
        "questions": len(asked), "same": _share([one for found in agreed.values() for one in found]),
        "by_way": {name: {"asked": len(found), "same": _share(found)} for name, found in agreed.items()},
    }  # fmt: skip


def _one_everywhere(
    ways: Sequence[EntryPoint], text: str, context: Mapping[str, str], number: int, agreed: Mapping[str, list[bool]]
) -> None:
    reference = ways[0].ask(text, context)
    for way in ways[1:]:
        if number < way.most:
            agreed[way.name].append(way.ask(text, context).agrees(reference))
    agreed[ways[0].name].append(ways[0].ask(text, context).agrees(reference))


def goals(report: Report) -> list[GoalRow]:
    """The figures with what they should be."""
    places, shapes, phrasings = report["places"], report["shapes"], report["phrasings"]
    drop = round(places["shape/plain"]["hit@3"] - places["shape/mail"]["hit@3"], 4)
    rows = [
        GoalRow("phrasings: all right first", phrasings["all right first"], "of three phrasings of a need", AT_LEAST, 0.72),
        GoalRow("phrasings: all in the first three", phrasings["all right in the first three"], "the same", AT_LEAST, 0.86),
        GoalRow("phrasings: pairs with the same first", phrasings["pairs with the same first"], "pairwise, right or not"),
        GoalRow("mail against plain text", drop, "hit@3 of the sentence less that of the mail around it", AT_MOST, 0.02),
        GoalRow("four shapes: the same first", shapes["all the same first"], "of one sentence, context stated", AT_LEAST, 0.45),
        GoalRow("four shapes: all in the first three", shapes["all right in the first three"], "the right one"),
        GoalRow("four channels: the same first", report["channels"]["all the same first"], "each with what it knows of the context"),
        GoalRow("four channels: the same outcome", report["channels"]["all the same outcome"], "answer, choices or none"),
    ]  # fmt: skip
    rows += [
        GoalRow(f"{name}: hit@3", figures["hit@3"], f"hit@1 {figures['hit@1']:.3f}") for name, figures in places.items()
    ]
    for name, one in report["entry_points"].get("by_way", {}).items():
        rows.append(
            GoalRow(f"by {name}", one["same"], f"same article and revision as POST, {one['asked']} asked", AT_LEAST, 1)
        )
    return rows


def _share(values: Sequence[bool]) -> float:
    return round(fmean(values), 4) if values else 0.0
