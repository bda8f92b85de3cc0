"""kb-eval applicability: the corpus without its applies_to; are the products that are proposed the right ones?

Right: the article is for exactly the product that is proposed. Sound: it is for that product, among others perhaps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from eval import reporting
from eval.datasets import Dataset, read_lines
from kb_service.authoring.proposals import Material, Proposer, folders_of
from kb_service.catalog.names import Names
from kb_service.text import slugify

Report = dict[str, Any]


def measure(dataset: Dataset, json_path: Path | None, out: Console) -> Report:
    """Propose for every document, count, print and write."""
    packed = dataset.path / "corpus.jsonl.gz"
    rows = list(read_lines(packed if packed.is_file() else dataset.path / "corpus.jsonl"))
    names = sorted(
        {entry["product"] for row in rows for entry in row["metadata"]["applies_to"] if entry.get("product")}
    )
    labels = {slugify(name): name for name in names}
    proposer = Proposer(Names([(name, slugify(name)) for name in names], labels), labels)
    made = right = sound = 0
    for row in rows:
        about = row["metadata"]
        topics = tuple(map(str, about.get("topic_area") or ()))
        material = Material(row["title"], row["text"], folders_of([about.get("url") or ""]), topics)
        proposal = proposer.propose(material)
        if proposal is not None:
            products = {entry["product"] for entry in about["applies_to"]}
            made += 1
            right += products == {labels[proposal.product]}
            sound += labels[proposal.product] in products
    report = {"articles": len(rows), "proposed": made, "right": right, "sound": sound}
    figures = [
        (
            "proposed",
            f"{made} of {len(rows)} ({made / len(rows):.3f})",
            "articles with a proposal; versions are never guessed",
        ),
        ("right", f"{right / max(1, made):.3f}", "the article is for exactly the proposed product"),
        ("sound", f"{sound / max(1, made):.3f}", "it is for the proposed product, among others perhaps"),
    ]
    out.print(reporting.figures_table(f"{dataset.name}, applicability proposed", figures))
    reporting.write_json(json_path, report)
    return report
