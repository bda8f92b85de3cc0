"""Journal metadata of articles and tombstones, and what makes a document impossible to index (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from indexers.document import IndexedArticle, Passage
from indexers.embedded.journal import Record
from indexers.embedded.lexicon import MAX_ARTICLE_ID, MAX_PASSAGES
from indexers.embedded.tables import Tables, join_set
from indexers.engine import Vector

ARTICLE, TOMBSTONE, VOID, FORGET = "a", "t", "v", "f"


def describe_fault(article: IndexedArticle, vectors: Any, dimensions: int) -> str | None:
    """Why this document can never be indexed; None when it can."""
    numbers = ("article_id", "index_version", "revision", "family_id")
    texts = ("number", "title", "short_answer", "key", "language", "type")
    for name in numbers:
        value = getattr(article, name)
        if type(value) is not int or not 0 <= value < MAX_ARTICLE_ID:
            return f"{name} is {value!r}, not a number of 0 or more"
    if article.revision >= 1 << 31:
        return f"revision is {article.revision}"
    for name in texts:
        if fault := _text_fault(name, getattr(article, name)):
            return fault
    if type(article.updated_at) not in (int, float) or not np.isfinite(article.updated_at):
        return f"updated_at is {article.updated_at!r}"
    for name in ("audience", "topics", "keywords"):
        for value in getattr(article, name):
            if fault := _text_fault(name, value):
                return fault
    return _passages_fault(article.passages) or _vectors_fault(article, vectors, dimensions)


def _text_fault(name: str, value: object) -> str | None:
    if not isinstance(value, str):
        return f"{name} is a {type(value).__name__}, not text"
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return f"{name} holds half of a surrogate pair"
    return None


def _passages_fault(passages: tuple[Passage, ...]) -> str | None:
    if len(passages) > MAX_PASSAGES:
        return f"{len(passages)} passages, more than {MAX_PASSAGES}"
    for expected, passage in enumerate(passages):
        if type(passage.number) is not int or passage.number != expected:
            return f"passage {expected} has the number {passage.number!r}"
        for name in ("anchor", "heading", "text", "key"):
            if fault := _text_fault(f"passage {expected}: {name}", getattr(passage, name)):
                return fault
    return None


def _vectors_fault(article: IndexedArticle, vectors: Any, dimensions: int) -> str | None:
    shape = (len(article.passages), dimensions)
    if not isinstance(vectors, np.ndarray) or vectors.shape != shape:
        return f"vectors have the shape {getattr(vectors, 'shape', None)}, not {shape}"
    if not np.isfinite(vectors).all():
        return "a vector is not finite"
    return None


def article_meta(article: IndexedArticle, sequence: int) -> dict[str, Any]:
    """What the journal keeps of an article beside its vectors."""
    return {
        "kind": ARTICLE, "id": article.article_id, "seq": sequence, "version": article.index_version,
        "family": article.family_id, "revision": article.revision, "title": article.title,
        "keywords": list(article.keywords), "key": article.key, "audience": join_set(article.audience),
        "language": article.language, "type": article.type, "topics": join_set(article.topics),
        "updated": float(article.updated_at), "keys": [passage.key for passage in article.passages],
        "applicabilities": dict(article.applicabilities),
    }  # fmt: skip


def tombstone_meta(article_id: int, version: int, sequence: int, at: float) -> dict[str, Any]:
    """A withdrawn article."""
    return {"kind": TOMBSTONE, "id": article_id, "version": version, "seq": sequence, "at": at}


def void_meta(sequences: Iterable[int], sequence: int) -> dict[str, Any]:
    """Records that never took effect."""
    return {"kind": VOID, "voided": list(sequences), "seq": sequence}


def forget_meta(article_ids: Iterable[int], sequence: int) -> dict[str, Any]:
    """Tombstones that are not needed any more."""
    return {"kind": FORGET, "ids": list(article_ids), "seq": sequence}


def apply_records(tables: Tables, records: Iterable[Record], voided: set[int]) -> None:
    """Replay records in journal order; every article record takes its rows, also when it has no effect."""
    for record in records:
        meta = record.meta
        if meta["kind"] == ARTICLE:
            tables.add(meta, record.first_row, record.count, is_void=meta["seq"] in voided)
        elif meta["kind"] == TOMBSTONE and meta["seq"] not in voided:
            tables.withdraw(meta["id"], meta["version"], meta["at"])
        elif meta["kind"] == FORGET:
            for article_id in meta["ids"]:
                tables.tombstones.pop(article_id, None)


def voided_by(records: Iterable[Record]) -> set[int]:
    """Sequence numbers of records that later ones declare void."""
    return {sequence for record in records if record.meta["kind"] == VOID for sequence in record.meta["voided"]}


def normalised_halves(vectors: Vector) -> Any:
    """Rows of norm 1 as float16; a zero row stays zero and has cosine 0 with everything."""
    norms = np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-12)).astype(np.float16)
