"""kb-eval duplicates: planted paraphrases must be flagged, look-alikes for another version or product must not.

Planted into the corpus (by a seed): copies, the same answer in other words for the same context; decoys, the same title and
text for a version or a product that the original is not for. Then every planted article is checked as the author of it
would: a copy counts when its original is flagged, a decoy when anything at all is.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from eval import reporting
from eval.datasets import Dataset, Document
from eval.knowledge import KnowledgeBase, open_base
from eval.paraphrase import paraphrase

PLANTED, SEED = 50, 20
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Planted:
    """A planted article. ``original``: what it copies, or only looks like."""

    document: Document
    original: str
    is_copy: bool


def plant(dataset: Dataset, count: int = PLANTED, seed: int = SEED) -> list[Planted]:
    """``count`` copies and ``count`` decoys of different originals."""
    chance = random.Random(seed)
    documents = [d for d in dataset.documents.values() if len(d.text) > 400]
    versioned = [d for d in documents if len(d.applies_to) == 1 and d.applies_to[0].get("versions")]
    chosen = chance.sample(documents, count)
    taken = {document.id for document in chosen}
    free = [d for d in versioned if d.id not in taken]
    by_version = chance.sample(free, count // 2)
    taken |= {document.id for document in by_version}
    single = [d for d in documents if len(d.applies_to) == 1 and d.id not in taken]
    by_product = chance.sample(single, count - len(by_version))
    copies = [_copy(document, index) for index, document in enumerate(chosen)]
    decoys = [_other_version(document, index) for index, document in enumerate(by_version)]
    return [*copies, *decoys, *(_other_product(document, index, chance) for index, document in enumerate(by_product))]


def _copy(document: Document, index: int) -> Planted:
    title, text = paraphrase(document.title, document.text, index)
    return Planted(Document(f"copy{index:03d}", title, text, document.applies_to), document.id, True)


def _other_version(document: Document, index: int) -> Planted:
    entry = document.applies_to[0]
    year = max([int(y) for y in re.findall(r"\d{4}", " ".join(map(str, entry["versions"])))] or [2020]) + 40
    text = re.sub(r"\b20[0-2]\d\b", str(year), document.text)
    applies = ({**entry, "versions": [str(year)]},)
    return Planted(Document(f"decoy-version{index:03d}", document.title, text, applies), document.id, False)


def _other_product(document: Document, index: int, chance: random.Random) -> Planted:
    name = f"{chance.choice(('Harbour', 'Lantern', 'Quay'))} {document.applies_to[0]['product']}"
    applies = ({"product": name, "versions": [], "os": []},)
    return Planted(Document(f"decoy-product{index:03d}", document.title, document.text, applies), document.id, False)


@contextmanager
def planted_base(dataset: Dataset, planted: list[Planted], progress: Any, fresh: bool) -> Iterator[KnowledgeBase]:
    """The corpus with what was planted, as a base of its own."""
    documents = [*dataset.documents.values(), *(one.document for one in planted)]
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / f"{dataset.path.name}-planted"
        folder.mkdir()
        lines = [json.dumps(_row(document)) for document in documents]
        (folder / "corpus.jsonl").write_text("\n".join(lines), "utf-8")
        (folder / "queries.jsonl").write_text("", "utf-8")
        (folder / "qrels").mkdir()
        (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\n", "utf-8")
        digest = Dataset(folder, "dev", (), {}).corpus_digest()
        with open_base(folder, digest, reporting.stages(progress), fresh) as base:
            yield base


def _row(document: Document) -> Mapping[str, Any]:
    applies = list(document.applies_to)
    return {"_id": document.id, "title": document.title, "text": document.text, "metadata": {"applies_to": applies}}


def measure(dataset: Dataset, json_path: Path | None, fresh: bool, pairs: int, out: Console) -> Report:
    """Plant, check, print and write."""
    from kb_service.authoring.duplicates import FLAGGED
    from kb_service.authoring.duplicates_finding import Finder

    planted = plant(dataset)
    with reporting.bars() as progress, planted_base(dataset, planted, progress, fresh) as base:
        finder = Finder(base.parts.search)
        copies = [one for one in planted if one.is_copy]
        flagged, missed = 0, []
        for one in copies:
            found = _found(base, finder, one.document.id)
            flagged += one.original in found
            missed += [] if one.original in found else [f"{one.document.id} of {one.original}"]
        wrong = [one.document.id for one in planted if not one.is_copy and _found(base, finder, one.document.id)]
        natural = _natural(base, finder, dataset, pairs)
    report = {
        "copies": len(copies), "flagged": flagged, "missed": missed, "decoys": len(planted) - len(copies),
        "decoys flagged": len(wrong), "wrong": wrong, "floor": FLAGGED, "pairs": natural,
    }  # fmt: skip
    rows = [
        ("copies flagged", f"{flagged} of {len(copies)}", "the original is among what is shown for the paraphrase"),
        ("decoys flagged", f"{len(wrong)} of {len(planted) - len(copies)}", "anything is shown for a look-alike"),
        ("natural pairs", str(len(natural)), "pairs of untouched articles that are shown"),
    ]
    out.print(reporting.figures_table(f"{dataset.name}, near-duplicates", rows))
    reporting.write_json(json_path, report)
    return report


def _found(base: KnowledgeBase, finder: Any, document: str) -> set[str]:
    from kb_service.authoring.duplicates_scanning import read_text

    article = next(a for a, external in base.external_ids.items() if external == document)
    text = read_text(base.parts.database, article)
    return {base.external_ids[d.article] for d in finder.find(text)} if text else set()


def _natural(base: KnowledgeBase, finder: Any, dataset: Dataset, limit: int) -> list[tuple[str, str, float]]:
    """Pairs of the corpus itself, most alike first, for a person to judge."""
    from kb_service.authoring.duplicates_scanning import read_text

    pairs: dict[tuple[str, str], float] = {}
    if not limit:
        return []
    for article, external in base.external_ids.items():
        text = read_text(base.parts.database, article) if external in dataset.documents else None
        for found in finder.weigh_all(text) if text else ():
            other = base.external_ids[found.article]
            if other in dataset.documents and found.likeness >= 0.05:
                key = (min(external, other), max(external, other))
                pairs[key] = max(pairs.get(key, 0.0), round(found.likeness, 4))
    ranked = sorted(pairs.items(), key=lambda pair: -pair[1])
    return [(a, b, score) for (a, b), score in ranked[:limit]]
