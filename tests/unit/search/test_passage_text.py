"""Passages read as text: no bare heading is glued between their paragraphs."""

from __future__ import annotations

import pytest

from kb_service.search.passage_text import readable
from kb_service.search.request import Hit, Snippet
from kb_service.web.search_view import _answer_and_passage, _part

STORED = (
    "Reset it.\n\nIssue\n\nIt hangs.\n\nCause\n\nThe timer.\n\nResolution › On Windows\n\n1. Open it.\n2. Close it."
)


def test_the_names_of_parts_lead_their_paragraphs() -> None:
    expected = "Reset it.\n\nIt hangs.\n\nCause: The timer.\n\nOn Windows:\n1. Open it.\n2. Close it."
    assert readable(STORED) == expected


def test_headings_of_merged_sections_lead_what_follows_them() -> None:
    assert readable("It hangs.\n\nCheck\n\nAll is green.") == "It hangs.\n\nCheck: All is green."
    assert readable("Steps\n\n- one\n- two") == "Steps:\n- one\n- two"


@pytest.mark.parametrize("text", ["", "Cause", "One.\n\nTwo.", "a | b\n\nc", "The last line"])
def test_what_is_no_heading_stays(text: str) -> None:
    assert readable(text) == text


def hit(text: str, highlights: list[tuple[int, int]]) -> Hit:
    snippet = Snippet("", "", text, highlights)
    return Hit(1, "KB000001", 1, "T", "/a", 1.0, "exact", "Reset it.", snippet, "faq", [], [], "")


def test_the_short_answer_is_shown_once_and_highlights_move_along() -> None:
    answer, passage = _answer_and_passage(hit("Reset it.\n\nIt hangs.", [(0, 5), (14, 19)]))
    assert (answer.text, answer.highlights) == ("Reset it.", [(0, 5)])
    assert passage.text[slice(*passage.highlights[0])] == "hangs"
    _, cut = _answer_and_passage(hit("… it.\nIt hangs.", []))
    assert cut.text == "It hangs."


def test_where_a_passage_stands_is_said_in_the_pages_words() -> None:
    assert _part("Issue") == ""
    assert _part("Resolution › On Windows") == "What to do › On Windows"
    assert _part("Before you start") == "Before you start"
