"""kb-eval gaps: articles are taken away, every phrasing of every need is asked again, and the gaps must name what is missing.

A simulated person opens the right article when it stands among the first ten, and nothing otherwise. First cycle: the articles
of some needs are unpublished. A need is found when a gap holds at least two of its phrasings; a gap is true when most of its
questions are of needs whose article is missing. Second cycle: the articles are published again and the same is asked: the true
gaps must close, and no other.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from eval import reporting
from eval.datasets import Dataset, MalformedDataset, read_lines
from eval.knowledge import KnowledgeBase, open_base

if TYPE_CHECKING:
    from kb_service.assembly import Parts
    from kb_service.authoring.gaps_collecting import Collector

CONSISTENCY, REMOVED, PAGE, LEAST = "consistency.jsonl", 40, 10, 3
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Need:
    """One need with its phrasings and its article (the corpus's id)."""

    id: str
    article: str
    texts: tuple[str, ...]
    context: dict[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A gap with the needs of its unanswered questions."""

    id: int
    state: str
    needs: Counter[str]


def read_needs(folder: Path) -> list[Need]:
    """The needs of consistency.jsonl. Raises MalformedDataset."""
    path = folder / CONSISTENCY
    if not path.is_file():
        raise MalformedDataset(f"{folder} has no {CONSISTENCY}: there is nothing to ask in several ways.")
    return [
        Need(row["group"], row["gold"][0], tuple(p["text"] for p in row["phrasings"]), row.get("context") or {})
        for row in read_lines(path)
    ]


@dataclass
class Replay:
    """Asks needs of a base and remembers whose question is whose."""

    parts: Parts
    articles: dict[str, int]
    needs: Sequence[Need]
    step: Callable[[], None]

    def run(self, cycle: int) -> None:
        """Every phrasing as a session of its own."""
        from kb_service.search.request import SearchOptions, SearchRequest

        for need in self.needs:
            given = need.context
            stated = self.parts.catalog.resolve_context(given.get("product"), given.get("version"), given.get("os"))
            for index, text in enumerate(need.texts):
                session = f"{need.id}/{index}/{cycle}"
                options = SearchOptions(facets=False, widen=False)
                request = SearchRequest(text, stated, session_id=session, limit=PAGE, options=options)
                response = self.parts.search.search(request)
                target = self.articles[need.article]
                if any(hit.article == target for hit in response.hits):
                    event = {"query_id": response.query_id, "session_id": session, "action": "click", "article_id": target,
                             "rank": None, "channel": "eval", "attributes": {}}  # fmt: skip
                    self.parts.search.record_event(event)
            self.step()
        self.parts.search.log.flush(60)

    def gaps(self) -> list[Shown]:
        """Every gap that was ever open, most wanted first."""
        from sqlalchemy import select

        from kb_service.authoring.gaps_models import Gap
        from kb_service.authoring.gaps_repository import sightings_of
        from kb_service.authoring.gaps_sources import TAKEN

        with self.parts.database.reading() as session:
            rows = list(session.scalars(select(Gap).where(Gap.state != "watched").order_by(Gap.weight.desc(), Gap.id)))
            seen = sightings_of(session, (gap.id for gap in rows))
            return [
                Shown(gap.id, gap.state, Counter(_need(row.asker) for row in seen[gap.id] if row.reason != TAKEN))
                for gap in rows
            ]


def _need(asker: str) -> str:
    return asker.removeprefix("session:").split("/")[0]


def measure(dataset: Dataset, json_path: Path | None, seed: int, out: Console) -> Report:
    """Take away, ask, look; give back, ask, look."""
    needs = read_needs(dataset.path)
    missing = random.Random(seed).sample(needs, REMOVED)
    with (
        reporting.bars() as progress,
        open_base(dataset.path, dataset.corpus_digest(), reporting.stages(progress)) as base,
    ):
        with tempfile.TemporaryDirectory() as held:
            report = _measure(base, Path(held) / "base", needs, missing, progress)
    rows = [
        ("needs found", f"{report['found']} of {REMOVED}", "at least two phrasings in one true gap among the first 40"),
        (
            "true gaps",
            f"{report['true']} of 20",
            "of the first 20, those whose questions mostly miss a removed article",
        ),
        ("closed", f"{report['closed']} of {report['to close']}", "true gaps that close when the articles are back"),
        ("wrongly closed", str(report["wrongly closed"]), "other gaps that close in that cycle"),
        ("gaps", str(report["gaps"]), f"shown from {LEAST} sessions on"),
    ]
    out.print(reporting.figures_table(f"{dataset.name}, gaps, seed {seed}", rows))
    reporting.write_json(json_path, report)
    return report


def _measure(
    base: KnowledgeBase, folder: Path, needs: Sequence[Need], missing: Sequence[Need], progress: Any
) -> Report:
    from kb_service.articles import moves
    from kb_service.assembly import assemble
    from kb_service.authoring.gaps_collecting import Collector, Rules

    shutil.copytree(base.parts.settings.data_dir, folder, symlinks=True)
    parts = assemble(base.parts.settings.model_copy(update={"data_dir": folder}))
    try:
        articles = {external: article for article, external in base.external_ids.items()}
        away = [articles[need.article] for need in missing]
        _move(parts, away, moves.unpublish)
        replay = Replay(parts, articles, needs, reporting.stepper(progress, "asking", 2 * len(needs)))
        collector = Collector(parts.database, parts.encoder, Rules(LEAST, 90, timedelta(0)))
        first = _cycle(replay, collector, 1)
        _move(parts, away, moves.publish)
        return judge(first, _cycle(replay, collector, 2), {need.id for need in missing})
    finally:
        parts.close()


def _cycle(replay: Replay, collector: Collector, number: int) -> list[Shown]:
    replay.run(number)
    collector.collect()
    return replay.gaps()


def _move(parts: Parts, articles: Sequence[int], move: Callable[..., Any]) -> None:
    from kb_service.auth.actors import SYSTEM
    from kb_service.transfer.draining import drain_index

    with parts.database.writing() as session:
        for article in articles:
            move(session, article, SYSTEM)
    drain_index(parts, lambda *_: None)


def judge(first: Sequence[Shown], second: Sequence[Shown], missing: set[str]) -> Report:
    """The figures of both cycles (pure)."""
    true = [gap for gap in first if is_true(gap, missing)]
    top = [gap for gap in first[:40] if is_true(gap, missing)]
    found = {need for gap in top for need, count in gap.needs.items() if need in missing and count >= 2}
    later = {gap.id: gap.state for gap in second}
    others = {gap.id for gap in first} - {gap.id for gap in true}
    return {
        "gaps": len(first),
        "found": len(found),
        "true": sum(is_true(gap, missing) for gap in first[:20]),
        "to close": len(true),
        "closed": sum(later.get(gap.id) == "closed" for gap in true),
        "wrongly closed": sum(later.get(gap) == "closed" for gap in others),
        "not found": sorted(missing - found),
        "not closed": [dict(gap.needs) for gap in true if later.get(gap.id) != "closed"],
    }


def is_true(gap: Shown, missing: set[str]) -> bool:
    """Whether most of its questions are of needs whose article is missing."""
    return 2 * sum(count for need, count in gap.needs.items() if need in missing) > gap.needs.total()
