"""Versions and their sets: the sentences of the architecture, and a brute-force model over enumerated versions."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb_service.catalog.versions import (
    EVERY_VERSION,
    NO_VERSION,
    MalformedVersion,
    MalformedVersions,
    VersionSet,
    parse_version,
    parse_versions,
)

ORDERED = [
    "7.4.0-1",
    "7.4-alpha",
    "7.4-alpha.1",
    "7.4-alpha.2",
    "7.4-alpha.10",
    "7.4-beta",
    "7.4-preview.2",
    "7.4-rc1",
    "7.4",
    "7.4.1",
    "7.4.6",
    "7.4.10",
    "7.5-dev",
    "7.5",
    "7.10",
    "8",
    "9.0.3",
    "10",
    "10.2",
    "12.3",
    "13",
    "21H1",
    "21H2",
    "22H2",
    "2013",
    "2016",
    "2019",
    "19045",
]


def covered(spec: str | list[str], version: str, named: frozenset[str] = frozenset()) -> str | None:
    return parse_versions(spec, named).covers(parse_version(version, named))


def test_versions_are_in_natural_order() -> None:
    versions = [parse_version(text) for text in ORDERED]
    assert sorted(set(versions)) == versions
    assert all(a < b and b > a and a != b for a, b in pairwise(versions))


@pytest.mark.parametrize(
    "ascending",
    [
        ["2019", "2019 CU1", "2019 CU2", "2019 CU14", "2020"],
        ["10.2", "10.2 SP1", "10.2 SP2", "10.2 SP10", "10.2.1", "10.3"],
        ["2012", "2012 R2", "2013"],
        ["1.1.1", "1.1.1a", "1.1.1k", "1.1.2"],
        ["8.0 beta 2", "8.0 rc 1", "8.0", "8.0 hotfix 3", "8.0 update 1", "8.0.1"],
        ["7.7.0-dev", "7.7.0-alpha", "7.7.0-preview.2", "7.7.0-rc.1", "7.7.0", "7.7.0 SP1", "7.7.1"],
        ["2024-01-15", "2024-02-01", "2025-01-01"],
    ],
)
def test_service_packs_follow_their_number_and_pre_releases_precede_it(ascending: list[str]) -> None:
    versions = [parse_version(text) for text in ascending]
    assert sorted(set(versions)) == versions


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("v7.4", "7.4"),
        ("  2019   CU14 ", "2019 cu14"),
        ("2019-CU14", "2019 CU 14"),
        ("10.2 Service Pack 1", "10.2 SP1"),
        ("2019 Cumulative Update 14", "2019 CU14"),
        ("7.7.0-preview.2", "7.7 PREVIEW 2"),
        ("version 7.4.x", "7.4"),
        ("Subscription  Edition", "subscription edition"),
    ],
)
def test_spelling_does_not_matter(one: str, other: str) -> None:
    assert parse_version(one) == parse_version(other)
    assert parse_version(one).text == parse_version(other).text


def test_named_versions_have_no_order() -> None:
    named = parse_version("365", frozenset({"365"}))
    assert named.is_named
    assert named != parse_version("365")
    with pytest.raises(TypeError):
        assert named < parse_version("2016")


NAMED = frozenset({"365"})
COVERAGE = [
    # a version names itself and everything beneath it
    (["7.4"], "7.4.6", "exact"),
    (["7.4"], "7.4", "exact"),
    (["7.4.6"], "7.4", "general"),
    (["7.4"], "7.40", None),
    (["7.4"], "7.5", None),
    ("=7.4", "7.4.6", "exact"),
    ("7.4.*", "7.4.6", "exact"),
    ("<=12", "12.3", "exact"),
    (">12", "12.3", None),
    (">12", "13", "exact"),
    # never floats
    (">=10.2,<12", "10.10", "exact"),
    (">=10.10", "10.9", None),
    (">=10.2,<12", "12", None),
    (">=10.2 <12", "11.9.9", "exact"),
    (">=10.2,<12", "10", "general"),
    # a bound is cut before the first pre-release of its number; zeros at the end do not move it
    (">=7.7", "7.7.0-preview.2", "exact"),
    ("<7.7", "7.7.0-preview.2", None),
    ("<7.7.0", "7.7-preview.2", None),
    ("<12.0", "12", None),
    (">=7.7.0-preview.2", "7.7.0-preview.1", None),
    (">=7.7.0-preview.2", "7.7.0-rc.1", "exact"),
    ("<7.7.0-preview.2", "7.7.0-preview.1", "exact"),
    ("=7.7.0", "7.7.0-rc1", "exact"),
    # or, lists, inclusive ranges
    ("2013 || 2016", "2016", "exact"),
    ("2013 || 2016", "2014", None),
    (["2013", ">=2019"], "2021", "exact"),
    ("10.2 - 10.6", "10.6.9", "exact"),
    ("10.2 – 10.6", "10.7", None),
    # service packs and updates are parts
    (["2019"], "2019 CU14", "exact"),
    (">=2019 CU5", "2019 CU14", "exact"),
    (">=2019 CU5", "2019 CU4", None),
    (">=2019 CU5", "2019", "general"),
    ("10.2 SP1 - 10.4", "10.2", "general"),
    (">=21H1", "21H2", "exact"),
    # names
    (["Subscription Edition", "2019"], "subscription edition", "exact"),
    (">=2016", "Subscription Edition", None),
    (["365"], "365", "exact"),
    ("<2016", "365", None),
    ("365 || 2016", "365", "exact"),
    # every version
    ([], "7.4", "general"),
    ("*", "Subscription Edition", "general"),
    (["7.4", "*"], "7.4", "general"),
    (">=0", "1.0-alpha", "exact"),
]


@pytest.mark.parametrize(("spec", "version", "expected"), COVERAGE)
def test_coverage_is_as_the_architecture_says(spec: str | list[str], version: str, expected: str | None) -> None:
    assert covered(spec, version, NAMED) == expected


def test_a_number_that_the_catalogue_does_not_name_is_a_number() -> None:
    assert covered("<2016", "365") == "exact"


@pytest.mark.parametrize(
    ("spec", "canonical"),
    [
        (">=10.2 <12", ">=10.2,<12"),
        ("<12,>=10.2", ">=10.2,<12"),
        ("=7.4", "7.4"),
        ("7.4.*", "7.4"),
        (["2016", "2013", "2016"], "2013 || 2016"),
        (["7.4", "7.4.6"], "7.4"),
        (["7.4", "7.5"], ">=7.4,<7.6"),
        ("<=12", "<13"),
        (">12", ">=13"),
        ("10.2 - 10.6", ">=10.2,<10.7"),
        ([], "*"),
        ("", "*"),
        ("<7 || >=7", ">=0"),
        (["365", "2016", "Subscription Edition"], '2016 || "365" || "subscription edition"'),
        ("2019-CU14", "2019 cu14"),
        ("=1.0.0-rc.1", "=1-rc.1"),
    ],
)
def test_equal_sets_have_one_canonical_text(spec: str | list[str], canonical: str) -> None:
    found = parse_versions(spec, NAMED)
    assert found.canonical() == canonical
    assert parse_versions(canonical) == found


@pytest.mark.parametrize(
    ("spec", "position"),
    [
        ("7..4", 2),
        ("7.4.", 3),
        ("10.2+", 4),
        ("7.*.2", 2),
        ("7.4!", 3),
        (">=", 2),
        (">=10.2,,<12", 7),
        ("10.2,", 5),
        ("|| 7", 0),
        ("7 || ", 5),
        ("7 | 8", 2),
        ("(7)", 0),
        ('"open', 0),
        ("10.2 - ", 7),
        ("10.6 - 10.2", 7),
        (">=12,<10", 5),
        ("2013, 2016", 6),
        ("2013 2016", 5),
        ("2013-2016", 4),
        ("2013 or 2016", 5),
        ("10.2 and later", 5),
        ("since 2013", 0),
        (">Subscription Edition", 0),
        (">= 7.4 <=x7..", 7),
        ("9" * 19, 0),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place_marked(spec: str, position: int) -> None:
    with pytest.raises(MalformedVersions) as caught:
        parse_versions(spec)
    assert (caught.value.text, caught.value.position) == (spec, position)
    assert caught.value.pointer() == f"{spec}\n{' ' * position}^"


def test_a_list_names_the_offending_item() -> None:
    with pytest.raises(MalformedVersions) as caught:
        parse_versions(["7.4", "7..5"])
    assert caught.value.text == "7..5"


@pytest.mark.parametrize("text", ["", "  ", "7.", "-7", "7 or 8", '"a"b"', "1." * 40 + "1", "()"])
def test_a_version_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(MalformedVersion) as caught:
        parse_version(text)
    assert 0 <= caught.value.position <= len(text)
    assert caught.value.pointer().count("\n") == 1


@given(st.text(max_size=40) | st.text("0123456789.-v|<>=*, \"xXaprcSPCU+\n'", max_size=40))
def test_any_text_is_read_or_refused_and_what_is_read_reads_back(text: str) -> None:
    try:
        found = parse_versions(text)
    except MalformedVersions as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017 - either outcome is right
        return
    assert parse_versions(found.canonical()) == found
    assert parse_versions(found.canonical()).canonical() == found.canonical()


@given(st.text("0123456789.-vxaprcSPCU +\t", min_size=1, max_size=30))
def test_the_text_of_a_version_reads_back(text: str) -> None:
    try:
        found = parse_version(text)
    except MalformedVersion:
        return
    again = parse_version(found.text)
    assert again.text == found.text
    assert (again.low, again.high) == (found.low, found.high)


# The model: an ordered list of finest versions; membership of each is decided from the written bounds alone.
NUMBERS = [
    f"{a}.{b}{tail}"
    for a in (1, 2, 10)
    for b in (0, 1, 9, 10)
    for tail in ("-alpha.1", "-rc.2", ".0.0", ".3 sp1", ".3.7")
]
UNIVERSE = sorted(map(parse_version, NUMBERS))
NAMES = [parse_version("Classic"), parse_version("365", NAMED)]
BOUNDS = [
    "1",
    "1.0",
    "1.1",
    "1.9-rc.2",
    "1.10",
    "2",
    "2.0-alpha.1",
    "2.0.0",
    "2.9.3",
    "10",
    "10.0",
    "10.1.3 sp1",
    "10.10",
]


def beneath(version: str, bound: str) -> bool:
    """Without intervals: the version begins with the parts of the bound, or is a pre-release or SP of that very number."""
    mine, its = parse_version(version).parts, parse_version(bound).parts
    numbers = mine[: next((i for i, (kind, _, _) in enumerate(mine) if kind != 3), len(mine))]
    zeros = ((3, 0, ""),) * (len(its) - len(numbers))
    return mine[: len(its)] == its or (*numbers, *zeros) == its


@st.composite
def comparators(draw: st.DrawFn) -> tuple[str, frozenset[str]]:
    """A range of one term, and which versions of the universe are in it by the model."""
    operator, bound = draw(st.sampled_from(["", "=", ">=", "<", "<=", ">"])), draw(st.sampled_from(BOUNDS))
    version = parse_version(bound)
    inside = {v.text for v in UNIVERSE if beneath(v.text, bound)}
    after = {v.text for v in UNIVERSE if v.text not in inside and v > version}
    before = {v.text for v in UNIVERSE} - inside - after
    sets = {"": inside, "=": inside, ">=": inside | after, "<": before, "<=": before | inside, ">": after}
    return operator + bound, frozenset(sets[operator])


@st.composite
def version_sets(draw: st.DrawFn) -> tuple[VersionSet, frozenset[str]]:
    parts = draw(st.lists(comparators() | st.sampled_from([('"365"', frozenset({"365"})), ("Classic", frozenset({"classic"}))]),
                          min_size=1, max_size=3))  # fmt: skip
    found = parse_versions([text for text, _ in parts])
    return found, frozenset().union(*(members for _, members in parts))


def members(found: VersionSet) -> frozenset[str]:
    """Points of the universe inside the set: each version alone, without what is beneath it."""
    points = {v.text for v in UNIVERSE for low, high in found.intervals if low <= (*v.low, (1, 0, "")) < high}
    return frozenset(points | {v.text for v in NAMES if found.covers(v)})


@given(comparators())
def test_a_bound_holds_what_the_model_says(case: tuple[str, frozenset[str]]) -> None:
    assert members(parse_versions(case[0])) == case[1]


@settings(max_examples=200)
@given(version_sets(), version_sets())
def test_sets_behave_as_sets(one: tuple[VersionSet, frozenset[str]], other: tuple[VersionSet, frozenset[str]]) -> None:
    (a, in_a), (b, in_b) = one, other
    assert members(a.union(b)) == in_a | in_b
    assert members(a.intersect(b)) == in_a & in_b
    assert a.intersect(b) == b.intersect(a)
    assert a.intersect(EVERY_VERSION) == a
    assert a.intersect(NO_VERSION).is_empty
    assert parse_versions(a.canonical()) == a
    assert a.intersect(b).narrowness() >= a.narrowness()


@given(version_sets(), st.sampled_from(BOUNDS))
def test_coverage_is_overlap_and_exact_coverage_is_inclusion(
    case: tuple[VersionSet, frozenset[str]], context: str
) -> None:
    found, inside = case
    under = {v.text for v in UNIVERSE if beneath(v.text, context)}
    match = found.covers(parse_version(context))
    assert match is not None or not under & inside
    assert match != "exact" or under <= inside
