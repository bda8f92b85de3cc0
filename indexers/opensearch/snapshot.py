"""One state of one generation, as retrievers see it: questions to a point in time, answers in the port's terms."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from indexers.analysis import analyze
from indexers.engine import (
    BrowseItem,
    Candidate,
    Filter,
    LexicalEvidence,
    LexicalQuery,
    Retrieved,
    Snapshot,
    StoredPassage,
    Suggestion,
    Vector,
    WeightedTerm,
)
from indexers.opensearch import queries, suggesting
from indexers.opensearch.counting import TermCounts
from indexers.opensearch.reading import PointInTime, hits
from indexers.terms import LEAD

MAX_BUCKETS = 65_000


class OpenSearchSnapshot(Snapshot):
    """See the port. Safe in any thread."""

    def __init__(self, id: str, digest: str, at: PointInTime, counts: TermCounts) -> None:
        self.id = id
        self.recipe_digest = digest
        self._at = at
        self._counts = counts
        self._vocabularies: dict[frozenset[str], Mapping[str, int]] = {}
        self._making = threading.Lock()

    def close(self) -> None:
        """Give up the point in time."""
        self._at.close()

    def _limits(self, filter: Filter) -> tuple[list[Any], list[Any]]:
        return queries.filter_clauses(filter, self.applicabilities(), "parts.")

    # -- retrieving ------------------------------------------------------------------------------------------------

    def retrieve_lexical(self, query: LexicalQuery, filter: Filter, depth: int) -> Retrieved:
        """See Snapshot: one request for both lists and for what the identifiers are known by."""
        terms = query.terms[: queries.MAX_TERMS]
        names = queries.decisive_names(terms)
        if depth < 1 or not terms or not filter.audiences:
            return Retrieved((), evidence=LexicalEvidence(unknown_identifiers=tuple(names)))
        limits = self._limits(filter)
        bodies = [queries.lexical(query, limits, (), depth + 1)]
        if names:
            bodies += [queries.lexical(query, limits, names, depth + 1), queries.holds(names, limits)]
        plain = [term.text for term in terms if not term.is_identifier]
        missing = self._counts.missing(plain)
        answers = self._at.search([*bodies, *([queries.frequencies(missing)] if missing else [])])
        if missing:
            self._counts.learn(missing, answers[-1])
        named = hits(answers[1]) if names else []
        candidates = _merge(_candidates(named, True), _candidates(hits(answers[0]), False))
        evidence = LexicalEvidence(self._share(terms, candidates[:1]), _unknown(names, answers))
        is_full = max(len(hits(answers[0])), len(named)) > depth
        return Retrieved(candidates[:depth], is_full, evidence)

    def retrieve_semantic(self, vector: Vector, filter: Filter, depth: int) -> Retrieved:
        """See Snapshot."""
        vector = np.ascontiguousarray(vector, dtype=np.float32)
        norm = float(np.linalg.norm(vector))
        if depth < 1 or not filter.audiences or not np.isfinite(norm) or norm < 1e-12:
            return Retrieved(())
        (answer,) = self._at.search([queries.semantic(vector / np.float32(norm), self._limits(filter), depth + 1)])
        found = [_candidate(hit, _cosine(hit["sort"][0]), False) for hit in hits(answer)]
        return Retrieved(tuple(found[:depth]), len(found) > depth)

    def _share(self, terms: Sequence[WeightedTerm], first: Sequence[Candidate]) -> float:
        """Which share of the question, weighted by rarity, stands in the first candidate."""
        plain = {term.text: self._idf(term.text) for term in terms if not term.is_identifier}
        total = sum(plain.values())
        if not first or not total:
            return 1.0 if first else 0.0
        source = self._sources([first[0].article_id]).get(first[0].article_id)
        found = _terms_of(source, first[0].passage) if source else set()
        return sum(weight for text, weight in plain.items() if text in found) / total

    def _idf(self, term: str) -> float:
        total, frequency = self._counts.total, max(self._counts.of(term))
        return math.log1p((total - frequency + 0.5) / (frequency + 0.5)) if frequency <= total else 0.0

    # -- reading ---------------------------------------------------------------------------------------------------

    def applicabilities(self) -> Mapping[str, str]:
        """See Snapshot."""
        return self._signatures

    @cached_property
    def _signatures(self) -> dict[str, str]:
        buckets = self._buckets("signatures", {"term": {"live": True}})
        parted = (name.partition("\x1f") for name in buckets)
        return {key: canonical for key, _, canonical in parted}

    def _buckets(self, field: str, query: dict[str, Any]) -> dict[str, int]:
        """How many articles hold each value of a field."""
        counted = {"values": {"terms": {"field": field, "size": MAX_BUCKETS}}}
        (answer,) = self._at.search([{"size": 0, "track_total_hits": False, "query": query, "aggs": counted}])
        return {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["values"]["buckets"]}

    def _sources(self, article_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Stored fields by article."""
        wanted = sorted(set(article_ids))
        if not wanted:
            return {}
        query = {"bool": {"filter": [{"terms": {"article_id": wanted}}, {"term": {"live": True}}]}}
        body = {"size": len(wanted), "track_total_hits": False, "query": query}
        (answer,) = self._at.search([body | {"_source": ["article_id", "revision", "key", "shown", "texts"]}])
        return {hit["_source"]["article_id"]: hit["_source"] for hit in hits(answer)}

    def stored(self, wanted: Sequence[tuple[int, int | None]]) -> dict[int, StoredPassage]:
        """See Snapshot; an article without a passage of its own key gives its lead (passage -1, empty text)."""
        sources = self._sources([article for article, _ in wanted])
        found = {}
        for article, number in wanted:
            source = sources.get(article)
            passage = source and _stored(article, source, number)
            if passage:
                found[article] = passage
        return found

    def suggest(self, text: str, filter: Filter, limit: int) -> list[Suggestion]:
        """See Snapshot."""
        typed = suggesting.typed_words(text)
        if not typed or limit < 1 or not filter.audiences:
            return []
        admitted = queries.articles(filter, self.applicabilities())
        bodies = [suggesting.body(typed, admitted, limit, forgiving=forgiving) for forgiving in (False, True)]
        as_typed, forgiven = self._at.search(bodies)
        return [_suggestion(hit, typed) for hit in hits(as_typed) or hits(forgiven)]

    def browse(self, filter: Filter, limit: int, offset: int = 0) -> tuple[list[BrowseItem], int]:
        """See Snapshot."""
        body = {
            "size": limit, "from": offset, "track_total_hits": True, "_source": False,
            "docvalue_fields": ["article_id", "family_id", "revision", "key", "updated_at"],
            "sort": [{"updated_at": "desc"}, {"article_id": "desc"}],
            "query": queries.articles(filter, self.applicabilities()),
        }  # fmt: skip
        (answer,) = self._at.search([body])
        found = (_fields(hit) for hit in hits(answer))
        items = [
            BrowseItem(one["article_id"], one["family_id"], one["revision"], one["key"], float(one["updated_at"]))
            for one in found
        ]
        return items, int(answer["hits"]["total"]["value"])

    def vocabulary(self, audiences: frozenset[str]) -> Mapping[str, int]:
        """See Snapshot; of the 65,000 most frequent words."""
        with self._making:
            found = self._vocabularies.get(audiences)
        if found is None:
            found = self._buckets("words", queries.articles(Filter(audiences), ()))
            with self._making:
                self._vocabularies[audiences] = found
        return found

    def term_statistics(self, terms: Sequence[str]) -> dict[str, int]:
        """See Snapshot."""
        missing = self._counts.missing(terms)
        for start in range(0, len(missing), queries.MAX_TERMS):
            some = missing[start : start + queries.MAX_TERMS]
            self._counts.learn(some, self._at.search([queries.frequencies(some)])[0])
        return {term: self._counts.of(term)[2] for term in terms}

    def passage_count(self) -> int:
        """See Snapshot."""
        counted = {"passages": {"sum": {"field": "passages"}}}
        (answer,) = self._at.search([{"size": 0, "query": {"term": {"live": True}}, "aggs": counted}])
        return int(answer["aggregations"]["passages"]["value"])


