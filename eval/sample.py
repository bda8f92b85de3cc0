"""kb-eval sample: the sample knowledge's own questions through the same path."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from eval import reporting
from eval.asking import Answered, Asker, ask_all
from eval.datasets import Query, read_lines
from eval.knowledge import PROJECT, open_base
from kb_service.search import measures

NO_ANSWER = "no_answer"
Report = dict[str, Any]


def knowledge_folder() -> Path:
    """Where the sample knowledge lies."""
    import kb_service

    return Path(kb_service.__file__).parent / "demo" / "knowledge"


def read_questions(folder: Path) -> list[tuple[Query, list[str]]]:
    """Each question with its right articles (none: no answer)."""
    return [
        (Query(row["id"], row["text"], row["type"], row.get("context") or {}), list(row["articles"]))
        for row in read_lines(folder / "questions.jsonl")
    ]


def measure(json: Path | None, failures: int, fresh: bool, out: Console) -> Report:
    """Ask, score, print and write."""
    folder = knowledge_folder()
    questions = read_questions(folder)
    with reporting.bars() as progress, open_base(folder, digest(folder), reporting.stages(progress), fresh) as base:
        step = reporting.stepper(progress, "searching", len(questions))
        answered = ask_all(Asker(base), [query for query, _ in questions], step, 10)
    right = {query.id: articles for query, articles in questions}
    report: Report = {"overall": score(answered, right), "by_type": {}}
    for type in dict.fromkeys(query.type for query, _ in questions):
        report["by_type"][type] = score([a for a in answered if a.query.type == type], right)
    out.print(_table(report))
    for one in [a for a in answered if not is_right(a, right[a.query.id])][:failures]:
        out.print(f"{one.query.id} {one.query.type} {dict(one.query.context)} {one.query.text!r}", markup=False)
        out.print(
            f"    wanted {right[one.query.id] or 'no answer'}, got {list(one.ranking[:3])} {one.error or ''}",
            markup=False,
        )
    reporting.write_json(json, report)
    return report


def is_right(answered: Answered, articles: Sequence[str]) -> bool:
    """The first hit is right and not refused; for a question without an answer: refused."""
    refused = answered.response is None or answered.response.no_answer
    return refused if not articles else bool(answered.ranking) and answered.ranking[0] in articles and not refused


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


def score(answered: Sequence[Answered], right: dict[str, list[str]]) -> dict[str, float]:
    """hit@1 and hit@3 over questions with an answer; no_answer: share of questions decided rightly."""
    judged = [(a, dict.fromkeys(right[a.query.id], 1)) for a in answered if right[a.query.id]]
    decided = [(a.response is None or a.response.no_answer) is not bool(right[a.query.id]) for a in answered]
    return {
        "questions": len(answered),
        "hit@1": _mean([measures.hit(a.ranking, grades, 1) for a, grades in judged]),
        "hit@3": _mean([measures.hit(a.ranking, grades, 3) for a, grades in judged]),
        NO_ANSWER: _mean(decided),
    }


def _table(report: Report) -> Table:
    table = Table(title="sample knowledge (no_answer: share decided rightly, answer or none)", title_justify="left")
    for name in ("type", "questions", "hit@1", "hit@3", NO_ANSWER):
        table.add_column(name, justify="right")
    for type, figures in {"overall": report["overall"], **report["by_type"]}.items():
        has_answers = type != NO_ANSWER
        hits = [f"{figures[name]:.4f}" if has_answers else "-" for name in ("hit@1", "hit@3")]
        table.add_row(type, str(int(figures["questions"])), *hits, f"{figures[NO_ANSWER]:.4f}")
    return table


def digest(folder: Path) -> str:
    """SHA-256 (hex) of everything that is imported."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "questions.jsonl"):
        total.update(str(path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path.name).encode())
        total.update(path.read_bytes())
    return total.hexdigest()
