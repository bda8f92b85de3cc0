"""Type-ahead: titles that complete what was typed; filtered like a search, one per family, checked like hits."""

from __future__ import annotations

from indexers.engine import Snapshot
from kb_service.articles.addresses import article_url
from kb_service.search.pipeline import Pipeline, make_filter
from kb_service.search.request import SearchRequest, TypeAheadItem

MAX_TYPED_CHARACTERS = 120


def suggest(text: str, request: SearchRequest, snapshot: Snapshot, pipeline: Pipeline) -> list[TypeAheadItem]:
    """At most ``request.limit`` titles, best first."""
    typed = " ".join(text.split())[-MAX_TYPED_CHARACTERS:]
    if not typed:
        return []
    signatures = pipeline.signatures(snapshot)
    stated = pipeline.stated_matches(signatures, request.stated)
    found = snapshot.suggest(typed, make_filter(request, stated), request.limit * 3)
    facts = pipeline.read_facts([s.article_id for s in found])
    seen: set[int] = set()
    items: list[TypeAheadItem] = []
    for suggestion in found:
        fact = facts.get(suggestion.article_id)
        if fact is None or fact.revision != suggestion.revision or fact.audience.isdisjoint(request.actor.audiences):
            continue
        if fact.family_id in seen:
            continue
        seen.add(fact.family_id)
        url = article_url(fact.number, suggestion.title)
        items.append(TypeAheadItem(fact.article_id, fact.number, suggestion.title, url, list(suggestion.matched)))
    return items[: request.limit]
