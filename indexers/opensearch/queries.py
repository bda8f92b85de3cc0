"""Questions as request bodies. Pure: terms and vectors in, JSON values out; no text ever reaches a query parser.

Invariants: the filter stands inside the nested query of both legs, before ranking; at most ``MAX_TERMS`` terms and
``MAX_PHRASES`` phrases, so that a query stays far below the 1,024 clauses that OpenSearch takes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from indexers.analysis import fold
from indexers.engine import Filter, LexicalQuery, Vector, WeightedTerm

Body = dict[str, Any]

IDENTIFIER_BOOST = 3.0
PHRASE_BOOST = 0.5
MAX_TERMS = 64
MAX_PHRASES = 64
BM25_SCALE = 2.2
"""Lucene leaves the constant factor k1 + 1 out; with it scores mean the same as the embedded engine's."""
LEAST_K = 100
FIELDS = ["article_id", "family_id", "revision", "version", "key"]
_INNER = {"size": 1, "_source": False, "docvalue_fields": ["parts.number", "parts.key"]}


def filter_clauses(filter: Filter, keys_in_use: Collection[str], path: str) -> tuple[list[Body], list[Body]]:
    """(must, must not) over an article (``path`` "") or its parts ("parts."): the smaller of keys and their complement."""
    musts: list[Body] = [{"terms": {path + "audience": sorted(filter.audiences)}}]
    nots: list[Body] = []
    if filter.keys is not None:
        inside = [key for key in keys_in_use if key in filter.keys]
        outside = [key for key in keys_in_use if key not in filter.keys]
        if len(inside) <= len(outside):
            musts.append({"terms": {path + "key": inside}})
        elif outside:
            nots.append({"terms": {path + "key": outside}})
    if filter.language is not None:
        musts.append({"term": {path + "language": filter.language}})
    if filter.types is not None:
        musts.append({"terms": {path + "type": sorted(filter.types)}})
    if filter.topics is not None:
        musts.append({"terms": {path + "topics": sorted(filter.topics)}})
    return musts, nots


def articles(filter: Filter, keys_in_use: Collection[str]) -> Body:
    """Live articles that the filter admits by their own key."""
    musts, nots = filter_clauses(filter, keys_in_use, "")
    return {"bool": {"filter": [{"term": {"live": True}}, *musts], "must_not": nots}}


def lexical(query: LexicalQuery, limits: tuple[list[Body], list[Body]], names: Sequence[str], size: int) -> Body:
    """The best articles by words; with ``names`` only those that contain one of these identifiers."""
    musts, nots = limits
    named = [{"terms": {"parts.identifiers": list(names)}}] if names else []
    shoulds = [*_terms(query), *_phrases(query)]
    inner = {"bool": {"filter": [*musts, *named], "must_not": nots, "should": shoulds, "minimum_should_match": 1}}
    inner["bool"]["boost"] = BM25_SCALE
    return _ranked(inner, size)


def semantic(vector: Vector, limits: tuple[list[Body], list[Body]], size: int) -> Body:
    """The best articles by their best passage's vector (a unit vector).

    The filter is itself nested: a plain one over nested fields admits nothing in OpenSearch 3.5, and one over the
    article's own fields admits passages that do not apply.
    """
    musts, nots = limits
    admitted = {"nested": {"path": "parts", "query": {"bool": {"filter": musts, "must_not": nots}}}}
    nearest = {"vector": vector.tolist(), "k": max(size, LEAST_K), "filter": admitted}
    return _ranked({"knn": {"parts.vector": nearest}}, size)


def _ranked(inner: Body, size: int) -> Body:
    nested = {"path": "parts", "score_mode": "max", "query": inner, "inner_hits": _INNER}
    return {
        "size": size, "_source": False, "track_total_hits": False, "docvalue_fields": FIELDS,
        "sort": [{"_score": "desc"}, {"article_id": "asc"}], "query": {"nested": nested},
    }  # fmt: skip


def _terms(query: LexicalQuery) -> list[Body]:
    clauses = []
    for term in query.terms[:MAX_TERMS]:
        if term.is_identifier:
            clauses.append(_term("identifiers", fold(term.text), IDENTIFIER_BOOST * term.weight))
            continue
        for field, boost in (("title", query.title_weight), ("keywords", 1.0), ("body", 1.0)):
            clauses.append(_term(field, term.text, boost * term.weight))
    return clauses


def _term(field: str, text: str, boost: float) -> Body:
    return {"term": {f"parts.{field}": {"value": text, "boost": boost}}}


def _phrases(query: LexicalQuery) -> list[Body]:
    """``match_phrase`` cuts at spaces and knows no syntax."""
    phrases = [" ".join(phrase) for phrase in query.phrases[:MAX_PHRASES] if len(phrase) > 1]
    wanted = ({"query": phrase, "slop": 1, "boost": PHRASE_BOOST} for phrase in phrases)
    return [{"match_phrase": {f"parts.{field}": one}} for one in wanted for field in ("title", "body")]


def decisive_names(terms: Sequence[WeightedTerm]) -> list[str]:
    """Identifiers that decide, folded, each once."""
    return list(dict.fromkeys(fold(term.text) for term in terms if term.is_identifier and term.is_decisive))


def holds(names: Sequence[str], limits: tuple[list[Body], list[Body]]) -> Body:
    """Counts, within the filter, the parts that hold each identifier."""
    musts, nots = limits
    each = {str(n): {"term": {"parts.identifiers": name}} for n, name in enumerate(names)}
    inside = {"filter": {"bool": {"filter": musts, "must_not": nots}}, "aggs": {"each": {"filters": {"filters": each}}}}
    return {
        "size": 0,
        "track_total_hits": False,
        "aggs": {"parts": {"nested": {"path": "parts"}, "aggs": {"in": inside}}},
    }


def frequencies(terms: Sequence[str]) -> Body:
    """Counts the parts that hold each term, by field."""
    each = {
        f"{n}.{field}": {"term": {f"parts.{field}": term}}
        for n, term in enumerate(terms) for field in ("title", "keywords", "body")
    }  # fmt: skip
    counted = {"each": {"filters": {"filters": each}}}
    return {"size": 0, "track_total_hits": False, "aggs": {"parts": {"nested": {"path": "parts"}, "aggs": counted}}}
