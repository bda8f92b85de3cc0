"""What stands beside the hits: facets, chips with what each hides, the clarifying question, a wider context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kb_service.catalog.context import Context
from kb_service.catalog.vocabulary import Catalog
from kb_service.search import facets
from kb_service.search.clarifying import separate
from kb_service.search.curation import Curation
from kb_service.search.facets import Catalogued
from kb_service.search.pipeline import Found, Pipeline
from kb_service.search.presenting import Presentation, present
from kb_service.search.ranking import Ranked
from kb_service.search.request import AXES, Chip, Clarify, FacetValue, SearchRequest, SearchResponse, Widened

LEADERS = 5
CLOSENESS = 0.6
"""A leader's score is at least this share of the best one's."""
MAX_CLARIFY_VALUES = 8
WIDENED_HITS = 3
_QUESTIONS = {
    "product": "Which product is it about?",
    "version": "Which version do you have?",
    "os": "Which operating system do you use?",
}
_WIDENINGS = (("os",), ("version",), ("os", "version"))


class Enricher:
    """Adds to a response what the request's options ask for."""

    def __init__(self, pipeline: Pipeline, catalog: Catalog) -> None:
        self._pipeline = pipeline
        self._catalog = catalog
        self._catalogued: tuple[Catalog, Catalogued] | None = None

    def enrich(self, response: SearchResponse, request: SearchRequest, found: Found, curation: Curation) -> None:
        """Fill facets, context, clarify and widened."""
        product = request.stated.product or found.frame.inferred.product
        if request.options.facets:
            counts = facets.count(found.results, found.frame.applicabilities, product, self.catalogued())
            response.facets = facets.present(counts, self._labels())
        response.context = self._chips(response, request, found, curation)
        response.clarify = self.clarify(found)
        if request.options.widen and response.no_answer:
            response.widened = self._widen(request, response.query, found, curation)

    def catalogued(self) -> Catalogued:
        """The catalogue as facets need it, rebuilt when it changed."""
        catalog = self._catalog.current()
        known = self._catalogued
        if known is None or known[0] is not catalog:
            releases = {p.slug: tuple(r.version for r in p.releases) for p in catalog.products}
            systems = tuple(node.path for node in catalog.operating_systems)
            known = self._catalogued = (catalog, Catalogued(releases, systems, catalog.named_versions()))
        return known[1]

    def _labels(self) -> dict[str, Callable[[str], str]]:
        catalog = self._catalog.current()
        return {
            "product": catalog.product_name,
            "version": str,
            "os": catalog.os_name,
            "type": str,
            "topic": catalog.topic_name,
        }

    def _chips(self, response: SearchResponse, request: SearchRequest, found: Found, curation: Curation) -> list[Chip]:
        chips: list[Chip] = []
        for source, context in (("stated", request.stated), ("inferred", found.frame.inferred)):
            for axis in AXES:
                value = getattr(context, axis)
                if value is None or (source == "inferred" and getattr(request.stated, axis) is not None):
                    continue
                hides = None
                if source == "stated" and request.options.chips:
                    hides = self._hidden(axis, request, response, curation, found)
                chips.append(Chip(axis, value, self._label(axis, value), source, hides))
        return chips

    def _label(self, axis: str, value: str) -> str:
        return self._labels()[axis](value) if axis != "version" else value

    def _hidden(
        self, axis: str, request: SearchRequest, response: SearchResponse, curation: Curation, found: Found
    ) -> int:
        relaxed = replace(request, stated=without(request.stated, (axis,)), inferred=Context())
        wider = self._pipeline.run(relaxed, response.query, found.snapshot, curation)
        shown = {family for r in found.results if (family := r.candidate.facts.family_id) is not None}
        return sum(r.candidate.facts.family_id not in shown for r in wider.results)

    def clarify(self, found: Found) -> Clarify | None:
        """The one question that separates the leading answers, if they differ on an axis nobody gave."""
        stated = found.frame.stated
        product = stated.product or found.frame.inferred.product
        applicabilities = found.frame.applicabilities
        leaders = [
            facets.leader(r, applicabilities[r.candidate.fused.key], self.catalogued(), product)
            for r in found.leaders[:LEADERS]
        ]
        open_axes = [axis for axis in AXES if getattr(stated, axis) is None]
        separation = separate(leaders, open_axes, CLOSENESS)
        if separation is None:
            return None
        values = [FacetValue(v, self._label(separation.axis, v), n) for v, n in separation.values[:MAX_CLARIFY_VALUES]]
        if separation.axis == "version" and separation.product:
            values = self._in_release_order(values, separation.product)
        return Clarify(separation.axis, _QUESTIONS[separation.axis], values, separation.product)

    def _in_release_order(self, values: list[FacetValue], product: str) -> list[FacetValue]:
        order = {version: place for place, version in enumerate(self.catalogued().releases.get(product, ()))}
        return sorted(values, key=lambda value: order.get(value.value, len(order)))

    def _widen(self, request: SearchRequest, text: str, found: Found, curation: Curation) -> Widened | None:
        for axes in _WIDENINGS:
            if any(getattr(request.stated, axis) is None for axis in axes):
                continue
            relaxed = replace(request, stated=without(request.stated, axes))
            wider = self._pipeline.run(relaxed, text, found.snapshot, curation)
            known = {r.candidate.fused.article_id for r in found.results}
            fresh = [r for r in wider.results if r.candidate.fused.article_id not in known][:WIDENED_HITS]
            if fresh and not wider.refusal:
                return self._widened(axes, fresh, wider, request)
        return None

    def _widened(self, axes: tuple[str, ...], fresh: list[Ranked], wider: Found, request: SearchRequest) -> Widened:
        presentation = presentation_of(wider, self._catalog, request.options.why)
        dropped = {axis: self._label(axis, getattr(request.stated, axis)) for axis in axes}
        label = "Not written for " + " or ".join(dropped.values())
        return Widened(list(axes), label, present(fresh, wider.facts, presentation))


def without(context: Context, axes: tuple[str, ...]) -> Context:
    """A context less some axes; a version goes with its product."""
    dropped = set(axes) | ({"version"} if "product" in axes else set())
    return Context(*(None if axis in dropped else getattr(context, axis) for axis in AXES))


def presentation_of(found: Found, catalog: Catalog, why: bool) -> Presentation:
    """What presenting needs of a found list."""
    understood = found.candidates.understood
    identifiers = frozenset(identifier.lower() for identifier in understood.identifiers)
    terms = frozenset(understood.terms)
    return Presentation(found.snapshot, catalog.current(), found.frame.applicabilities, terms, identifiers, why)
