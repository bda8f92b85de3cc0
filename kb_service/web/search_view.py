"""A search response as the results page shows it: links made, labels chosen. Pure, from the response types alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kb_service.search.request import Chip, Clarify, FacetValue, Hit, SearchResponse, Snippet, Variant
from kb_service.web.messages import MESSAGES, message, type_label
from kb_service.web.search_state import UNKNOWN_VERSION, SearchState

FACETS = ("product", "version", "os", "type", "topic")
LEXICAL_ONLY = frozenset({"lexical_only", "semantic_unavailable", "semantic", "encoder", "encoder_unavailable"})


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its label; ``count`` None: none is shown."""

    url: str
    label: str
    count: int | None = None
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class ChipView:
    """A stated axis with the address without it; ``spoken`` is what a screen reader hears."""

    url: str
    label: str
    hides: str
    spoken: str


@dataclass(frozen=True, slots=True)
class GuessView:
    """An inferred axis: one click makes it stated."""

    url: str
    label: str
    spoken: str


@dataclass(frozen=True, slots=True)
class HitView:
    """A hit and where its links lead."""

    hit: Hit
    url: str
    heading: str
    answer: Snippet
    passage: Snippet
    applies_to: str
    is_exact: bool
    variants: list[Link]


@dataclass(frozen=True, slots=True)
class FacetView:
    """One facet: its title, the link that takes it off, its values."""

    title: str
    any: Link | None
    values: list[Link]


@dataclass(frozen=True, slots=True)
class ClarifyView:
    """The question that decides, with its answers as links."""

    question: str
    values: list[Link]


@dataclass(frozen=True, slots=True)
class ResultsView:
    """Everything that the results page shows of a response."""

    heading: str
    hits: list[HitView]
    chips: list[ChipView]
    guesses: list[GuessView]
    clarify: ClarifyView | None
    facets: list[FacetView]
    widened_label: str
    widened: list[HitView]
    degraded: list[str]
    corrected: Link | None
    more: str
    no_answer: bool


def results_view(response: SearchResponse, state: SearchState) -> ResultsView:
    """The view of a response to the question of ``state``."""
    widened = response.widened
    return ResultsView(
        heading=_heading(response),
        hits=[hit_view(hit, response, state) for hit in response.hits],
        chips=[*(_chip(chip, state) for chip in response.context if chip.source == "stated"), *_narrowing(state)],
        guesses=[_guess(chip, state, response) for chip in response.context if chip.source != "stated"],
        clarify=_clarify(response, state),
        facets=[view for name in FACETS if (view := _facet(name, response.facets.get(name, []), state))],
        widened_label=widened.label if widened else "",
        widened=[hit_view(hit, response, _without(state, widened.dropped)) for hit in widened.hits] if widened else [],
        degraded=[_degraded(part) for part in response.degraded],
        corrected=_corrected(response, state),
        more=state.url(cursor=response.next_cursor) if response.next_cursor else "",
        no_answer=response.no_answer,
    )


def _heading(response: SearchResponse) -> str:
    key = "results.heading_gte" if response.total_relation == "gte" else "results.heading"
    return message(key, n=response.total)


def hit_view(hit: Hit, response: SearchResponse, state: SearchState) -> HitView:
    """One hit with links that carry the question along."""
    url = state.article_url(hit.url, response.query_id)
    answer, passage = _answer_and_passage(hit)
    return HitView(
        hit=hit,
        url=f"{url}#{hit.snippet.anchor}" if hit.snippet.anchor else url,
        heading=_part(hit.snippet.heading),
        answer=answer,
        passage=passage,
        applies_to=", ".join(hit.applies_to),
        is_exact=hit.match == "exact" and bool(state.version or state.os) and not response.no_answer,
        variants=[_variant(variant, state, response.query_id) for variant in hit.variants],
    )


def _part(path: str) -> str:
    """Where in its article a passage stands, in the words that the article's page uses."""
    name, *rest = path.split(" › ")
    key = f"section.{name.lower()}"
    words = message(key) if key in MESSAGES and key != "section.issue" else "" if key == "section.issue" else name
    return " › ".join(part for part in (words, *rest) if part)


