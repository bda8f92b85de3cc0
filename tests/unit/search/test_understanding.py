"""From text to terms: bounded, no syntax, identifiers whole."""

import pytest

from indexers.analysis import STOP_WORDS
from kb_service.errors import KbError
from kb_service.search.understanding import MAX_TERMS, correct, read_text, understand


class Statistics:
    """A snapshot that knows only how often terms stand in it."""

    def term_statistics(self, terms):
        return {t: 1 + len(t) for t in terms if not t.startswith("zz")}

    def passage_count(self):
        return 1000


def ask(text: str, synonyms=None):
    return understand(text, Statistics(), synonyms or {})


@pytest.mark.parametrize(
    "text", ["(" * 20_000, "NOT " * 5_000, " ".join(f"word{i}x" for i in range(3000)), "a\x00b", "\ud800x"]
)
def test_hostile_texts_become_at_most_64_terms(text):
    found = ask(read_text(text))
    assert len(found.lexical.terms) <= MAX_TERMS
    assert all(term.text and " " not in term.text for term in found.lexical.terms)


def test_identifiers_are_whole_and_come_first():
    found = ask("Setup fails with 0x800a139e when Set-FederatedOrganizationIdentifier runs")
    assert [t.text for t in found.lexical.terms if t.is_identifier] == [
        "0x800a139e",
        "set-federatedorganizationidentifier",
    ]


def test_stop_words_are_dropped_unless_nothing_else_is_left():
    assert not STOP_WORDS.intersection(ask("how do I reset the vpn").terms)
    assert ask("to be or not to be").terms


def test_synonyms_add_terms_at_a_lower_weight():
    weights = {t.text: t.weight for t in ask("vpn", {"vpn": ("tunnel",)}).lexical.terms}
    assert weights["tunnel"] < weights["vpn"]


def test_a_text_beyond_the_limit_is_an_error_that_says_so():
    with pytest.raises(KbError) as caught:
        read_text("x" * 100_000)
    assert caught.value.status == 413


def test_spelling_never_touches_identifiers_numbers_and_short_words():
    vocabulary = {"gateway": 3}
    fixed = correct("gatway err-4021 10.2 vpm ERR-9", vocabulary, {"gatway": "gateway"}.get)
    assert fixed == "gateway err-4021 10.2 vpm ERR-9"
    assert correct("gateway", vocabulary, {}.get) is None
