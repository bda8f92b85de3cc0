"""The tantivy index of a generation: schema, documents, writer.

Layout: an article gives one lead document (title, keywords, the article's key) and one document per passage (the same
title and keywords, the passage's text, the passage's key), so that an article's score is the best of its documents.
Invariants: text is analysed in Python by ``indexers.analysis`` and only cut at spaces here, so query and index terms
agree by construction; no text ever reaches a query parser; every document carries its record's sequence number.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
import tantivy

from indexers.document import IndexedArticle
from indexers.embedded.tables import join_set
from indexers.terms import Part, analysed_parts

LEAD = 0  # the low bits of a ref; a passage has number + 1
PASSAGE_BITS = 16
MAX_PASSAGES = (1 << PASSAGE_BITS) - 2
MAX_ARTICLE_ID = 1 << 46
WRITER_HEAP_BYTES = 32_000_000
RAW_FIELDS = ("kind", "key", "audience", "language", "type", "topics")


def reference(article_id: int, passage: int | None) -> int:
    """One number for an article's lead (passage None) or passage."""
    return article_id << PASSAGE_BITS | (LEAD if passage is None else passage + 1)


def build_schema() -> Any:
    """The schema; raw fields hold "=" + value, so that an empty value is a term, too."""
    builder = tantivy.SchemaBuilder()
    for name in ("title", "keywords", "body"):
        builder.add_text_field(name, tokenizer_name="spaces", index_option="position")
    builder.add_text_field("identifiers", tokenizer_name="spaces", index_option="freq")
    for name in RAW_FIELDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("article", indexed=True)
    builder.add_unsigned_field("ref", indexed=True, fast=True)
    builder.add_unsigned_field("seq", fast=True)
    builder.add_bytes_field("data", stored=True)
    return builder.build()


def build_documents(article: IndexedArticle, sequence: int) -> list[Any]:
    """The lead document, then one per passage."""
    shown = {
        "number": article.number,
        "revision": article.revision,
        "title": article.title,
        "short": article.short_answer,
    }
    common = _common_fields(article, sequence)
    lead, *parts = analysed_parts(article)
    documents = [_document(common, lead, reference(article.article_id, None))]
    documents[0].add_text("kind", "=lead")
    documents[0].add_bytes("data", orjson.dumps(shown))
    for part, passage in zip(parts, article.passages, strict=True):
        own = {"anchor": passage.anchor, "heading": passage.heading, "text": passage.text}
        document = _document(common, part, reference(article.article_id, passage.number))
        document.add_bytes("data", orjson.dumps(shown | own))
        documents.append(document)
    return documents


def _common_fields(article: IndexedArticle, sequence: int) -> dict[str, Any]:
    return {
        "article": article.article_id,
        "seq": sequence,
        "audience": "=" + join_set(article.audience),
        "language": "=" + article.language,
        "type": "=" + article.type,
        "topics": "=" + join_set(article.topics),
    }


def _document(common: dict[str, Any], part: Part, ref: int) -> Any:
    document = tantivy.Document()
    for name in ("article", "seq"):
        document.add_unsigned(name, common[name])
    for name in ("audience", "language", "type", "topics"):
        document.add_text(name, common[name])
    document.add_text("key", "=" + part.key)
    document.add_unsigned("ref", ref)
    for name in ("title", "keywords", "body", "identifiers"):
        if text := getattr(part, name):
            document.add_text(name, text)
    return document


class Lexicon:
    """An opened tantivy index; at most one writer."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.schema = build_schema()
        self._index = tantivy.Index(self.schema, str(directory))
        self._index.register_tokenizer("spaces", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        self._index.config_reader("manual", 0)
        self._writer: Any = None

    def searcher(self) -> Any:
        """A searcher over the newest commit; it is immutable and thread-safe."""
        self._index.reload()
        return self._index.searcher()

    def opstamp(self) -> int:
        """The operation stamp of the newest commit on disk."""
        return int(json.loads((self._directory / "meta.json").read_bytes())["opstamp"])

    def write(self, article_ids: Sequence[int], documents: Iterable[Any]) -> None:
        """Replace everything of these articles by ``documents``; not yet committed."""
        if self._writer is None:
            self._writer = self._index.writer(WRITER_HEAP_BYTES, 1)
        for article_id in article_ids:
            # delete_documents_by_term makes a signed term of a Python int, which no unsigned field holds
            self._writer.delete_documents_by_query(tantivy.Query.term_query(self.schema, "article", article_id))
        for document in documents:
            self._writer.add_document(document)

    def commit(self) -> int:
        """Make writes durable; returns the operation stamp. Raises ValueError when a document killed the writer."""
        if self._writer is None:
            self._writer = self._index.writer(WRITER_HEAP_BYTES, 1)
        self._writer.commit()
        return self.opstamp()

    def reopen(self) -> None:
        """Drop everything uncommitted together with the writer, which may be dead."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(Exception):  # a dead writer raises what it likes; it is dropped
                writer.rollback()
        del writer

    def leads(self) -> dict[int, int]:
        """article_id → sequence number of every lead document in the newest commit."""
        searcher = self.searcher()
        if not searcher.num_docs:
            return {}
        query = tantivy.Query.term_query(self.schema, "kind", "=lead")
        addresses = [address for _, address in searcher.search(query, searcher.num_docs, count=False).hits]
        refs, sequences = (searcher.fast_field_values(name, addresses) for name in ("ref", "seq"))
        return {ref >> PASSAGE_BITS: sequence for ref, sequence in zip(refs, sequences, strict=True)}

    def close(self) -> None:
        """Wait for merges, release tantivy's own lock."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.wait_merging_threads()
