"""The lexical leg over tantivy: builds the query, ranks articles by their best document.

Invariants: every matched document passes the filter before it is scored, and is checked against the tables again after;
articles that contain a given identifier stand above all that do not; equal scores are ordered by article id.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import tantivy

from indexers.analysis import analyze, fold
from indexers.embedded.lexicon import PASSAGE_BITS
from indexers.embedded.tables import INTERNED, Admitted, Array, View
from indexers.engine import (
    Candidate,
    LexicalEvidence,
    LexicalQuery,
    Retrieved,
    WeightedTerm,
)

Query, Occur = tantivy.Query, tantivy.Occur

TEXT_FIELDS = ("title", "keywords", "body")
OTHER_FIELDS = (("keywords", 1.0), ("body", 1.0))
IDENTIFIER_BOOST = 3.0
PHRASE_BOOST = 0.5
MAX_TERMS = 64
DOCUMENTS_PER_ARTICLE = 5
UNFILTERED_SHARE = 0.3
KEPT_IDFS = 10_000

Clauses = Sequence[tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Best documents, one per article: slot, passage (-1: lead), score, and the document's address."""

    slots: Array
    passages: Array
    scores: Array
    addresses: list[Any]
    is_full: bool = False

    def cut(self, depth: int) -> Ranked:
        """The first ``depth``."""
        kept, is_full = slice(0, depth), len(self.slots) > depth
        return Ranked(self.slots[kept], self.passages[kept], self.scores[kept], self.addresses[kept], is_full)


