"""Applicability: the sentences of the architecture, and brute force over a small world of contexts."""

import gzip
import json
import time
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb_service.catalog.context import (
    EVERYTHING,
    NOTHING,
    Applicability,
    Context,
    Entry,
    Match,
    SignatureSet,
    covering_keys,
    covers,
    intersect,
    specificity,
)
from kb_service.catalog.versions import EVERY_VERSION, MalformedVersion, MalformedVersions, parse_versions

EXACT, GENERAL = Match.EXACT, Match.GENERAL
DATA = Path(__file__).parents[4] / "shared/data/ms-support/main"


def entry(product: str | None = None, versions: str | list[str] = "*", *os: str) -> dict[str, Any]:
    return {"product": product, "versions": versions, "os": list(os)}


def for_(*entries: dict[str, Any]) -> Applicability:
    return Applicability.of(entries)


GATEWAY_7 = entry("gateway", "7.4.*")
WINDOWS, WINDOWS_11 = entry("gateway", "*", "windows"), entry("gateway", "*", "windows/11")
CASES: list[tuple[list[dict[str, Any]], Context, Match | None]] = [
    # empty applies to everything; an axis not given restricts nothing
    ([], Context("gateway", "7.4", "windows"), GENERAL),
    ([], Context(), EXACT),
    ([GATEWAY_7], Context(), EXACT),
    ([GATEWAY_7], Context("gateway"), EXACT),
    ([WINDOWS], Context(os="windows"), EXACT),
    ([WINDOWS], Context("gateway"), EXACT),
    # product
    ([GATEWAY_7], Context("console"), None),
    ([entry(None, "*", "windows")], Context("gateway", None, "windows"), GENERAL),
    # version: an entry without versions is for every version
    ([entry("gateway")], Context("gateway", "7.4"), GENERAL),
    ([GATEWAY_7], Context("gateway", "7.4.6"), EXACT),
    ([GATEWAY_7], Context("gateway", "7"), GENERAL),
    ([GATEWAY_7], Context("gateway", "7.5"), None),
    ([GATEWAY_7], Context("console", "7.4"), None),
    # operating systems are a tree
    ([WINDOWS], Context("gateway", None, "windows/11"), GENERAL),
    ([WINDOWS], Context("gateway", None, "windows/11/23h2"), GENERAL),
    ([WINDOWS_11], Context("gateway", None, "windows/11"), EXACT),
    ([WINDOWS_11], Context("gateway", None, "windows/10"), None),
    ([WINDOWS_11], Context("gateway", None, "windows"), GENERAL),
    ([WINDOWS_11], Context("gateway", None, "windows/110"), None),
    ([WINDOWS], Context("gateway", None, "windows-server"), None),
    ([GATEWAY_7], Context("gateway", "7.4", "windows"), GENERAL),
    # axes belong together, entry by entry; one exact entry suffices
    ([entry("gateway", "7"), entry("console", "8")], Context("gateway", "8"), None),
    ([entry("gateway", "*"), entry(None, "*", "macos")], Context("gateway", None, "macos"), GENERAL),
    ([entry(None, "7"), entry("gateway", "*", "macos")], Context("gateway", None, "macos"), EXACT),
]


@pytest.mark.parametrize(("raw", "context", "expected"), CASES)
def test_an_article_applies_as_the_architecture_says(
    raw: list[dict[str, Any]], context: Context, expected: Match | None
) -> None:
    assert covers(for_(*raw), context) == expected
    assert covering_keys(SignatureSet({"it": for_(*raw)}), context) == ({"it": expected} if expected else {})


def test_nothing_covers_no_context_not_even_an_empty_one() -> None:
    assert covers(NOTHING, Context()) is None
    assert covers(NOTHING, Context("gateway", "7", "windows")) is None
    assert covering_keys(SignatureSet({"none": NOTHING}), Context()) == {}


def test_names_of_the_catalogue_are_read_alike_on_both_sides() -> None:
    named = frozenset({"365"})
    article = Applicability.of([entry("outlook", ["2016", "365"])], named)
    assert Applicability.from_canonical(article.canonical()) == article
    assert covers(article, Context("outlook", "365"), named) == EXACT
    assert covers(Applicability.of([entry("outlook", "<2016")], named), Context("outlook", "365"), named) is None


