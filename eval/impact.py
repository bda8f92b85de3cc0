"""kb-eval impact: does the preview of an edit say what the search does before and after it? On the sample knowledge.

Random edits (another title, paragraphs taken away or doubled, another version, other keywords) of random articles, previewed
with the sample's own questions, then published. Agreement: the first ten and whether there is an answer, for every question.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from eval import reporting
from eval.knowledge import open_base
from eval.sample import digest, knowledge_folder, read_questions

if TYPE_CHECKING:
    from kb_service.assembly import Parts

Report = dict[str, Any]


def measure(edits: int, seed: int, questions: int, json_path: Path | None, out: Console) -> Report:
    """Edit, preview, publish, compare, print."""
    from kb_service.assembly import assemble

    folder = knowledge_folder()
    with reporting.bars() as progress, open_base(folder, digest(folder), reporting.stages(progress), False) as base:
        with tempfile.TemporaryDirectory() as held:
            copy = Path(held) / "base"
            shutil.copytree(base.parts.settings.data_dir, copy, symlinks=True)
            parts = assemble(base.parts.settings.model_copy(update={"data_dir": copy}))
            try:
                step = reporting.stepper(progress, "editing", edits)
                report = _run(parts, edits, random.Random(seed), questions, step)
            finally:
                parts.close()
    rows = [
        ("edits", str(edits), "random edits, published one after the other"),
        (
            "agree",
            f"{report['agree']} of {edits}",
            "edits whose preview was right for every question, before and after",
        ),
        ("questions", str(report["questions"]), "questions compared, in all edits"),
        ("questions that agree", str(report["same"]), "first ten and answered or not, as previewed"),
        ("moved", str(report["moved"]), "questions that an edit changed"),
    ]
    out.print(reporting.figures_table(f"sample, impact preview, seed {seed}", rows))
    reporting.write_json(json_path, report)
    return report


def _run(parts: Parts, edits: int, chance: random.Random, count: int, step: Any) -> Report:
    from kb_service.search.request import SearchOptions, SearchRequest

    for query, _ in chance.sample(read_questions(knowledge_folder()), count):
        given = query.context
        stated = parts.catalog.resolve_context(given.get("product"), given.get("version"), given.get("os"))
        parts.search.search(SearchRequest(query.text, stated, options=SearchOptions(facets=False)))
    parts.search.log.flush(30)
    total = {"edits": edits, "agree": 0, "questions": 0, "same": 0, "moved": 0}
    for _ in range(edits):
        asked, same, moved = _one(parts, chance)
        total["agree"] += asked == same
        total["questions"] += asked
        total["same"] += same
        total["moved"] += moved
        step()
    return total


def _one(parts: Parts, chance: random.Random) -> tuple[int, int, int]:
    from sqlalchemy import select

    from kb_service.articles import moves
    from kb_service.articles.models import Article
    from kb_service.articles.repository import is_published
    from kb_service.articles.service import edit_article
    from kb_service.auth.actors import SYSTEM
    from kb_service.authoring.impact import Previewer, outcome, questions_about
    from kb_service.authoring.impact_routes import newest_text
    from kb_service.transfer.draining import drain_index

    search = parts.search
    with parts.database.writing() as session:
        shown = session.scalars(select(Article).where(is_published()).order_by(Article.id))
        article = chance.choice([one for one in shown if SYSTEM.may_read(one.audience)])
        edit_article(session, article.id, _edit(session, article, chance), parts.catalog, SYSTEM)
        number = article.id
    with parts.database.reading() as session:
        content, keywords = newest_text(session, session.get_one(Article, number))
        questions = questions_about(session, number)
    before = {q: outcome(search, q, search.engine, search.pipeline) for q in questions}
    impact = Previewer(search).preview(number, content, keywords)
    told = {effect.question: effect for effect in impact.effects}
    with parts.database.writing() as session:
        moves.publish(session, number, SYSTEM)
    drain_index(parts, lambda *_: None)
    same = 0
    for question, was in before.items():
        effect = told.get(question)
        now = outcome(search, question, search.engine, search.pipeline)
        same += (effect.before, effect.after) == (was, now) if effect else was == now
    return len(before), same, len(told)


def _edit(session: Any, article: Any, chance: random.Random) -> dict[str, Any]:
    from kb_service.articles.repository import newest_revision

    revision = newest_revision(session, article.id)
    paragraphs = revision.body.split("\n\n")
    kind = chance.choice(("title", "cut", "double", "keywords", "short"))
    words = revision.title.split()
    chance.shuffle(words)
    if kind == "title":
        return {"title": " ".join(words[: max(2, len(words) - 1)]) + f" {chance.randrange(100)}"}
    if kind == "cut" and len(paragraphs) > 1:
        paragraphs.pop(chance.randrange(len(paragraphs)))
        return {
            "body": "\n\n".join(p for p in paragraphs if "applies_to" not in p) + f"\n\nSee {chance.randrange(1000)}."
        }
    if kind == "double":
        return {"body": revision.body + "\n\n" + chance.choice(paragraphs).replace("{applies_to", "{x")}
    if kind == "keywords":
        return {"keywords": (*words[:3], f"word{chance.randrange(1000)}")}
    return {"short_answer": f"{' '.join(words)[:200]} {chance.randrange(1000)}"}