class LexicalLeg:
    """Retrieval over one searcher and the view that belongs to it."""

    def __init__(self, searcher: Any, schema: Any, view: View) -> None:
        self._searcher = searcher
        self._schema = schema
        self._view = view
        self._documents: int = searcher.num_docs
        self._idfs: dict[str, float] = {}

    def retrieve(self, query: LexicalQuery, admitted: Admitted, depth: int) -> Retrieved:
        """See Snapshot.retrieve_lexical."""
        terms = query.terms[:MAX_TERMS]
        names = list(dict.fromkeys(fold(term.text) for term in terms if term.is_identifier and term.is_decisive))
        if depth < 1 or not terms or not (admitted.passage_count or admitted.articles.any()):
            return Retrieved((), evidence=LexicalEvidence(unknown_identifiers=tuple(names)))
        limits = self._filter_clauses(admitted)
        known = [name for name in names if self._holds(name, limits)]
        unknown = tuple(name for name in names if name not in known)
        wanted = list(self._clauses(terms, query))
        first = self._rank(limits, [_all_of(wanted), self._must_name(known)], admitted, depth) if known else None
        rest = self._rank(limits, wanted, admitted, depth)
        candidates = self._merge(first, rest, depth)
        best = first if first is not None and len(first.slots) else rest
        share = self._matched_share(terms, best.addresses[0]) if best.addresses else 0.0
        is_full = rest.is_full or (first is not None and first.is_full)
        return Retrieved(candidates, is_full, LexicalEvidence(share, unknown))

    def document_frequency(self, term: str) -> int:
        """Passages whose text holds the analysed term (deleted ones count until they are merged away)."""
        return int(self._searcher.doc_freq("body", term))

    # -- queries ---------------------------------------------------------------------------------------------------

    def _filter_clauses(self, admitted: Admitted) -> list[tuple[Any, Any]]:
        """One clause per column that restricts anything: the smaller of the admitted values and the others."""
        clauses = []
        for name in INTERNED:
            values = admitted.values[name]
            if values is None:
                continue
            others = [value for value in self._view.values[name] if value not in values]
            if len(values) <= len(others):
                clauses.append((Occur.Must, Query.const_score_query(self._term_set(name, values), 0.0)))
            else:
                clauses.append((Occur.MustNot, self._term_set(name, others)))
        return clauses

    def _term_set(self, name: str, values: Iterable[str]) -> Any:
        return Query.term_set_query(self._schema, name, ["=" + value for value in values])

    def _term(self, field: str, text: str) -> Any:
        return Query.term_query(self._schema, field, text, "freq")

    def _clauses(self, terms: Sequence[WeightedTerm], query: LexicalQuery) -> Iterable[tuple[Any, Any]]:
        fields = (("title", query.title_weight), *OTHER_FIELDS)
        for term in terms:
            if term.is_identifier:
                yield (
                    Occur.Should,
                    Query.boost_query(self._term("identifiers", fold(term.text)), IDENTIFIER_BOOST * term.weight),
                )
                continue
            for field, boost in fields:
                yield Occur.Should, Query.boost_query(self._term(field, term.text), boost * term.weight)
        for phrase in query.phrases:
            if len(phrase) > 1:
                for field in ("title", "body"):
                    together = Query.phrase_query(self._schema, field, list(phrase), 1)
                    yield Occur.Should, Query.boost_query(together, PHRASE_BOOST)

    def _must_name(self, names: Sequence[str]) -> tuple[Any, Any]:
        return Occur.Must, Query.const_score_query(Query.term_set_query(self._schema, "identifiers", list(names)), 0.0)

    def _holds(self, name: str, limits: Sequence[tuple[Any, Any]]) -> bool:
        query = Query.boolean_query([*limits, (Occur.Must, self._term("identifiers", name))])
        return bool(self._searcher.search(query, 1, count=False).hits)

    # -- ranking ---------------------------------------------------------------------------------------------------

    def _rank(self, limits: Clauses, clauses: Clauses, admitted: Admitted, depth: int) -> Ranked:
        """The best document of each of the best ``depth`` articles; asks for more documents until there are enough.

        Scores do not depend on the filter, so where it admits a good share, a longer unfiltered list cut by the tables
        is the same list and costs less; when that list is not long enough, tantivy filters.
        """
        share = admitted.passage_count / max(1, len(admitted.passages))
        if limits and share >= UNFILTERED_SHARE:
            limit = min(int(depth * DOCUMENTS_PER_ARTICLE / share), self._documents)
            ranked, is_all = self._search(clauses, admitted, limit)
            if is_all or len(ranked.slots) > depth:
                return ranked.cut(depth)
        limit = min(depth * DOCUMENTS_PER_ARTICLE, self._documents)
        while True:
            ranked, is_all = self._search([*limits, _all_of(clauses)] if limits else clauses, admitted, limit)
            if is_all or len(ranked.slots) > depth:
                return ranked.cut(depth)
            limit = min(limit * 4, self._documents)

    def _search(self, clauses: Clauses, admitted: Admitted, limit: int) -> tuple[Ranked, bool]:
        """Ranked articles among the best ``limit`` documents; True when those are all there are."""
        hits = self._searcher.search(Query.boolean_query(list(clauses)), limit, count=False).hits
        return self._reduce(hits, admitted), len(hits) < limit or limit >= self._documents

    def _reduce(self, hits: Sequence[tuple[float, Any]], admitted: Admitted) -> Ranked:
        addresses = [address for _, address in hits]
        scores = np.array([score for score, _ in hits], dtype=np.float64)
        refs = np.array(self._searcher.fast_field_values("ref", addresses) if hits else [], dtype=np.int64)
        articles, passages = refs >> PASSAGE_BITS, (refs & ((1 << PASSAGE_BITS) - 1)) - 1
        slots = self._view.slots_of(articles)
        allowed = np.flatnonzero((slots >= 0) & self._admits(slots, passages, admitted))
        order = allowed[np.lexsort((passages[allowed], articles[allowed], -scores[allowed]))]
        _, firsts = np.unique(slots[order], return_index=True)
        best = order[np.sort(firsts)]
        return Ranked(slots[best], passages[best], scores[best], [addresses[at] for at in best])

    def _admits(self, slots: Array, passages: Array, admitted: Admitted) -> Array:
        """The filter once more, by the tables."""
        rows = self._view.articles["first"][slots] + np.maximum(passages, 0)
        if not len(admitted.passages):
            return admitted.articles[slots]
        rows = np.clip(rows, 0, len(admitted.passages) - 1)
        return np.where(passages < 0, admitted.articles[slots], admitted.passages[rows])

    def _merge(self, first: Ranked | None, rest: Ranked, depth: int) -> tuple[Candidate, ...]:
        if first is None:
            return self._candidates(rest, has_identifier=False)
        named = self._candidates(first, has_identifier=True)
        seen = {candidate.article_id for candidate in named}
        others = self._candidates(rest, has_identifier=False)
        return (*named, *(one for one in others if one.article_id not in seen))[:depth]

    def _candidates(self, ranked: Ranked, *, has_identifier: bool) -> tuple[Candidate, ...]:
        passages = [None if passage < 0 else int(passage) for passage in ranked.passages]
        return make_candidates(self._view, ranked.slots, passages, ranked.scores, has_identifier)

    # -- evidence --------------------------------------------------------------------------------------------------

    def _matched_share(self, terms: Sequence[WeightedTerm], address: Any) -> float:
        data = orjson.loads(self._searcher.doc(address)["data"][0])
        found = set(analyze(" ".join((data["title"], data.get("heading", ""), data.get("text", "")))))
        (ref,) = self._searcher.fast_field_values("ref", [address])
        (slot,) = self._view.slots_of(np.array([ref >> PASSAGE_BITS]))
        found.update(term for keyword in self._view.keywords[slot] for term in analyze(keyword))
        plain = {term.text: self._idf(term.text) for term in terms if not term.is_identifier}
        total = sum(plain.values())
        return sum(weight for text, weight in plain.items() if text in found) / total if total else 1.0

    def _idf(self, term: str) -> float:
        known = self._idfs.get(term)
        if known is None:
            if len(self._idfs) >= KEPT_IDFS:
                self._idfs.clear()
            known = self._idfs[term] = self._compute_idf(term)
        return known

    def _compute_idf(self, term: str) -> float:
        frequency = max(self._searcher.doc_freq(field, term) for field in TEXT_FIELDS)
        return (
            math.log1p((self._documents - frequency + 0.5) / (frequency + 0.5)) if frequency <= self._documents else 0.0
        )


def _all_of(clauses: Clauses) -> tuple[Any, Any]:
    """As one clause that must match. Where nothing else is asked the clauses go alone: tantivy then skips whole blocks."""
    return Occur.Must, Query.boolean_query(list(clauses))


def make_candidates(
    view: View, slots: Array, passages: Sequence[int | None], scores: Array, has_identifier: bool
) -> tuple[Candidate, ...]:
    """Candidates from slots (n,), passage numbers and scores (n,), in this order."""
    rows = view.articles[slots]
    keys, passage_keys = view.values["key"], view.passages["key"]
    numbers = np.fromiter(
        (-1 if passage is None else passage for passage in passages), dtype=np.int64, count=len(slots)
    )
    at = rows["first"] + np.maximum(numbers, 0)
    own = rows["key"].copy()
    own[numbers >= 0] = passage_keys[at[numbers >= 0]]
    columns = [rows[name].tolist() for name in ("id", "family", "revision", "version", "key")]
    made = [
        Candidate(article, family, revision, version, keys[key], passage, keys[own_key], score, has_identifier)
        for article, family, revision, version, key, passage, own_key, score in zip(
            *columns, passages, own.tolist(), scores.tolist(), strict=True
        )
    ]
    return tuple(made)
