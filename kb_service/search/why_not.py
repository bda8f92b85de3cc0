"""Why an article is not among the answers: the first step of the search that kept it out, in the order of the steps.

Invariant: it asks through the one path (the pipeline), of the very request; it is for somebody who may know the article.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from indexers.analysis import analyze, analyze_query
from indexers.embedding.port import EncoderUnavailable
from indexers.engine import Candidate, Filter, Snapshot
from kb_service.articles.access import is_published
from kb_service.articles.changes import published_rows, to_document
from kb_service.articles.models import Article
from kb_service.catalog.context import Context, SignatureSet
from kb_service.search.checking import ArticleFacts
from kb_service.search.pipeline import Found, make_filter
from kb_service.search.presenting import explain
from kb_service.search.promoting import refusals
from kb_service.search.request import SearchRequest
from kb_service.search.service import SearchService
from kb_service.search.understanding import read_text

DEEP = 2_000
_NARROWER: tuple[tuple[str, ...], ...] = (
    ("os",),
    ("version",),
    ("version", "os"),
    ("product", "version"),
    ("product", "version", "os"),
)


@dataclass(slots=True)
class WhyNot:
    """What became of an article in one search.

    ``outcome``: found, variant_shown, not_published, not_indexed, other_context, filtered, unknown_code, too_low, ranked_low
    or no_match. ``place`` from 1 among the results. ``words`` and ``meaning``: its rank there and its score, None where it is
    not among the best 2,000. ``missing``: the question's words that its text lacks.
    """

    query: str
    article: int
    number: str
    outcome: str
    detail: str
    place: int | None = None
    excluded_by: list[str] = field(default_factory=list)
    shown_instead: int | None = None
    words: dict[str, float] | None = None
    meaning: dict[str, float] | None = None
    matched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    why: list[dict[str, Any]] = field(default_factory=list)
    degraded: list[str] = field(default_factory=list)


def explain_absence(search: SearchService, session: Session, request: SearchRequest, article: Article) -> WhyNot:
    """What became of the article in this search. Raises as ``search``."""
    text = read_text(request.query)
    said = WhyNot(text, article.id, article.number, "", "")
    snapshot = search.engine.snapshot()
    facts = search.pipeline.read_facts([article.id]).get(article.id)
    if facts is None or not is_published(article):
        return _as(said, "not_published", "It is not published: readers find it once it is.")
    held = snapshot.stored([(article.id, None)]).get(article.id)
    signatures = search.pipeline.signatures(snapshot)
    if facts.key not in signatures or held is None or held.revision != facts.revision:
        return _as(said, "not_indexed", "The index does not hold the published revision yet; try again in a moment.")
    filter = make_filter(request, search.pipeline.stated_matches(signatures, request.stated))
    if names := refusals(filter, facts):
        return _filtered(said, names, request.stated, signatures, facts)
    return _ranked(search, session, request, said, snapshot, filter)


def _as(said: WhyNot, outcome: str, detail: str) -> WhyNot:
    said.outcome, said.detail = outcome, detail
    return said


def _filtered(said: WhyNot, names: list[str], stated: Context, signatures: SignatureSet, facts: ArticleFacts) -> WhyNot:
    if "context" not in names:
        said.excluded_by = names
        return _as(said, "filtered", f"The filter by {' and '.join(names)} leaves it out.")
    said.excluded_by = _axes_excluding(stated, signatures, facts.key)
    return _as(said, "other_context", f"It does not apply to the stated {' and '.join(said.excluded_by)}.")


def _axes_excluding(stated: Context, signatures: SignatureSet, key: str) -> list[str]:
    """The fewest stated axes without which the article would apply."""
    for axes in _NARROWER:
        if not any(getattr(stated, axis) for axis in axes):
            continue
        wider = replace(stated, **dict.fromkeys(axes))
        if wider.is_empty or key in signatures.covering(wider):
            return [axis for axis in axes if getattr(stated, axis)]
    return ["context"]


def _ranked(
    search: SearchService, session: Session, request: SearchRequest, said: WhyNot, snapshot: Snapshot, filter: Filter
) -> WhyNot:
    found = search.pipeline.run(request, said.query, snapshot, search.curation.current())
    said.degraded = list(found.candidates.degraded)
    _compare_words(session, said)
    _place_in_lists(search, found, said, snapshot, filter)
    for place, result in enumerate(found.results, 1):
        if result.candidate.facts.article_id == said.article:
            said.place, said.why = place, explain(result)
            return _as(said, "found", f"It is there, at place {place} of {len(found.results)}.")
        if said.article in result.siblings:
            said.place, said.shown_instead = place, result.candidate.facts.article_id
            number = result.candidate.facts.number
            return _as(
                said,
                "variant_shown",
                f"Place {place} shows {number}, the variant that fits better; it is named beside.",
            )
    if found.candidates.is_look_alike:
        return _as(
            said, "unknown_code", "The question is a code that stands nowhere, so nothing that looks like it is shown."
        )
    if any(candidate.article_id == said.article for candidate in found.candidates.fused):
        return _as(said, "too_low", "It was found, and stands too far below the best to be shown.")
    if said.words or said.meaning:
        return _as(said, "ranked_low", "Too many others match better by words and by meaning.")
    return _as(said, "no_match", "Neither its words nor its meaning come near the question.")


def _compare_words(session: Session, said: WhyNot) -> None:
    document = to_document(*published_rows(session, [said.article])[0])
    text = [document.title, *document.keywords, document.short_answer]
    text += [f"{passage.heading} {passage.text}" for passage in document.passages]
    held = set(analyze("\n".join(text)))
    asked = list(dict.fromkeys(analyze_query(said.query)))[:64]
    said.matched = [term for term in asked if term in held]
    said.missing = [term for term in asked if term not in held]


def _place_in_lists(search: SearchService, found: Found, said: WhyNot, snapshot: Snapshot, filter: Filter) -> None:
    understood = found.candidates.understood
    lexical = snapshot.retrieve_lexical(understood.lexical, filter, DEEP)
    said.words = _rank(lexical.candidates, said.article)
    encoder = search.retriever.encoder
    if snapshot.recipe_digest != encoder.recipe.digest():
        return
    try:
        vector = encoder.encode_queries([understood.text])[0]
    except EncoderUnavailable:
        return
    said.meaning = _rank(snapshot.retrieve_semantic(vector, filter, DEEP).candidates, said.article)


def _rank(candidates: Sequence[Candidate], article: int) -> dict[str, float] | None:
    for rank, candidate in enumerate(candidates, 1):
        if candidate.article_id == article:
            return {"rank": rank, "score": round(candidate.score, 4)}
    return None
