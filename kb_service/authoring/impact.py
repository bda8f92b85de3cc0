"""What an edit would do to the questions that people asked: the same search, over a copy of the index with the edit in it.

Invariants: nothing of the served index, the database or the log changes; before and after run through the one path (the
pipeline), so the preview says what the search will; the copy lives as long as the preview. Only the embedded engine can be
copied: on a cluster the preview says so.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexers.document import IndexedArticle
from indexers.engine import Engine
from indexers.vectors import index_recipe
from kb_service.articles.changes import published_rows, to_document
from kb_service.articles.cutting import cut
from kb_service.articles.sections import RevisionContent
from kb_service.db.base import utcnow
from kb_service.errors import Conflict, KbError, Unavailable
from kb_service.search.calibrating import Question, reader_of, recent_questions
from kb_service.search.checking import ArticleFacts
from kb_service.search.fusion import Weights
from kb_service.search.models import QueryLogRow
from kb_service.search.pipeline import Pipeline
from kb_service.search.request import SearchRequest
from kb_service.search.service import SearchService
from kb_service.search.understanding import read_text

if TYPE_CHECKING:
    from indexers.embedded.engine import EmbeddedEngine

DAYS, MAX_QUESTIONS, SHOWN, DUE_FROM, SCANNED = 90, 120, 10, 20, 5_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one question got: article ids best first, at most SHOWN, and whether it was answered."""

    articles: tuple[int, ...]
    is_answered: bool

    def place_of(self, article: int) -> int | None:
        """Its place from 1."""
        return self.articles.index(article) + 1 if article in self.articles else None


@dataclass(frozen=True, slots=True)
class Effect:
    """One question before and after."""

    question: Question
    before: Outcome
    after: Outcome

    @property
    def is_changed(self) -> bool:
        """Whether a reader would see a difference."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Impact:
    """Every question that was asked again. ``asked`` of them; ``effects`` only where something changes."""

    asked: int
    effects: tuple[Effect, ...]


class _Overlay(Pipeline):
    """The pipeline that takes one article's facts from the edit."""

    def put(self, facts: ArticleFacts) -> None:
        """The facts of the edited article."""
        self._facts = facts

    def read_facts(self, article_ids: list[int]) -> dict[int, ArticleFacts]:
        """As the database says, but for the edited article."""
        found = super().read_facts(article_ids)
        if self._facts.article_id in article_ids:
            found[self._facts.article_id] = self._facts
        return found


class Previewer:
    """Previews edits over one process's search."""

    def __init__(self, search: SearchService) -> None:
        self._search = search

    def preview(self, article: int, content: RevisionContent, keywords: Sequence[str]) -> Impact:
        """The effect of publishing ``content`` as the article's text. Raises Conflict for what is not published."""
        with self._search.database.reading() as session:
            rows = published_rows(session, [article])
            if not rows:
                raise Conflict("Nobody finds it yet: a preview of the impact is for published articles.")
            document = edited(to_document(*rows[0]), content, keywords)
            questions = questions_about(session, article)
        with self._with(document) as (engine, pipeline):
            effects = [effect for q in questions if (effect := self._ask(q, engine, pipeline)) is not None]
        return Impact(len(effects), tuple(effect for effect in effects if effect.is_changed))

    def _ask(self, question: Question, engine: Engine, pipeline: Pipeline) -> Effect | None:
        try:
            before = outcome(self._search, question, self._search.engine, self._search.pipeline)
            return Effect(question, before, outcome(self._search, question, engine, pipeline))
        except KbError:
            return None  # a product that is gone since

    @contextmanager
    def _with(self, document: IndexedArticle) -> Iterator[tuple[Engine, Pipeline]]:
        search = self._search
        vectors = search.retriever.encoder.encode_passages([document.embedding_text(p) for p in document.passages])
        with tempfile.TemporaryDirectory(prefix="impact-") as held:
            engine = self._copy(Path(held) / "index")
            try:
                engine.upsert(engine.generations()[0], [(document, vectors)])
                engine.commit(engine.generations()[0])
                pipeline = _Overlay(search.database, search.catalog, search.retriever, Weights())
                pipeline.put(self._facts(document))
                pipeline.sources = search.pipeline.sources
                yield engine, pipeline
            finally:
                engine.close()

    def _copy(self, directory: Path) -> EmbeddedEngine:
        from indexers.embedded.engine import EmbeddedEngine

        settings = self._search.settings
        if settings.opensearch_url:
            raise Unavailable(
                "The impact preview needs the embedded engine; on a cluster there is no copy to try it on."
            )
        encoder = self._search.retriever.encoder
        for attempt in (1, 2, 3):  # the writer may replace a file between listing and copying
            try:
                shutil.copytree(settings.index_dir, directory, ignore=shutil.ignore_patterns("writer.lock"))
                return EmbeddedEngine(directory, index_recipe(encoder), encoder.dimensions)
            except (OSError, shutil.Error):
                shutil.rmtree(directory, ignore_errors=True)
                if attempt == 3:
                    raise Unavailable("The index is being rewritten; try the preview again in a moment.") from None
        raise AssertionError

    def _facts(self, document: IndexedArticle) -> ArticleFacts:
        now = self._search.pipeline.read_facts([document.article_id])[document.article_id]
        return now._replace(revision=document.revision, key=document.key, title=document.title)


def outcome(search: SearchService, question: Question, engine: Engine, pipeline: Pipeline) -> Outcome:
    """What a question gets from an engine through a pipeline."""
    request = SearchRequest(question.text, question.context, actor=reader_of(question.role))
    found = pipeline.run(request, read_text(question.text), engine.snapshot(), search.curation.current())
    articles = tuple(ranked.candidate.facts.article_id for ranked in found.results[:SHOWN])
    return Outcome(articles, found.refusal is None and bool(articles))


def edited(document: IndexedArticle, content: RevisionContent, keywords: Sequence[str]) -> IndexedArticle:
    """A document with another text, as the revision after the published one."""
    pieces = cut(content)
    return replace(
        document,
        index_version=document.index_version + 1,
        revision=document.revision + 1,
        title=content.title,
        short_answer=content.short_answer,
        keywords=tuple(keywords),
        key=content.applies.key(),
        passages=pieces.passages,
        applicabilities=pieces.applicabilities,
    )


def questions_about(session: Session, article: int, limit: int = MAX_QUESTIONS) -> list[Question]:
    """Recent different questions: those that found the article first, then the newest others."""
    recent = recent_questions(session, DAYS, SCANNED)
    found = {text for text, ids in _logged(session) if article in ids}
    return sorted(recent, key=lambda question: question.text not in found)[:limit]


def count_finding(session: Session, article: int) -> int:
    """How many questions of the last DAYS found the article; from DUE_FROM on the preview is due by itself."""
    return sum(article in ids for _, ids in _logged(session))


def _logged(session: Session) -> list[tuple[str, list[int]]]:
    since = utcnow() - timedelta(days=DAYS)
    statement = (
        select(QueryLogRow.text, QueryLogRow.article_ids)
        .where(QueryLogRow.created_at > since, QueryLogRow.kind.in_(("search", "answer")), QueryLogRow.text != "")
        .order_by(QueryLogRow.created_at.desc())
        .limit(SCANNED)
    )
    return [(text, ids) for text, ids in session.execute(statement)]