def test_blank_context_fields_are_not_given() -> None:
    assert Context("", " ", "/") == Context()
    assert Context(" ").is_empty
    assert Context(os="Windows / 11/") == Context(os="windows/11")


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ([], "[]"),
        ([entry()], "[]"),
        ([entry("gateway"), entry()], "[]"),
        (
            [entry("gateway", "7.4.*", "windows", "macos")],
            '[{"os":["macos","windows"],"product":"gateway","versions":"7.4"}]',
        ),
        ([entry("b"), entry("a"), entry("b")], '[{"product":"a"},{"product":"b"}]'),
        ([entry("a", "7"), entry("a", "7.4", "windows")], '[{"product":"a","versions":"7"}]'),
        ([entry("a", "7"), entry("a", "9")], '[{"product":"a","versions":"7 || 9"}]'),
        ([WINDOWS, WINDOWS_11], '[{"os":["windows"],"product":"gateway"}]'),
        ([entry("a", "*", "macos"), entry("a", "*", "ios")], '[{"os":["ios","macos"],"product":"a"}]'),
        ([entry(None, "*", "windows"), WINDOWS_11], '[{"os":["windows"]}]'),
        ([entry("a", "<0")], '[{"versions":"<0"}]'),
    ],
)
def test_equal_applicabilities_have_one_canonical_text(raw: list[dict[str, Any]], canonical: str) -> None:
    found = for_(*raw)
    assert found.canonical() == canonical
    assert Applicability.from_canonical(canonical) == found
    assert Applicability.of(found.to_raw()) == found
    assert for_(*reversed(raw)).key() == found.key()


def test_keys_are_short_and_the_extremes_have_names() -> None:
    assert (EVERYTHING.key(), NOTHING.key()) == ("all", "none")
    assert (Applicability.EVERYTHING, Applicability.NOTHING) == (EVERYTHING, NOTHING)
    assert len(for_(GATEWAY_7).key()) == 16
    assert int(for_(GATEWAY_7).key(), 16) >= 0


def test_products_are_those_named() -> None:
    assert for_(entry("a"), entry("b", "7"), entry(None, "*", "ios")).products() == {"a", "b"}


def test_a_misspelt_axis_is_refused_instead_of_widening_the_article() -> None:
    with pytest.raises(ValueError, match="version"):
        Applicability.of([{"product": "gateway", "version": "7"}])
    with pytest.raises(MalformedVersions):
        for_(entry("gateway", "7.."))


def test_an_unreadable_context_version_is_refused() -> None:
    with pytest.raises(MalformedVersion):
        covers(for_(GATEWAY_7), Context("gateway", "7.."))


@pytest.mark.parametrize(
    ("article", "section", "expected"),
    [
        ([], [GATEWAY_7], [GATEWAY_7]),
        ([GATEWAY_7], [], [GATEWAY_7]),
        ([entry("gateway", ">=7")], [entry(None, "<9")], [entry("gateway", ">=7,<9")]),
        ([WINDOWS], [entry(None, "*", "windows/11")], [WINDOWS_11]),
        ([WINDOWS_11], [WINDOWS], [WINDOWS_11]),
        ([entry("a", "*", "windows", "macos/14")], [entry("a", "*", "windows/11", "macos")],
         [entry("a", "*", "windows/11", "macos/14")]),
        ([entry("a"), entry("b")], [entry("b", "7"), entry("c")], [entry("b", "7")]),
    ],
)  # fmt: skip
def test_a_section_narrows_its_article(
    article: list[dict[str, Any]], section: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> None:
    assert intersect(for_(*article), for_(*section)) == for_(*expected)


@pytest.mark.parametrize("section", [entry("console"), entry("gateway", "8"), entry(None, "*", "macos")])
def test_a_section_beside_its_article_applies_to_nothing(section: dict[str, Any]) -> None:
    article = for_(entry("gateway", "7", "windows"))
    assert intersect(article, for_(section)) == NOTHING
    assert intersect(NOTHING, article) == intersect(EVERYTHING, NOTHING) == NOTHING


def test_specificity_prefers_exact_then_narrow_then_newer() -> None:
    context = Context("gateway", "7.4.6", "windows/11")
    ascending = [
        for_(entry("console")),
        EVERYTHING,
        for_(entry(None, "*", "windows")),
        for_(entry("gateway"), entry("console")),
        for_(entry("gateway")),
        for_(WINDOWS),
        for_(entry("gateway", ">=7", "windows")),
        for_(entry("gateway", "7 || 8 || 9", "windows/11")),
        for_(entry("gateway", "7", "windows/11", "windows/10")),
        for_(entry("gateway", "7", "windows/11")),
        for_(entry("gateway", "7.4", "windows/11")),
        for_(entry("gateway", "7.4.6", "windows/11")),
    ]
    ranks = [specificity(a, context) for a in ascending]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)
    newer, older = for_(entry("gateway", "7.5")), for_(entry("gateway", "7.4"))
    assert specificity(newer, Context("gateway", "7")) > specificity(older, Context("gateway", "7"))


# A small world: every context of it is asked, and brute force looks at its finest contexts only.
PRODUCTS = ["gateway", "console"]
VERSIONS = ["6", "7", "7.4", "7.4.6", "7.5-rc.1", "7.5", "8", "classic"]
SYSTEMS = ["windows", "windows/10", "windows/11", "windows/11/23h2", "macos"]
CONTEXTS = [Context(*axes) for axes in product([None, *PRODUCTS], [None, *VERSIONS], [None, *SYSTEMS])]
RANGES = [
    "*",
    "7",
    "7.4",
    "7.4.6",
    ">=7.4",
    "<7.5",
    ">=7.5-rc.1",
    "6 || 8",
    "classic",
    "<0",
    "6 - 7.4",
    "classic || >7",
]

