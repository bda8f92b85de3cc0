"""Cutting: nothing is lost, keys never mix, sizes hold."""

from hypothesis import given, settings
from hypothesis import strategies as st

from indexers.passages import LONG_WORD, MAX_WORDS, Block, cut_passages

WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=90)
TEXT = st.lists(st.tuples(WORDS, st.sampled_from([" ", ". ", "\n", "\n\n", "\n \n"])), max_size=260).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
BLOCKS = st.lists(
    st.builds(Block, st.just("a"), st.sampled_from(["", "Issue", "Fix", "Fix › Deep"]), TEXT, st.sampled_from("xy")),
    max_size=6,
)


def letters(text: str) -> str:
    return "".join(text.split())


@settings(max_examples=60, deadline=None)
@given(BLOCKS, st.sampled_from(["", "A short answer."]))
def test_nothing_is_lost_and_keys_never_mix(blocks: list[Block], short_answer: str) -> None:
    passages = cut_passages("Title", "x", short_answer, blocks)
    assert [p.number for p in passages] == list(range(len(passages)))
    assert passages
    for key in "xy":
        rest = letters(" ".join(p.text for p in passages if p.key == key))
        for block in blocks:
            for word in block.text.split() if block.key == key else ():
                at = rest.find(word)
                assert at >= 0, (word, key)
                rest = rest[at + len(word) :]


@settings(max_examples=60, deadline=None)
@given(BLOCKS)
def test_passages_are_never_longer_than_allowed(blocks: list[Block]) -> None:
    for passage in cut_passages("Title", "x", "", blocks):
        size = sum(1 if len(word) <= LONG_WORD else len(word) // 4 for word in passage.text.split())
        assert size <= MAX_WORDS + 10  # headings of merged sections


def test_a_title_alone_is_one_passage() -> None:
    (passage,) = cut_passages("How to reset", "all", "", [])
    assert (passage.text, passage.key, passage.heading) == ("How to reset", "all", "")


def test_the_short_answer_leads_the_first_passage() -> None:
    first, *rest = cut_passages("T", "all", "Hold the button.", [Block("issue", "Issue", "It hangs.", "all")])
    assert first.text == "Hold the button.\n\nIssue\n\nIt hangs."
    assert not rest


def test_short_neighbours_of_another_key_stay_apart() -> None:
    passages = cut_passages("T", "all", "", [Block("a", "A", "one", "all"), Block("b", "B", "two", "k")])
    assert [(p.text, p.key, p.heading) for p in passages] == [("one", "all", "A"), ("two", "k", "B")]


def test_a_bare_heading_is_said_by_what_stands_beneath_it() -> None:
    passages = cut_passages("T", "all", "", [Block("f", "Fix", "", "all"), Block("w", "Fix › Windows", "do", "k")])
    assert [(p.heading, p.text) for p in passages] == [("Fix › Windows", "do")]


def test_a_long_section_is_cut_in_even_pieces_at_sentences() -> None:
    text = " ".join(f"Sentence {i} has exactly six words." for i in range(100))
    passages = cut_passages("T", "all", "", [Block("b", "Body", text, "all")])
    assert len(passages) == 4
    assert all(p.text.endswith(".") and 130 <= len(p.text.split()) <= MAX_WORDS for p in passages)
    assert {(p.heading, p.anchor) for p in passages} == {("Body", "b")}
