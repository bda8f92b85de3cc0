"""The catalogue in memory: names, contexts, mentions, words."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_service.catalog.applies_to import read_applies_to
from kb_service.catalog.context import Applicability, Context
from kb_service.catalog.entries import AliasEntry, CatalogEntries, NodeEntry, ProductEntry, ReleaseEntry
from kb_service.catalog.vocabulary import Catalog
from kb_service.errors import InvalidInput, UnknownCatalogEntry

RELEASES = (ReleaseEntry("10.4"), ReleaseEntry("11.2", "Anchor"), ReleaseEntry("365", is_named=True))
CATALOG = Catalog(
    CatalogEntries(
        products=(ProductEntry("gateway", "Harbour Gateway", releases=RELEASES), ProductEntry("mail", "Harbour Mail")),
        operating_systems=(
            NodeEntry("windows", "Windows"),
            NodeEntry("windows/10", "Windows 10"),
            NodeEntry("windows/11", "Windows 11"),
            NodeEntry("macos", "macOS"),
            NodeEntry("macos/15", "macOS 15 Sequoia"),
        ),
        topics=(NodeEntry("networking", "Networking"), NodeEntry("networking/vpn", "VPN")),
        aliases=(
            AliasEntry("product", "HGW", "gateway"),
            AliasEntry("os", "Win 11", "windows/11"),
            AliasEntry("release", "LTS", "gateway:10.4"),
        ),
    )
)


@pytest.mark.parametrize("text", ["gateway", "Harbour Gateway", "harbour-gateway", " HARBOUR  gateway ", "hgw"])
def test_a_product_is_known_by_slug_name_and_alias_however_written(text: str) -> None:
    assert CATALOG.resolve_product(text) == "gateway"


@pytest.mark.parametrize(
    ("text", "path"),
    [("Win 11", "windows/11"), ("windows/11", "windows/11"), ("macOS 15 Sequoia", "macos/15"), ("WINDOWS", "windows")],
)
def test_an_operating_system_is_known_by_path_name_and_alias(text: str, path: str) -> None:
    assert CATALOG.resolve_os(text) == path


def test_an_unknown_entry_names_the_nearest_known() -> None:
    with pytest.raises(UnknownCatalogEntry) as refused:
        CATALOG.resolve_product("Harbor Gatway", "/query/product")
    assert refused.value.nearest[0] == "Harbour Gateway"
    assert refused.value.pointer == "/query/product"


def test_a_context_resolves_names_releases_and_aliases() -> None:
    assert CATALOG.resolve_context("HGW", "anchor", "win 11") == Context("gateway", "11.2", "windows/11")
    assert CATALOG.resolve_context("HGW", "lts") == Context("gateway", "10.4")
    assert CATALOG.resolve_context("gateway", "99.1") == Context("gateway", "99.1")
    assert CATALOG.resolve_context(" ", "", None) == Context()


def test_a_version_without_a_product_is_refused() -> None:
    with pytest.raises(InvalidInput, match="only with its product") as refused:
        CATALOG.resolve_context(None, "11")
    assert refused.value.pointer == "/version"


def test_a_malformed_version_shows_its_place() -> None:
    with pytest.raises(InvalidInput) as refused:
        CATALOG.resolve_context("hgw", "11..2")
    assert refused.value.extras["place"].endswith("^")


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("how do I reset hgw 11.2 on win 11?", Context("gateway", "11.2", "windows/11")),
        ("Harbour Gateway Anchor shows an error", Context("gateway", "11.2")),
        ("the gateway hangs since version 10.4 SP1", Context("gateway", "10.4 sp1")),
        ("Harbour Gateway on Windows 11", Context("gateway", None, "windows/11")),
        ("hgw v10.4, Windows and Windows 11", Context("gateway", "10.4", "windows/11")),
        ("from Harbour Mail to Harbour Gateway 11", Context()),
        ("Windows 10 or macOS", Context()),
        ("hgw 365 sign-in", Context("gateway", "365")),
        ("version 11 of nothing", Context()),
        ("gateways everywhere", Context()),
    ],
)
def test_what_a_text_mentions_is_inferred(text: str, context: Context) -> None:
    assert CATALOG.find_in_text(text) == context


@given(st.text(max_size=300))
def test_any_text_may_be_searched_and_resolved(text: str) -> None:
    CATALOG.find_in_text(text + " hgw " + text)
    for resolve in (CATALOG.resolve_product, CATALOG.resolve_os, CATALOG.resolve_topic):
        with contextlib.suppress(InvalidInput):
            resolve(text)
    with contextlib.suppress(InvalidInput):
        CATALOG.resolve_context("hgw", text)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"product": "gateway", "versions": ">=11", "os": ["windows/11"]}, "Harbour Gateway 11 and later · Windows 11"),
        ({"product": "gateway", "versions": ">=10.2,<12"}, "Harbour Gateway 10.2 to before 12"),
        ({"product": "gateway", "versions": ["10", "11.2"]}, "Harbour Gateway 10, 11.2"),
        ({"product": "gateway", "versions": "<12"}, "Harbour Gateway before 12"),
        ({"os": ["windows/11", "macos"]}, "Windows 11 or macOS"),
        ({"product": "gateway", "versions": "365"}, "Harbour Gateway 365"),
    ],
)
def test_applicabilities_are_described_for_people(entry: dict[str, object], words: str) -> None:
    (described,) = CATALOG.describe(read_applies_to([entry], CATALOG))
    assert described == words or set(described.split(" or ")) == set(words.split(" or "))


def test_everything_needs_no_words() -> None:
    assert CATALOG.describe(Applicability.EVERYTHING) == []


@pytest.mark.parametrize(
    ("entry", "pointer"),
    [
        ({"product": "nothing"}, "/applies_to/0/product"),
        ({"product": "gateway", "versions": ">>1"}, "/applies_to/0/versions"),
        ({"product": "gateway", "versions": ["1", "2 ||"]}, "/applies_to/0/versions/1"),
        ({"product": "gateway", "os": ["windows", "beos"]}, "/applies_to/0/os"),
        ({"versions": "1"}, "/applies_to/0/versions"),
        ({"colour": "red"}, "/applies_to/0"),
    ],
)
def test_a_malformed_entry_is_refused_with_its_place(entry: dict[str, object], pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_applies_to([entry], CATALOG)
    assert refused.value.pointer == pointer


def test_an_entry_takes_names_aliases_and_release_names() -> None:
    applies = read_applies_to([{"product": "HGW", "versions": ["anchor"], "os": "Win 11"}], CATALOG)
    assert applies == Applicability.of([{"product": "gateway", "versions": ["11.2"], "os": ["windows/11"]}])
