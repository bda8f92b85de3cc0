"""The built-in yardstick: what an afternoon's hybrid would reach on the same passages, vectors and filter.

Words: tantivy's BM25 over whole articles (English stemming), title × 2 + body. Meaning: the packaged encoder, an article counts
by its best passage. Fused: each list of 200 scaled by its observed minimum and maximum, half and half; absent counts 0.
The context filters both lists by the article's own applies_to. Nothing else: no identifiers, sections, families, signals or floor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.asking import Answered, Asker, ContextMode, Judge
from eval.datasets import Document, Query
from kb_service.catalog.context import Context
from kb_service.errors import KbError

DEPTH = 200
LISTED = 100
TITLE_WEIGHT = 2.0
_READ_SIZE = 200
Scored = dict[str, float]


class Words:
    """BM25 over whole articles."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw")
        for name in ("title", "body"):
            builder.add_text_field(name, tokenizer_name="en_stem")
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema)
        with self._index.writer(50_000_000, 1) as writer:
            for document in documents.values():
                writer.add_document(tantivy.Document(id=document.id, title=document.title, body=document.text))
        self._index.reload()
        self._searcher = self._index.searcher()
        self._analyzer = _english()

    def search(self, text: str, allowed: Sequence[str] | None) -> Scored:
        """The best 200 among ``allowed`` (None: all), by id."""
        import tantivy

        should, must = tantivy.Occur.Should, tantivy.Occur.Must
        clauses = []
        for term in dict.fromkeys(self._analyzer.analyze(text)):
            title, body = (tantivy.Query.term_query(self._schema, name, term) for name in ("title", "body"))
            clauses += [(should, tantivy.Query.boost_query(title, TITLE_WEIGHT)), (should, body)]
        if not clauses or allowed == []:
            return {}
        query = tantivy.Query.boolean_query(clauses)
        if allowed is not None:
            kept = tantivy.Query.const_score_query(tantivy.Query.term_set_query(self._schema, "id", list(allowed)), 0.0)
            query = tantivy.Query.boolean_query([(must, query), (must, kept)])
        found = self._searcher.search(query, DEPTH, count=False).hits
        return {self._searcher.doc(address)["id"][0]: score for score, address in found}


class Meaning:
    """Cosine of an article's best passage, exact."""

    def __init__(self, owners: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
        self._ids = sorted(set(owners))
        place = {document: i for i, document in enumerate(self._ids)}
        self._rows = np.array([place[owner] for owner in owners], dtype=np.int64)
        self._vectors = vectors

    def search(self, vector: npt.NDArray[np.float32], allowed: Sequence[str] | None) -> Scored:
        """The best 200 among ``allowed`` (None: all), by id."""
        best = np.full(len(self._ids), -np.inf, dtype=np.float32)
        np.maximum.at(best, self._rows, self._vectors @ vector)
        if allowed is not None:
            kept = set(allowed)
            best[[document not in kept for document in self._ids]] = -np.inf
        order = np.argsort(-best, kind="stable")[:DEPTH]
        return {self._ids[i]: float(best[i]) for i in order if np.isfinite(best[i])}


class Yardstick:
    """The yardstick over one knowledge base. Takes passages and vectors as indexed, applicability from the corpus."""

    def __init__(self, asker: Asker, judge: Judge, documents: Mapping[str, Document]) -> None:
        self._asker, self._judge, self._documents = asker, judge, documents
        self._words = Words(documents)
        self._meaning = Meaning(*_passages(asker))
        self._allowed: dict[Context, list[str]] = {}

    def ask(self, query: Query) -> Answered:
        """The first hundred articles for one question."""
        encoder = self._asker.base.parts.encoder
        try:
            allowed = self._filter(query)
        except KbError as error:
            return Answered(query, (), (), 0.0, None, error.detail)
        words = self._words.search(query.text, allowed)
        meaning = self._meaning.search(encoder.encode_queries([query.text])[0], allowed)
        fused = fuse(words, meaning)[:LISTED]
        return Answered(query, tuple(i for i, _ in fused), tuple(s for _, s in fused), 0.0)

    def _filter(self, query: Query) -> list[str] | None:
        if self._asker.mode is not ContextMode.STATED:
            return None
        context = self._asker.context(query)
        if context not in self._allowed:
            self._allowed[context] = [d for d in self._documents if self._judge.covers(d, context)]
        return None if context.is_empty else self._allowed[context]


def fuse(words: Scored, meaning: Scored) -> list[tuple[str, float]]:
    """Half and half after observed min-max, best first; ties by id."""
    parts = [_scaled(words), _scaled(meaning)]
    fused = {i: sum(part.get(i, 0.0) for part in parts) / 2 for i in {**words, **meaning}}
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))


def _scaled(scores: Scored) -> Scored:
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    return {i: (s - low) / (high - low) if high > low else 1.0 for i, s in scores.items()}


def _english() -> Any:
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.remove_long(40))
    return builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.stemmer("english")).build()


def _passages(asker: Asker) -> tuple[list[str], npt.NDArray[np.float32]]:
    """The owner of each passage, and its vector, of every indexed article."""
    from kb_service.articles.changes import ArticleChanges

    base = asker.base
    changes = ArticleChanges(base.parts.database)
    owners: list[str] = []
    texts: list[str] = []
    ids = sorted(base.external_ids)
    for start in range(0, len(ids), _READ_SIZE):
        for article_id, article in changes.read(ids[start : start + _READ_SIZE]).items():
            for passage in article.passages if article else ():
                owners.append(base.external_ids[article_id])
                texts.append(article.embedding_text(passage) if article else "")
    return owners, base.parts.encoder.encode_passages(texts)


def ask_all(yardstick: Yardstick, queries: Sequence[Query], step: Callable[[], None]) -> list[Answered]:
    """Every question once; ``step`` is called after each."""
    answered = []
    for query in queries:
        answered.append(yardstick.ask(query))
        step()
    return answered
