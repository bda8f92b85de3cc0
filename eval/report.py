"""kb-eval report: the generated parts of docs/evaluation.md, and its plots, from the stored results (``eval/results``).

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; nothing else is touched. Results are what ``--json`` writes;
a part whose result is not stored says so. A test holds that the document is what is generated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval import plots
from eval.knowledge import PROJECT

RESULTS = PROJECT / "eval" / "results"
DOCUMENT = PROJECT / "docs" / "evaluation.md"
IMAGES = PROJECT / "docs" / "images"
_PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
SETS = ("symptom", "main", "hint3")
GOALS = {"symptom": {"nDCG@10": 0.93, "hit@1": 0.86}, "main": {"nDCG@10": 0.955}, "hint3": {"nDCG@10": 0.875}}
Result = Mapping[str, Any]
Results = Mapping[str, Result]


def read_results(folder: Path = RESULTS) -> dict[str, Any]:
    """Every stored result by its file's name without the ending."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def generate(document: str, results: Results) -> str:
    """The document with every generated part made anew. Raises KeyError for a part that nobody makes."""

    def made(match: re.Match[str]) -> str:
        return f"{match[1]}{PARTS[match[2]](results).strip()}\n{match[3]}"

    return _PART.sub(made, document)


def images(results: Results) -> dict[str, str]:
    """Every plot whose results are stored, by file name."""
    found = {}
    if all(f"relevance-{name}" in results for name in SETS):
        found["evaluation-relevance.svg"] = _relevance_plot(results)
    if "unattended-symptom" in results:
        found["evaluation-unattended.svg"] = _unattended_plot(results["unattended-symptom"])
    if "consistency-symptom" in results:
        found["evaluation-channels.svg"] = _channels_plot(results["consistency-symptom"])
    return found


def write(check: bool) -> list[str]:
    """Write document and plots; with ``check`` only name what would change."""
    results = read_results()
    wanted = {DOCUMENT: generate(DOCUMENT.read_text("utf-8"), results)}
    wanted |= {IMAGES / name: text for name, text in images(results).items()}
    changed = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    for path in [] if check else changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf-8")
    return [str(path.relative_to(PROJECT)) for path in changed]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    marks = ["---" if index == 0 else "---:" for index in range(len(header))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, marks, *rows))


def _number(value: float) -> str:
    return f"{value:.4f}".removeprefix("0") if 0 < value < 1 else f"{value:g}"


def _between(pair: Sequence[float]) -> str:
    return f"{pair[0]:.3f}–{pair[1]:.3f}".replace("0.", ".")


def _goal(value: float, goal: float | None) -> str:
    return "" if goal is None else f"≥ {goal:g}".replace("0.", ".") + ("" if value >= goal else " (missed)")


def _relevance(results: Results) -> str:
    rows = []
    for name in SETS:
        if (one := results.get(f"relevance-{name}")) is None:
            rows.append([f"{name}: not measured", *[""] * 8])
            continue
        overall, between = one["overall"], one["intervals"]["overall"]
        paired = one["paired"]["overall"]["nDCG@10"]
        goal = "; ".join(f"{m} {_goal(overall[m], g)}" for m, g in GOALS[name].items())
        rows.append(
            [
                one["settings"]["dataset"], f"{_number(overall['nDCG@10'])} ({_between(between['nDCG@10'])})",
                f"{_number(overall['hit@1'])} ({_between(between['hit@1'])})", _number(overall["Recall@100"]),
                _number(one["yardstick"]["overall"]["nDCG@10"]), _difference(paired), str(overall["inapplicable@10"]),
                str(overall["wrong_context@10"]), goal,
            ]
        )  # fmt: skip
    header = ("Set, context stated", "nDCG@10 (95 %)", "hit@1 (95 %)", "Recall@100", "yardstick nDCG@10", "difference",
              "inapplicable@10", "wrong_context@10", "goal")  # fmt: skip
    plot = "![nDCG@10 of each set, ours and the yardstick's, with intervals](images/evaluation-relevance.svg)"
    return f"{_table(header, rows)}\n\n{plot}\n\n{_measured(results, [f'relevance-{name}' for name in SETS])}"


def _difference(paired: Mapping[str, Any]) -> str:
    return f"{paired['difference']:+.4f}, p {paired['p']:.4f}: {paired['verdict']}"


def _types(results: Results) -> str:
    rows = []
    for name in SETS:
        one = results.get(f"relevance-{name}", {"by_type": {}})
        for type, figures in one["by_type"].items() if len(one["by_type"]) > 1 else ():
            rows.append(
                [
                    f"{name}, {type}", str(figures["queries"]),
                    f"{_number(figures['nDCG@10'])} ({_between(one['intervals'][type]['nDCG@10'])})", _number(figures["hit@1"]),
                    _number(one["yardstick"]["by_type"][type]["nDCG@10"]), _difference(one["paired"][type]["nDCG@10"]),
                ]
            )  # fmt: skip
    return _table(("Type", "queries", "nDCG@10 (95 %)", "hit@1", "yardstick nDCG@10", "difference"), rows)


