"""Why a question failed: the wanted article's place in each retriever's list, fused and shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from eval.asking import Answered, Asker
from eval.datasets import Dataset, Query
from kb_service.search.pipeline import Found


@dataclass(frozen=True, slots=True)
class Failure:
    """One question whose right article is not first. Ranks count from 1; None: not in that list."""

    query: Query
    wanted: str
    title: str
    lexical: int | None
    semantic: int | None
    fused: int | None
    shown: int | None
    first: str
    """Title of what stands first instead."""
    error: str | None = None

    @property
    def why(self) -> str:
        """The step at which the right article fell behind."""
        if self.error is not None:
            return f"the context was refused: {self.error}"
        if self.fused is None:
            return "neither retriever brought it above the floor: other words and another meaning, or the context keeps it out"
        if self.shown is None:
            return "found, but far below the best, or a variant of its family stands for it"
        if self.fused == 1:
            return "first when fused; a signal or its family put another above"
        if self.lexical == 1 or self.semantic == 1:
            return f"first by {'words' if self.lexical == 1 else 'meaning'} alone; the other drew it down"
        if self.lexical is None or self.semantic is None:
            return f"{'words' if self.lexical is None else 'meaning'} did not bring it at all"
        return "both words and meaning find another nearer"


def find_failures(asker: Asker, dataset: Dataset, answered: Sequence[Answered], limit: int) -> list[Failure]:
    """The first ``limit`` judged questions whose first hit is wrong, the worst places first."""
    failed = [a for a in answered if (g := dataset.qrels.get(a.query.id)) and not (a.ranking and a.ranking[0] in g)]
    failed.sort(key=lambda a: -_place(a.ranking, dataset.qrels[a.query.id]))
    return [_explain(asker, dataset, one) for one in failed[:limit]]


def _place(ranking: Sequence[str], grades: Mapping[str, int]) -> int:
    return next((rank for rank, document in enumerate(ranking, 1) if document in grades), 10_000)


def _explain(asker: Asker, dataset: Dataset, answered: Answered) -> Failure:
    wanted = max(dataset.qrels[answered.query.id].items(), key=lambda item: item[1])[0]
    titles = {document.id: document.title for document in dataset.documents.values()}
    ranks: tuple[int | None, int | None, int | None] = (None, None, None)
    if answered.error is None:
        ranks = _ranks(asker, run(asker, answered.query), wanted)
    shown = answered.ranking.index(wanted) + 1 if wanted in answered.ranking else None
    first = titles.get(answered.ranking[0], "?") if answered.ranking else answered.error or "nothing"
    return Failure(answered.query, wanted, titles.get(wanted, "?"), *ranks, shown, first, answered.error)


def run(asker: Asker, query: Query) -> Found:
    """The stages of the search as the service runs them, with everything that they know."""
    service = asker.base.parts.search
    request = asker.request(query)
    return service.pipeline.run(request, query.text, service.engine.snapshot(), service.curation.current())


def _ranks(asker: Asker, found: Found, wanted: str) -> tuple[int | None, int | None, int | None]:
    external = asker.base.external_ids
    for rank, fused in enumerate(found.candidates.fused, 1):
        if external.get(fused.article_id) == wanted:
            return fused.lexical_rank, fused.semantic_rank, rank
    return None, None, None


def failures_table(failures: Sequence[Failure]) -> Table:
    """One row a failure."""
    table = Table(title="Right article not first (ranks; - is absent)", title_justify="left", show_lines=True)
    for name in (
        "query",
        "type",
        "context",
        "text",
        "wanted",
        "words",
        "meaning",
        "fused",
        "shown",
        "first instead",
        "why",
    ):
        table.add_column(name, overflow="fold")
    for one in failures:
        context = " ".join(one.query.context.values())
        ranks = [str(rank or "-") for rank in (one.lexical, one.semantic, one.fused, one.shown)]
        text = one.query.text[:200].replace("[", "\\[")
        wanted = f"{one.wanted} {one.title}".replace("[", "\\[")
        table.add_row(
            one.query.id, one.query.type, context, text, wanted, *ranks, one.first.replace("[", "\\["), one.why
        )
    return table


def write_failures(path: Path | None, failures: Sequence[Failure]) -> None:
    """All of them as JSON Lines, the worst places first; None: nowhere."""
    if path is not None:
        path.write_text("".join(json.dumps(_as_row(one), ensure_ascii=False) + "\n" for one in failures), "utf-8")


def _as_row(one: Failure) -> dict[str, object]:
    return {
        "query": one.query.id, "type": one.query.type, "text": one.query.text, "context": dict(one.query.context),
        "wanted": one.wanted, "title": one.title, "rank_by_words": one.lexical, "rank_by_meaning": one.semantic,
        "rank_fused": one.fused, "rank_shown": one.shown, "first_instead": one.first, "why": one.why,
    }  # fmt: skip
