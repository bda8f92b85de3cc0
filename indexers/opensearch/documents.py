"""Index settings, mapping and documents: one document per article with nested parts (its lead and its passages).

Invariants: text arrives as analysed terms and is only cut at spaces; every part carries whatever it is filtered by, so
that both legs filter without a join; the external version is twice the index_version, plus one for a tombstone, so that
a withdrawal beats the write of its own version. Texts that are shown are kept, what is only searched is not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from indexers.analysis import words
from indexers.document import IndexedArticle
from indexers.engine import Vector
from indexers.generations import digest_of
from indexers.opensearch.cluster import ClusterOptions
from indexers.terms import LEAD, analysed_parts

FORMAT = 1
MAX_PASSAGES = 65_000
MAX_HEAD = 15
COMMIT = "commit"
FACETS = ("audience", "language", "type", "topics")
_KEYWORD = {"type": "keyword"}
_FILTER_ONLY = {"type": "keyword", "doc_values": False}
_TEXT = {"type": "text", "analyzer": "whitespace", "similarity": "BM25"}


def index_body(options: ClusterOptions, recipe: Mapping[str, object], dimensions: int) -> dict[str, Any]:
    """What a new generation's index is created with, aliases aside."""
    mappings = _mappings(dimensions)
    meta = {"format": FORMAT, "recipe": dict(recipe), "recipe_digest": digest_of(recipe), "dimensions": dimensions}
    meta |= {"mapping_digest": digest_of(mappings), "created_at": time.time()}
    settings = {
        "number_of_shards": options.shards, "number_of_replicas": options.replicas, "refresh_interval": "-1",
        "knn": True, "max_result_window": 100_000, "max_terms_count": 200_000,
        "mapping.nested_objects.limit": MAX_PASSAGES + 1,
    }  # fmt: skip
    return {"settings": {"index": settings}, "mappings": {"_meta": meta, **mappings}}


def _mappings(dimensions: int) -> dict[str, Any]:
    method = {"name": "hnsw", "engine": "lucene", "space_type": "innerproduct"}
    part: dict[str, Any] = dict.fromkeys(FACETS, _FILTER_ONLY)
    part |= {"number": {"type": "integer"}, "key": _KEYWORD, "title": _TEXT, "keywords": _TEXT, "body": _TEXT}
    part |= {"identifiers": {**_TEXT, "index_options": "freqs"}}
    part |= {"vector": {"type": "knn_vector", "dimension": dimensions, "method": method}}
    numbers = ("article_id", "family_id", "revision", "version", "passages", "title_length")
    own: dict[str, Any] = {name: {"type": "long"} for name in numbers}
    own |= {name: {"type": "double"} for name in ("updated_at", "withdrawn_at")}
    own |= dict.fromkeys(("key", "signatures", "words", *FACETS), _KEYWORD)
    own |= {"heads": _FILTER_ONLY, "live": {"type": "boolean"}, "commit": {"type": "keyword", "index": False}}
    own |= {name: {"type": "object", "enabled": False} for name in ("shown", "texts")}
    own |= {"parts": {"type": "nested", "properties": part}}
    return {"dynamic": "strict", "_source": {"excludes": ["parts", "words", "heads", "signatures"]}, "properties": own}


def external_version(index_version: int, *, is_tombstone: bool) -> int:
    """The version that OpenSearch compares."""
    return 2 * index_version + is_tombstone


def signed_version(external: int) -> int:
    """The index_version of an external one; negative for a tombstone."""
    return -(external // 2) if external % 2 else external // 2


def tombstone(article_id: int, index_version: int) -> dict[str, Any]:
    """What stands in a withdrawn article's place."""
    return {"article_id": article_id, "version": -index_version, "live": False, "withdrawn_at": time.time()}


def document(article: IndexedArticle, vectors: Vector, dimensions: int) -> dict[str, Any]:
    """The article as a document. Raises ValueError or TypeError when it can never be one."""
    _check(article, vectors, dimensions)
    facets = {
        "audience": sorted(set(article.audience)), "language": article.language, "type": article.type,
        "topics": sorted({above for topic in article.topics for above in _lineage(topic)}),
    }  # fmt: skip
    found = {word for word, _, _ in words(" \n".join((article.title, *article.keywords)))}
    keys = dict.fromkeys([article.key, *(passage.key for passage in article.passages)])
    return {
        "article_id": article.article_id, "family_id": article.family_id, "revision": article.revision,
        "version": article.index_version, "live": True, "updated_at": article.updated_at, "key": article.key,
        "passages": len(article.passages), "title_length": len(article.title), **facets,
        "signatures": [f"{key}\x1f{article.applicabilities.get(key, '')}" for key in keys],
        "words": sorted(found), "heads": sorted({word[:n] for word in found for n in range(1, MAX_HEAD + 1)}),
        "shown": {"number": article.number, "title": article.title, "short": article.short_answer,
                  "keywords": list(article.keywords)},
        "texts": [{"number": p.number, "key": p.key, "anchor": p.anchor, "heading": p.heading, "text": p.text}
                  for p in article.passages],
        "parts": _parts(article, vectors, facets),
    }  # fmt: skip


def _parts(article: IndexedArticle, vectors: Vector, facets: dict[str, Any]) -> list[dict[str, Any]]:
    units = np.ascontiguousarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(units, axis=1)
    parts = []
    for place, part in enumerate(analysed_parts(article)):
        made: dict[str, Any] = {"number": part.number, "key": part.key, **facets}
        for name in ("title", "keywords", "body", "identifiers"):
            if text := getattr(part, name):
                made[name] = text
        if part.number != LEAD and norms[place - 1] > 1e-12:  # a text without a vector is found by words alone
            made["vector"] = units[place - 1] / norms[place - 1]
        parts.append(made)
    return parts


def _lineage(topic: str) -> list[str]:
    """The topic and all above it."""
    names = topic.split("/")
    return ["/".join(names[: n + 1]) for n in range(len(names))]


def _check(article: IndexedArticle, vectors: Vector, dimensions: int) -> None:
    if vectors.shape != (len(article.passages), dimensions):
        raise ValueError(f"vectors of shape {vectors.shape} instead of {(len(article.passages), dimensions)}")
    if not np.isfinite(vectors).all():
        raise ValueError("a vector is not finite")
    if len(article.passages) > MAX_PASSAGES:
        raise ValueError(f"{len(article.passages)} passages; at most {MAX_PASSAGES} are possible")
    texts = (article.title, article.short_answer, article.number, article.key, article.language, article.type)
    for value in (*texts, *article.keywords, *article.audience, *article.topics):
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is not a text")