def _figures(name: str, image: str = "") -> Callable[[Results], str]:
    """A part made of a result's ``figures``."""

    def part(results: Results) -> str:
        if name not in results:
            return "Not measured."
        rows = [
            [one["figure"], _number(one["value"]), one["goal"].replace("0.", "."), one["definition"]]
            for one in results[name]["figures"]
        ]
        table = _table(("Figure", "value", "goal", "what"), rows)
        return "\n\n".join(text for text in (table, image, _measured(results, [name])) if text)

    return part


def _contexts(results: Results) -> str:
    names = [name for name in ("context-symptom", "context-main") if name in results]
    if not names:
        return "Not measured."
    guesses = list(dict.fromkeys(g for name in names for g in results[name]["guesses"]))
    goals = {one["figure"]: one["goal"] for name in names for one in results[name]["figures"]}
    rows = [
        [
            guess,
            *(_number(results[name]["guesses"].get(guess, {}).get("hit@3", 0.0)) for name in names),
            _asked(goals[guess]),
        ]
        for guess in guesses
    ]
    header = ("What is passed", *(f"{results[name]['dataset']} hit@3" for name in names), "goal")
    return f"{_table(header, rows)}\n\n{_measured(results, names)}"


def _asked(goal: str) -> str:
    return goal.removesuffix(" (missed)").replace("0.", ".")


def _no_answer(results: Results) -> str:
    if (one := results.get("no-answer-hint3")) is None:
        return "Not measured."
    goals = {"AUROC": 0.82, "recall": 0.55}
    names = (
        "AUROC",
        "AUROC cosine",
        "recall",
        "floor at recall",
        "floor",
        "answerable refused",
        "out of scope refused",
    )
    rows = [[name, _number(one[name]), _goal(one[name], goals.get(name))] for name in names]
    return f"{_table(('hint3', 'value', 'goal'), rows)}\n\n{_measured(results, ['no-answer-hint3'])}"


def _split(results: Results) -> str:
    if (one := results.get("split-symptom")) is None:
        return "Not measured."
    words = {
        "right": ("each right article in the first three of its own question", "≥ .7", one["right"] >= 0.7),
        "perfect": ("the same where the boundary is known", "", True),
        "unsplit": ("the same, asked as one message", "", True),
        "split": ("messages of two that are split", "", True),
        "single_split": ("single questions that are split", "≤ .05", one["single_split"] <= 0.05),
    }
    rows = [
        [text, _number(one[name]), goal + ("" if met else " (missed)")] for name, (text, goal, met) in words.items()
    ]
    table = _table((f"{one['pairs']} messages of two symptoms", "share", "goal"), rows)
    return f"{table}\n\n{_measured(results, ['split-symptom'])}"


def _measured(results: Results, names: Sequence[str]) -> str:
    days = sorted({results[name]["measured_on"] for name in names if name in results})
    return (
        f"Measured on {', '.join(days)}; stored in {', '.join(f'`eval/results/{n}.json`' for n in names)}."
        if days
        else ""
    )


def _relevance_plot(results: Results) -> str:
    rows = []
    for name in SETS:
        one = results[f"relevance-{name}"]
        for label, source, is_ours in ((name, one, True), (f"{name}, yardstick", one["yardstick"], False)):
            value = source["overall"]["nDCG@10"]
            low, high = one["intervals"]["overall"]["nDCG@10"] if is_ours else (value, value)
            rows.append(plots.Bar(label, value, low, high, is_ours, GOALS[name]["nDCG@10"] if is_ours else None))
    return plots.bars("nDCG@10, context stated; line: 95 % interval; mark: goal", rows, 0.8)


def _unattended_plot(one: Result) -> str:
    points = [point for point in one["curve"] if point["share"] > 0]
    lines = [
        plots.Line("precision", [(p["certainty"], p["precision"]) for p in points]),
        plots.Line("share answered", [(p["certainty"], p["share"]) for p in points], False),
    ]
    title = f"Unattended answers by certainty (in force: {one['certainty']:g}); goals .95 and .75"
    return plots.curves(title, lines, "answers are given from this certainty on", (0.95, 0.75))


def _channels_plot(one: Result) -> str:
    names = [name for name in one["places"] if not name.startswith("phrasing/")]
    rows = []
    for name in names:
        value = one["places"][name]["hit@3"]
        rows.append(plots.Bar(name.replace("/", ": "), value, value, value, name.startswith("shape")))
    return plots.bars("hit@3 by shape (context stated) and by channel (its own context)", rows, 0.5)


PARTS: dict[str, Callable[[Results], str]] = {
    "relevance": _relevance,
    "relevance-types": _types,
    "consistency": _figures(
        "consistency-symptom", "![hit@3 by shape and by channel](images/evaluation-channels.svg)"
    ),
    "context": _contexts,
    "unattended": _figures(
        "unattended-symptom", "![Precision and share answered over certainty](images/evaluation-unattended.svg)"
    ),
    "no-answer": _no_answer,
    "split": _split,
}  # fmt: skip