entries = st.builds(
    lambda p, v, o: Entry(p, parse_versions(v), o),
    st.sampled_from([None, *PRODUCTS]),
    st.sampled_from(RANGES),
    st.frozensets(st.sampled_from(SYSTEMS), max_size=2),
)
applicabilities = st.lists(entries, max_size=3).map(lambda found: Applicability(tuple(found)))


@settings(max_examples=60, deadline=None)
@given(applicabilities, applicabilities)
def test_an_intersection_never_widens(a: Applicability, b: Applicability) -> None:
    both = intersect(a, b)
    assert both == intersect(b, a)
    assert intersect(both, both) == both
    for context in CONTEXTS:
        if covers(both, context):
            assert covers(a, context)
            assert covers(b, context)


def test_what_an_intersection_repeats_of_an_entry_joins_no_other_entry() -> None:
    a = Applicability.of(
        [
            {"versions": "classic", "os": ["windows"]},
            {"product": "console", "versions": "=7.4", "os": ["windows"]},
            {"product": "console", "versions": "<7.4 || classic", "os": ["macos", "windows"]},
        ],
        frozenset({"classic"}),
    )
    assert intersect(a, a) == a


@settings(max_examples=60, deadline=None)
@given(applicabilities, applicabilities)
def test_an_intersection_loses_no_finest_context(a: Applicability, b: Applicability) -> None:
    for context in map(
        Context, *zip(*product(PRODUCTS, ["7.4.6", "classic"], ["windows/11/23h2", "macos"]), strict=True)
    ):
        assert bool(covers(intersect(a, b), context)) == bool(covers(a, context) and covers(b, context))


@settings(max_examples=100, deadline=None)
@given(st.lists(entries, min_size=1, max_size=4), st.randoms())
def test_the_normal_form_means_what_was_written(written: list[Entry], random: Any) -> None:
    found = Applicability(tuple(written))
    again = Applicability.from_canonical(found.canonical())
    assert again == found
    assert again.canonical() == found.canonical()
    random.shuffle(written)
    assert Applicability(tuple(written)).key() == found.key()
    for context in CONTEXTS:
        assert bool(covers(found, context)) == any(covers(Applicability((e,)), context) for e in written)


@settings(max_examples=40, deadline=None)
@given(st.lists(applicabilities, max_size=5))
def test_the_fast_way_is_the_predicate(found: list[Applicability]) -> None:
    signatures = {a.key(): a for a in found}
    fast = SignatureSet(signatures)
    for context in CONTEXTS:
        expected = {key: match for key, a in signatures.items() if (match := covers(a, context))}
        assert covering_keys(signatures, context) == dict(fast.covering(context)) == expected


@settings(max_examples=60, deadline=None)
@given(applicabilities, st.sampled_from(CONTEXTS))
def test_specificity_begins_with_the_match(a: Applicability, context: Context) -> None:
    assert specificity(a, context)[0] == {None: 0, GENERAL: 1, EXACT: 2}[covers(a, context)]


def test_five_thousand_signatures_are_judged_in_milliseconds() -> None:
    signatures = SignatureSet(
        {
            str(i): for_(entry(f"product-{i % 20}", f">={i % 31}.{i % 17},<{40 + i % 97}", SYSTEMS[i // 20 % 5]))
            for i in range(5000)
        }
    )
    contexts = [Context(f"product-{i % 20}", f"{i}.5", "windows/11") for i in range(5, 25)]
    assert signatures.covering(contexts[0]) is signatures.covering(contexts[0])
    started_at = time.process_time()
    for context in contexts[1:]:
        assert signatures.covering(context)
    # 0.5 ms measured; the bound leaves room for a busy machine.
    assert (time.process_time() - started_at) / (len(contexts) - 1) < 0.02


@pytest.mark.skipif(not DATA.exists(), reason="ms-support is not on this machine")
def test_real_articles_and_contexts_are_read() -> None:
    named = frozenset({"365"})
    with gzip.open(DATA / "corpus.jsonl.gz", "rt") as lines:
        written = [json.loads(line)["metadata"]["applies_to"] for line in lines]
    found = {json.dumps(raw, sort_keys=True): Applicability.of(raw, named) for raw in written}
    signatures = SignatureSet({a.key(): a for a in found.values()}, named)
    # One article says 2012 and 2012 R2, another alike 2012 alone: R2 is beneath 2012.
    assert (len(found), len(signatures)) == (587, 586)
    assert all(Applicability.from_canonical(a.canonical()) == a for a in found.values())
    assert all(e.versions == EVERY_VERSION or e.product for a in found.values() for e in a.entries)
    with (DATA / "queries.jsonl").open() as lines:
        contexts = {Context(**json.loads(line)["metadata"].get("context") or {}) for line in lines}
    assert all(signatures.covering(context) for context in contexts)
