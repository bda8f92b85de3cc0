"""Shapes of a need, what agrees, why a question failed, and the figures of consistency, unattended answers and the gate."""

from pathlib import Path

import pytest

from eval.consistency import Got, Need, group_figures
from eval.datasets import Dataset, MalformedDataset, Query
from eval.entry_points import Shown, first_of
from eval.failures import Failure, write_failures
from eval.gate import fallen
from eval.shapes import PHONE_WORDS, PORTAL_WORDS, SHAPES, SMS_WORDS, shape
from eval.unattended import Said, curve_point, mixed, summarise
from kb_service.search.message import strip_wrapping

TEXT = (
    "When you open the shared calendar of a colleague in the desktop app on your laptop, the app closes and shows the error "
    "0x800a139e at once."
)


def test_shapes_are_as_long_as_their_channels_are() -> None:
    made = {name: shape(name, TEXT, ["older words"], 0) for name in SHAPES}
    assert len(made["portal"].split()) == PORTAL_WORDS
    assert len(made["sms"].split()) == SMS_WORDS
    assert len(made["phone"].split()) == PHONE_WORDS
    assert TEXT in made["mail"] and "older words" in made["mail"]


@pytest.mark.parametrize("number", range(3))
def test_every_manner_of_mail_wraps_the_text_between_greeting_and_thread(number: int) -> None:
    mail = shape("mail", TEXT, ["the calendar of somebody else"], number)
    assert not mail.startswith(TEXT)
    assert "the calendar of somebody else" not in strip_wrapping(mail)
    assert TEXT in strip_wrapping(mail)


def test_a_page_without_revisions_agrees_by_the_article() -> None:
    assert Shown("KB1", 2).agrees(Shown("KB1", None))
    assert not Shown("KB1", 2).agrees(Shown("KB1", 3))
    assert not Shown("KB1", 2).agrees(Shown(None, None))


def test_a_refusal_shows_no_article() -> None:
    hit = {"number": "KB1", "revision": 4}
    assert first_of({"no_answer": True, "hits": [hit]}) == Shown(None, None)
    assert first_of({"no_answer": False, "hits": [hit]}) == Shown("KB1", 4)


def test_consistency_counts_needs_not_questions() -> None:
    needs = [Need("a", frozenset("r"), {}, {"x": "1", "y": "2"}), Need("b", frozenset("r"), {}, {"x": "1", "y": "2"})]
    rows = [
        {"x": Got(("r",), "answer"), "y": Got(("r", "s"), "answer")},
        {"x": Got(("s", "r"), "answer"), "y": Got(("r", "s"), "choices")},
    ]
    found = group_figures(needs, rows, ["x", "y"])
    assert found["all right first"] == found["all the same first"] == found["all the same outcome"] == 0.5
    assert found["all right in the first three"] == 1.0


def test_an_answer_to_what_nothing_answers_is_wrong() -> None:
    said = [
        Said(True, "answer", True, 0.9),
        Said(True, "choices", True, 0.3),
        Said(False, "answer", False, 0.5),
        Said(False, "none", False, None),
    ]
    found = summarise(said)
    assert (found["precision"], found["share"], found["outside answered"]) == (0.5, 0.5, 0.5)
    assert curve_point(said, 0.2) == {"certainty": 0.2, "precision": 0.6667, "share": 1.0}
    assert curve_point(said, 0.6) == {"certainty": 0.6, "precision": 1.0, "share": 0.5}


def test_one_message_in_five_is_out_of_scope(tmp_path: Path) -> None:
    queries = tuple(Query(f"q{i}", "text", context={"product": "P"}) for i in range(8))
    dataset = Dataset(tmp_path, "dev", queries, {query.id: {"d": 1} for query in queries})
    file = tmp_path / "outside.jsonl"
    file.write_text("".join(f'{{"_id": "{i}", "text": "moon"}}\n' for i in range(9)))
    messages = mixed(dataset, file)
    assert len(messages) == 10
    assert [bool(query.context) for query in messages[8:]] == [False, True]
    with pytest.raises(MalformedDataset, match="--outside"):
        mixed(dataset, tmp_path / "nothing.jsonl")


def failure(lexical: int | None, semantic: int | None, fused: int | None, shown: int | None) -> Failure:
    return Failure(Query("q", "text"), "w", "Wanted", lexical, semantic, fused, shown, "Other")


@pytest.mark.parametrize(
    ("ranks", "words"),
    [
        ((None, None, None, None), "neither retriever"),
        ((4, 5, 9, None), "far below the best"),
        ((1, 2, 1, 2), "a signal or its family"),
        ((1, 9, 2, 2), "first by words alone"),
        ((9, 1, 2, 2), "first by meaning alone"),
        ((None, 3, 4, 4), "words did not bring it"),
        ((3, 3, 2, 2), "both words and meaning"),
    ],
)
def test_a_failure_says_where_the_right_article_fell_behind(ranks: tuple[int | None, ...], words: str) -> None:
    assert words in failure(*ranks).why


def test_failures_are_written_one_a_line(tmp_path: Path) -> None:
    write_failures(tmp_path / "f.jsonl", [failure(1, 9, 2, 2)] * 2)
    assert len((tmp_path / "f.jsonl").read_text().splitlines()) == 2


def test_the_gate_lets_a_hair_pass_and_not_more() -> None:
    assert fallen({"hit@1": 0.79, "hit@1 howto": 0.95}, {"hit@1": 0.8, "hit@1 howto": 1.0}) == []
    assert fallen({"hit@1": 0.77}, {"hit@1": 0.8}) == ["hit@1 fell from 0.8000 to 0.7700"]
    assert fallen({}, {"hit@1": 0.8}) != []
