"""From ranked results to hits: the passage with highlights, match, variants, why.

Text comes from the index at exactly the checked revision; what the database no longer publishes never gets here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from indexers.analysis import analyze
from indexers.engine import Snapshot, StoredPassage
from kb_service.articles.addresses import article_url
from kb_service.catalog.context import Applicability
from kb_service.catalog.vocabulary import Catalog
from kb_service.search.checking import ArticleFacts
from kb_service.search.highlighting import cut, highlights
from kb_service.search.passage_text import readable
from kb_service.search.ranking import Ranked
from kb_service.search.request import Hit, Snippet, Variant


@dataclass(frozen=True, slots=True)
class Presentation:
    """What presenting needs beside the results. ``facts`` and ``titles`` know the siblings too."""

    snapshot: Snapshot
    catalog: Catalog
    applicabilities: Mapping[str, Applicability]
    terms: frozenset[str]
    identifiers: frozenset[str]
    why: bool


@lru_cache(maxsize=100_000)
def analyse_word(word: str) -> str:
    """The analysed form of one word ("" when it has none)."""
    found = analyze(word)
    return found[0] if found else ""


def present(results: Sequence[Ranked], facts: Mapping[int, ArticleFacts], p: Presentation) -> list[Hit]:
    """Hits in the order given. ``facts`` must hold every sibling that may be named."""
    wanted: list[tuple[int, int | None]] = [(r.candidate.fused.article_id, r.candidate.fused.passage) for r in results]
    siblings: list[tuple[int, int | None]] = [(s, None) for r in results for s in r.siblings if s in facts]
    stored = p.snapshot.stored(wanted + siblings)
    return [_hit(r, stored, facts, p) for r in results if r.candidate.fused.article_id in stored]


def _hit(
    ranked: Ranked, stored: Mapping[int, StoredPassage], facts: Mapping[int, ArticleFacts], p: Presentation
) -> Hit:
    fact = ranked.candidate.facts
    passage = stored[fact.article_id]
    variants = [_variant(stored[s], facts[s], p) for s in ranked.siblings if s in stored and s in facts]
    return Hit(
        article=fact.article_id,
        number=fact.number,
        revision=fact.revision,
        title=passage.title,
        url=article_url(fact.number, passage.title),
        score=round(ranked.score, 4),
        match=ranked.match.value,
        short_answer=passage.short_answer,
        snippet=snippet(passage, p),
        type=fact.type,
        topics=list(fact.topics),
        applies_to=p.catalog.describe(p.applicabilities[fact.key]),
        updated_at=fact.updated_at,
        variants=variants,
        pinned=ranked.pinned,
        why=explain(ranked) if p.why else None,
        in_sets=[signal.detail for signal in ranked.signals if signal.name == "bookmark"],
    )


def snippet(passage: StoredPassage, p: Presentation) -> Snippet:
    """The passage cut to a readable length with the question's words marked."""
    whole = readable(passage.text)
    ranges = highlights(whole, p.terms, analyse_word, p.identifiers)
    text, moved = cut(whole, ranges)
    return Snippet(passage.heading, passage.anchor, text, moved)


def _variant(passage: StoredPassage, fact: ArticleFacts, p: Presentation) -> Variant:
    applies = p.catalog.describe(p.applicabilities[fact.key]) if fact.key in p.applicabilities else []
    return Variant(fact.article_id, fact.number, passage.title, article_url(fact.number, passage.title), applies)


def explain(ranked: Ranked) -> list[dict[str, Any]]:
    """Why a hit stands where it stands: each retriever's rank and raw score, and each signal's share."""
    fused = ranked.candidate.fused
    reasons: list[dict[str, Any]] = []
    if fused.lexical is not None:
        reasons.append({"name": "words", "rank": fused.lexical_rank, "score": round(fused.lexical, 3)})
    if fused.semantic is not None:
        reasons.append({"name": "meaning", "rank": fused.semantic_rank, "score": round(fused.semantic, 3)})
    if fused.has_identifier:
        reasons.append({"name": "identifier", "detail": "contains the code that was asked for"})
    reasons += [{"name": s.name, "value": round(s.value, 4), "detail": s.detail} for s in ranked.signals]
    return reasons
