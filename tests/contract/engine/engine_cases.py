"""Documents, vectors and reference implementations for the conformance suite of retrieval engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from indexers.analysis import analyze, find_identifiers
from indexers.document import IndexedArticle, Passage
from indexers.engine import Engine, Filter, LexicalQuery, Snapshot, Vector, WeightedTerm

DIMENSIONS = 32
RECIPE: Mapping[str, object] = {"model": "random", "dimensions": DIMENSIONS}
PUBLIC = Filter(frozenset({"public"}))


def make_article(
    article_id: int,
    title: str = "Reset a password",
    texts: Sequence[tuple[str, str]] = (("Open the settings and choose reset.", "all"),),
    **changes: object,
) -> IndexedArticle:
    """An article whose passages are (text, key) pairs."""
    passages = tuple(Passage(n, f"s{n}", "", text, key) for n, (text, key) in enumerate(texts))
    values: dict[str, object] = {
        "article_id": article_id, "index_version": 1, "number": f"KB{article_id:06d}", "revision": 1,
        "family_id": article_id, "title": title, "short_answer": "In short.", "keywords": (), "key": "all",
        "audience": ("public",), "language": "en", "type": "howto", "topics": (), "updated_at": float(article_id),
        "passages": passages,
    }  # fmt: skip
    values |= changes
    values.setdefault(
        "applicabilities", {key: f"canonical {key}" for key in {values["key"], *(p.key for p in passages)}}
    )
    return IndexedArticle(**values)  # type: ignore[arg-type]


def vectors_for(article: IndexedArticle, seed: int = 0) -> Vector:
    """Reproducible unit vectors, one per passage."""
    rng = np.random.default_rng((article.article_id, seed))
    rows = rng.normal(size=(len(article.passages), DIMENSIONS)).astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def question(text: str, **options: object) -> LexicalQuery:
    """A query as the understanding room builds it."""
    names = [WeightedTerm(name, 1.0, True) for name in find_identifiers(text)]
    return LexicalQuery((*names, *(WeightedTerm(term) for term in dict.fromkeys(analyze(text)))), **options)  # type: ignore[arg-type]


def admits(article: IndexedArticle, key: str, filter: Filter) -> bool:
    """The filter, in plain Python."""
    beneath = filter.topics is None or any(
        path == topic or path.startswith(topic + "/") for path in article.topics for topic in filter.topics
    )
    return (
        (filter.keys is None or key in filter.keys)
        and not filter.audiences.isdisjoint(article.audience)
        and filter.language in (None, article.language)
        and (filter.types is None or article.type in filter.types)
        and beneath
    )


def expected_lexical(articles: Sequence[IndexedArticle], word: str, filter: Filter) -> set[int]:
    """Articles in which the word stands where the filter looks."""
    (term,) = analyze(word)
    found = set()
    for article in articles:
        titles = analyze(" ".join((article.title, *article.keywords)))
        if admits(article, article.key, filter) and term in titles:
            found.add(article.article_id)
        for passage in article.passages:
            if admits(article, passage.key, filter) and term in titles + analyze(passage.text):
                found.add(article.article_id)
    return found


def expected_semantic(
    articles: Sequence[tuple[IndexedArticle, Vector]], query: Vector, filter: Filter
) -> dict[int, tuple[int, float]]:
    """article → (best admitted passage, cosine)."""
    best: dict[int, tuple[int, float]] = {}
    for article, vectors in articles:
        for passage, vector in zip(article.passages, vectors, strict=True):
            cosine = float(vector @ query)
            if admits(article, passage.key, filter) and cosine > best.get(article.article_id, (0, -9.0))[1]:
                best[article.article_id] = (passage.number, cosine)
    return best


def load(engine: Engine, *articles: IndexedArticle, generation: str | None = None) -> Snapshot:
    """Index and commit; the serving generation unless told."""
    target = generation or engine.generations()[0]
    engine.upsert(target, [(article, vectors_for(article)) for article in articles])
    engine.commit(target)
    return engine.snapshot()


def ids(snapshot: Snapshot, text: str, filter: Filter = PUBLIC, depth: int = 50) -> list[int]:
    """Article ids of the lexical leg."""
    return [candidate.article_id for candidate in snapshot.retrieve_lexical(question(text), filter, depth).candidates]
