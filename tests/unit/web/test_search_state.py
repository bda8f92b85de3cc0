"""The address of a results page says everything about it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from kb_service.web.search_state import UNKNOWN_VERSION, SearchState

WORDS = st.text(alphabet=st.characters(codec="utf-8"), max_size=40).map(str.strip)
STATES = st.builds(SearchState, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS)


@given(STATES)
def test_an_address_reads_back_to_the_same_state(state: SearchState) -> None:
    assert SearchState.parse(dict(parse_qsl(urlsplit(state.url()).query))) == state


def test_another_product_drops_the_version_and_starts_the_list_again() -> None:
    state = SearchState("vpn", "gateway", "11", cursor="abc")
    assert state.with_(product="desk") == SearchState("vpn", "desk")
    assert state.with_(product="").version == ""
    assert state.with_(os="windows") == SearchState("vpn", "gateway", "11", "windows")


def test_an_unknown_version_is_stated_but_filters_nothing() -> None:
    state = SearchState("vpn", "gateway", UNKNOWN_VERSION)
    assert state.is_version_unknown
    assert state.context.version is None
    assert state.context.product == "gateway"


def test_an_article_address_carries_the_question_and_the_context() -> None:
    state = SearchState("vpn drops", "gateway", "11", topic="networking")
    assert state.article_url("/a/KB000001/x", "id1") == "/a/KB000001/x?q=vpn+drops&from=id1&product=gateway&version=11"