def _answer_and_passage(hit: Hit) -> tuple[Snippet, Snippet]:
    """The short answer, and the passage without it (the first passage of an article begins with it)."""
    text, lead = hit.snippet.text, hit.short_answer.strip()
    end = _end_of_lead(text, lead)
    if not end:
        return Snippet("", "", lead, []), hit.snippet
    rest = text[end:].lstrip()
    place = len(text) - len(rest)
    is_whole = end == len(lead)
    before = [(first, last) for first, last in hit.snippet.highlights if is_whole and last <= end]
    behind = [(first - place, last - place) for first, last in hit.snippet.highlights if first >= place]
    return Snippet("", "", lead, before), replace(hit.snippet, text=rest, highlights=behind)


def _end_of_lead(text: str, lead: str) -> int:
    """Where a passage's own words begin behind the short answer, or behind what a cut has left of it; 0: no lead."""
    if not lead or text.startswith(lead):
        return len(lead)
    first = text.partition("\n")[0]
    return len(first) if first.startswith("… ") and lead.endswith(first[2:]) else 0


def _variant(variant: Variant, state: SearchState, query_id: str) -> Link:
    # The context in force may not be the variant's: its address must not carry it.
    url = SearchState(query=state.query).article_url(variant.url, query_id)
    return Link(url, ", ".join(variant.applies_to) or variant.title)


def _without(state: SearchState, axes: list[str]) -> SearchState:
    return state.with_(**dict.fromkeys((a for a in axes if a in ("product", "version", "os")), ""))


def _chip(chip: Chip, state: SearchState) -> ChipView:
    hides = message("context.hides", n=chip.hides) if chip.hides else ""
    spoken = message("context.remove", label=chip.label, n=chip.hides) if chip.hides else None
    url = state.url(**{chip.axis: ""})
    return ChipView(url, chip.label, hides, spoken or message("context.remove_plain", label=chip.label))


def _narrowing(state: SearchState) -> list[ChipView]:
    pairs = [("type", type_label(state.type) if state.type else ""), ("topic", state.topic)]
    if state.is_version_unknown:
        pairs.insert(0, ("version", message("context.unknown_version")))
    return [
        ChipView(state.url(**{axis: ""}), label, "", message("context.remove_plain", label=label))
        for axis, label in pairs
        if label
    ]


def _guess(chip: Chip, state: SearchState, response: SearchResponse) -> GuessView:
    changes = {chip.axis: chip.value}
    product = next((c.value for c in response.context if c.axis == "product"), "")
    if chip.axis == "version" and product:
        changes["product"] = product
    return GuessView(state.url(**changes), chip.label, message("context.state", label=chip.label))


def _clarify(response: SearchResponse, state: SearchState) -> ClarifyView | None:
    clarify = response.clarify
    if clarify is None or response.no_answer or (clarify.axis == "version" and state.is_version_unknown):
        return None
    product = {"product": _product_asked_about(clarify, response)} if clarify.axis == "version" else {}
    values = [Link(state.url(**product, **{clarify.axis: value.value}), value.label) for value in clarify.values]
    if clarify.axis == "version":
        values.append(Link(state.url(version=UNKNOWN_VERSION), message("picker.unknown_version")))
    return ClarifyView(clarify.question, values)


def _product_asked_about(clarify: Clarify, response: SearchResponse) -> str:
    """A version means something only with its product: the one in the context, else the one of most answers."""
    in_context = [chip.value for chip in response.context if chip.axis == "product"]
    of_answers = [value.value for value in response.facets.get("product", [])]
    return clarify.product or next(iter(in_context + of_answers), "")


def _facet(name: str, values: list[FacetValue], state: SearchState) -> FacetView | None:
    current = getattr(state, name)
    if not values or (len(values) < 2 and not current) or (name == "version" and not state.product):
        return None
    links = [
        Link(
            state.url(**{name: value.value}),
            type_label(value.value) if name == "type" else value.label,
            value.count,
            value.value == current,
        )
        for value in values
    ]
    off = Link(state.url(**{name: ""}), message("facet.any")) if current else None
    return FacetView(message(f"facet.{name}"), off, links)


def _degraded(part: str) -> str:
    if f"degraded.{part}" in MESSAGES:
        return message(f"degraded.{part}")
    return message("degraded.lexical_only") if part in LEXICAL_ONLY else message("degraded.other", part=part)


def _corrected(response: SearchResponse, state: SearchState) -> Link | None:
    if not response.corrected_from:
        return None
    return Link(state.url(query=response.corrected_from, verbatim="1"), response.corrected_from)
