"""Gaps by themselves: reading the log, grouping, opening and closing."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb_service.authoring.gaps_clustering import Question, closeness, group
from kb_service.authoring.gaps_reading import Reactions, read_rows
from kb_service.authoring.gaps_rules import Seen, judge, label_of
from kb_service.search.models import QueryLogRow

START = datetime(2026, 1, 5, 12, tzinfo=UTC)


def row(query_id: str, text: str, minutes: int = 0, session: str | None = "s", **more: object) -> QueryLogRow:
    values = {"outcome": "hits", "article_ids": [1, 2], "context": {}, "channel": "portal", "kind": "search", **more}
    return QueryLogRow(
        query_id=query_id,
        text=text,
        session_id=session,
        created_at=START + timedelta(minutes=minutes),
        role="",
        **values,
    )


def reasons(rows: list[QueryLogRow], reactions: Reactions = Reactions()) -> list[str]:
    return [sighting.reason for sighting in read_rows(rows, reactions)]


def test_a_question_is_left_for_one_of_five_reasons_or_taken() -> None:
    rows = [
        row("a", "red lamp", outcome="empty", session="1"),
        row("b", "red lamp", outcome="no_answer", session="2"),
        row("c", "red lamp", session="3"),
        row("d", "red lamp", session="4"),
        row("e", "lamp is red", minutes=1, session="4"),
        row("f", "red lamp", session="5"),
        row("g", "red lamp", session="6"),
        row("h", "red lamp", session="7"),
    ]
    reactions = Reactions(
        {"e": {"click"}, "f": {"click", "not_helpful"}},
        {"6": [(2, START + timedelta(minutes=3))], "7": [(9, START + timedelta(minutes=3))]},
    )
    assert reasons(rows, reactions) == [
        "empty", "below_floor", "no_click", "reformulated", "taken", "no_click", "taken", "no_click",
    ]  # fmt: skip


def test_the_context_is_what_was_stated_before_what_was_guessed_and_no_version_stands_alone() -> None:
    stated = row("a", "x", context={"stated": {"product": "gateway", "version": "11"}, "inferred": {"product": "sync"}})
    [one] = read_rows([stated], Reactions())
    assert (one.product, one.version) == ("gateway", "11")
    [two] = read_rows([row("a", "x", context={"stated": {"version": "11"}})], Reactions())
    assert (two.product, two.version) == ("", "")


def questions(*groups: tuple[int, int]) -> list[Question]:
    """(direction, count) pairs: questions of a direction are close to each other only."""
    found = []
    for direction, count in groups:
        for _ in range(count):
            vector = np.zeros(8, dtype=np.float32)
            vector[direction] = 1.0
            found.append(Question(vector, frozenset(), (direction,)))
    return found


def test_alike_questions_are_one_group_and_others_are_not() -> None:
    labels = group(closeness(questions((0, 3), (1, 2))), [None] * 5)
    assert labels[0] == labels[1] == labels[2] != labels[3] == labels[4]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 4))), max_size=14))
def test_known_groups_are_never_split_or_merged(drawn: list[tuple[int, int | None]]) -> None:
    made = questions(*((direction, 1) for direction, _ in drawn))
    known = [label for _, label in drawn]
    labels = group(closeness(made), known) if made else []
    assert all(after == before for after, before in zip(labels, known, strict=True) if before is not None)
    by_label = defaultdict(set)
    for label, before in zip(labels, known, strict=True):
        by_label[label].add(before)
    assert all(len(one - {None}) <= 1 for one in by_label.values())


def seen(*reasons: str, start: int = 0) -> list[Seen]:
    return [Seen(f"s{start + i}", reason, START + timedelta(hours=start + i)) for i, reason in enumerate(reasons)]


def near(count: int, value: float = 0.9) -> np.ndarray:
    matrix = np.full((count, count), value, dtype=np.float32)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def test_a_gap_is_shown_from_enough_askers_on() -> None:
    assert judge("watched", None, seen("no_click", "empty"), near(2), 3).state == "watched"
    same = [Seen("s", "empty", START + timedelta(hours=i)) for i in range(5)]
    assert judge("watched", None, same, near(5), 3).state == "watched", "one person is one, however often they ask"
    assert judge("watched", None, seen("no_click", "empty", "case"), near(3), 3).state == "open"


def test_a_gap_closes_when_its_questions_are_answered_and_opens_again_when_not() -> None:
    asked = seen("empty", "empty", "empty")
    turned = asked[-1].seen_at
    later = [*asked, *seen("taken", "taken", start=3)]
    assert judge("open", turned, later, near(5), 3).state == "closed"
    assert judge("open", turned, later, near(5, 0.2), 3).state == "open", "something else was answered"
    assert judge("open", turned, [*asked, *seen("empty", start=3)], near(4), 3).state == "open"
    again = [*later, *seen("no_click", "no_click", "no_click", start=6)]
    assert judge("closed", later[-1].seen_at, again, near(8), 3).state == "open"
    assert judge("closed", later[-1].seen_at, again[:-1], near(7), 3).state == "closed"
    assert judge("dismissed", turned, again, near(8), 3).state == "dismissed"


def test_what_is_asked_in_vain_by_many_and_clearly_one_thing_ranks_first() -> None:
    alike = judge("open", START, seen("empty", "empty", "empty"), near(3), 3)
    vague = judge("open", START, seen("empty", "empty", "empty"), near(3, 0.3), 3)
    mixed = judge("open", START + timedelta(days=9), seen("empty", "empty", "empty", "taken", "taken"), near(5), 3)
    assert alike.strength > vague.strength and alike.strength > mixed.strength


@pytest.mark.parametrize(
    ("texts", "label"),
    [(["red", "the lamp is red", "the lamp on the gateway is red"], "the lamp is red"), (["red"], "red"), ([], "")],
)
def test_the_shortest_question_that_says_something_names_the_gap(texts: list[str], label: str) -> None:
    assert label_of(texts) == label
