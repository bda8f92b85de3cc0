"""Lists that no ranking made: an empty question browses, a cursor continues a list already ranked."""

from __future__ import annotations

from collections.abc import Sequence

from indexers.engine import Snapshot
from kb_service.catalog.context import Match
from kb_service.catalog.vocabulary import Catalog
from kb_service.errors import InvalidInput
from kb_service.search.checking import AuthorizedCandidate
from kb_service.search.fusion import Fused
from kb_service.search.pipeline import Pipeline, make_filter
from kb_service.search.presenting import Presentation, present
from kb_service.search.ranking import Ranked
from kb_service.search.request import Hit, SearchRequest, SearchResponse
from kb_service.search.understanding import understand

_CURSOR = "browse-"


def browse(request: SearchRequest, snapshot: Snapshot, pipeline: Pipeline, catalog: Catalog) -> SearchResponse:
    """Newest first, exact total."""
    return _browse(request, snapshot, pipeline, catalog, 0)


def continue_browsing(
    request: SearchRequest, snapshot: Snapshot, pipeline: Pipeline, catalog: Catalog
) -> SearchResponse:
    """A further page of a browsed list; its cursor holds nothing but a place."""
    place = (request.cursor or "").removeprefix(_CURSOR)
    if not place.isascii() or not place.isdigit() or len(place) > 8:
        raise InvalidInput("This cursor does not belong to this list; start again without it.", "/cursor")
    return _browse(request, snapshot, pipeline, catalog, int(place))


def _browse(
    request: SearchRequest, snapshot: Snapshot, pipeline: Pipeline, catalog: Catalog, offset: int
) -> SearchResponse:
    signatures = pipeline.signatures(snapshot)
    stated = pipeline.stated_matches(signatures, request.stated)
    items, total = snapshot.browse(make_filter(request, stated), request.limit, offset)
    pairs: list[tuple[int, int | None]] = [(item.article_id, None) for item in items]
    hits = present_pairs(pairs, "", request, snapshot, pipeline, catalog)
    following = offset + request.limit
    return plain_response("", hits, total, "eq", f"{_CURSOR}{following}" if following < total else None)


def present_pairs(
    pairs: Sequence[tuple[int, int | None]],
    text: str,
    request: SearchRequest,
    snapshot: Snapshot,
    pipeline: Pipeline,
    catalog: Catalog,
) -> list[Hit]:
    """Hits for (article, passage) pairs, checked against the database, the audience and the stated context."""
    facts = pipeline.read_facts([article for article, _ in pairs])
    signatures = pipeline.signatures(snapshot)
    stated = pipeline.stated_matches(signatures, request.stated)
    stored = snapshot.stored(list(pairs))
    ranked = []
    for article, passage in pairs:
        fact, text_found = facts.get(article), stored.get(article)
        if fact is None or text_found is None or fact.revision != text_found.revision:
            continue
        if fact.audience.isdisjoint(request.actor.audiences) or (stated is not None and fact.key not in stated):
            continue
        fused = Fused(
            article, fact.family_id, fact.revision, 0, fact.key, passage, fact.key, 0.0, None, None, None, None, False
        )
        match = stated.get(fact.key, Match.GENERAL) if stated is not None else Match.GENERAL
        ranked.append(Ranked(AuthorizedCandidate(fused, fact), 0.0, match, ()))
    understood = understand(text, snapshot, {}) if text else None
    terms = frozenset(understood.terms) if understood else frozenset[str]()
    identifiers = frozenset(i.lower() for i in understood.identifiers) if understood else frozenset[str]()
    return present(ranked, facts, Presentation(snapshot, catalog, signatures, terms, identifiers, False))


def plain_response(query: str, hits: list[Hit], total: int, relation: str, next_cursor: str | None) -> SearchResponse:
    """A response that is a list and nothing more."""
    return SearchResponse(
        query_id="", query=query, total=total, total_relation=relation, hits=hits, facets={}, context=[],
        no_answer=False, no_answer_reason=None, corrected_from=None, clarify=None, widened=None, degraded=[],
        next_cursor=next_cursor, took_ms=0.0,
    )  # fmt: skip