def _fields(hit: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[0] for name, values in hit["fields"].items()}


def _candidate(hit: Mapping[str, Any], score: float, has_identifier: bool) -> Candidate:
    own = _fields(hit)
    part = _fields(hit["inner_hits"]["parts"]["hits"]["hits"][0])
    number = int(part["parts.number"])
    return Candidate(
        own["article_id"], own["family_id"], own["revision"], own["version"], own["key"],
        None if number == LEAD else number, part["parts.key"], score, has_identifier,
    )  # fmt: skip


def _candidates(found: Sequence[Mapping[str, Any]], has_identifier: bool) -> tuple[Candidate, ...]:
    return tuple(_candidate(hit, float(hit["sort"][0]), has_identifier) for hit in found)


def _merge(named: tuple[Candidate, ...], others: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Whoever contains the identifier stands above all that do not."""
    seen = {candidate.article_id for candidate in named}
    return (*named, *(one for one in others if one.article_id not in seen))


def _unknown(names: Sequence[str], answers: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    if not names:
        return ()
    counted = answers[2]["aggregations"]["parts"]["in"]["each"]["buckets"]
    return tuple(name for n, name in enumerate(names) if not counted[str(n)]["doc_count"])


def _cosine(score: float) -> float:
    """The inner product that Lucene turned into a positive score."""
    return score - 1.0 if score >= 1.0 else 1.0 - 1.0 / score


def _terms_of(source: Mapping[str, Any], number: int | None) -> set[str]:
    shown = source["shown"]
    texts = [shown["title"], *shown["keywords"]]
    if number is not None:
        texts += [text for one in source["texts"] if one["number"] == number for text in (one["heading"], one["text"])]
    return {term for text in texts for term in analyze(text)}


def _stored(article: int, source: Mapping[str, Any], number: int | None) -> StoredPassage | None:
    texts = source.get("texts") or []
    if number is None:
        own = next((one for one in texts if one["key"] == source["key"]), None)
    else:
        own = next((one for one in texts if one["number"] == number), None)
        if own is None and number != LEAD:
            return None
    own = own or {"number": LEAD, "anchor": "", "heading": "", "text": ""}
    shown = source["shown"]
    return StoredPassage(
        article, source["revision"], shown["number"], shown["title"], shown["short"], own["number"], own["anchor"],
        own["heading"], own["text"],
    )  # fmt: skip


def _suggestion(hit: Mapping[str, Any], typed: suggesting.Typed) -> Suggestion:
    own, title = _fields(hit), hit["_source"]["shown"]["title"]
    ranges = suggesting.matched_ranges(title, typed)
    score = float(hit["sort"][0])
    return Suggestion(own["article_id"], own["family_id"], own["revision"], own["key"], title, score, ranges)
