"""kb-eval gate: the sample's judged questions may not be answered worse than the frozen figures say.

The figures lie in judged/sample-figures.json, per encoder. A figure may be up to TOLERANCE lower: vectors of two processors differ.
Who makes search better freezes the new figures with --write, in the same change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from eval import sample
from eval.asking import Asker, ask_all
from eval.knowledge import KnowledgeBase

FROZEN = Path(__file__).parent / "judged" / "sample-figures.json"
TOLERANCE = 0.015
Figures = dict[str, float]


def figures_of(base: KnowledgeBase) -> Figures:
    """hit@1, hit@3 and the share of right decisions over all questions, and hit@1 of each type that has answers."""
    questions = sample.read_questions(sample.knowledge_folder())
    right = {query.id: articles for query, articles in questions}
    answered = ask_all(Asker(base), [query for query, _ in questions], lambda: None, 10)
    overall = sample.score(answered, right)
    found = {name: overall[name] for name in ("hit@1", "hit@3", sample.NO_ANSWER)}
    for type in dict.fromkeys(query.type for query, _ in questions if query.type != sample.NO_ANSWER):
        found[f"hit@1 {type}"] = sample.score([a for a in answered if a.query.type == type], right)["hit@1"]
    return found


def fallen(found: Mapping[str, float], frozen: Mapping[str, float]) -> list[str]:
    """One line for each figure that is lower than it was; types are small sets and may lose .1."""
    lines = []
    for name, before in frozen.items():
        allowed = TOLERANCE if " " not in name else 0.1
        if found.get(name, 0.0) < before - allowed - 1e-9:
            lines.append(f"{name} fell from {before:.4f} to {found.get(name, 0.0):.4f}")
    return lines


def frozen_for(encoder: str) -> Figures:
    """The figures frozen for an encoder; empty where there are none."""
    stored = json.loads(FROZEN.read_text("utf-8")) if FROZEN.is_file() else {}
    return dict(stored.get(encoder, {}))


def freeze(encoder: str, found: Mapping[str, float]) -> None:
    """Store the figures as those to hold."""
    stored = json.loads(FROZEN.read_text("utf-8")) if FROZEN.is_file() else {}
    stored[encoder] = dict(found)
    FROZEN.write_text(json.dumps(stored, indent=2) + "\n", "utf-8")


def check(write: bool, out: Console) -> list[str]:
    """Measure with the encoder of the settings; freeze, or say what fell."""
    from eval import reporting
    from eval.knowledge import open_base

    folder = sample.knowledge_folder()
    with reporting.bars() as progress, open_base(folder, sample.digest(folder), reporting.stages(progress)) as base:
        found, encoder = figures_of(base), base.parts.encoder.recipe.model
    if write:
        freeze(encoder, found)
    frozen = frozen_for(encoder)
    rows = [(name, f"{value:.4f}", f"frozen {frozen.get(name, 0.0):.4f}") for name, value in found.items()]
    out.print(reporting.figures_table(f"gate, {encoder}", rows))
    return fallen(found, frozen)
