"""Word-level comparison of revisions."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from kb_service.authoring.due import is_clearly_worse, next_working_day
from kb_service.authoring.revision_diff import ADDED, REMOVED, SAME, diff

TEXT = st.lists(st.sampled_from(["", "a", "press the key", "press a key", "x y", "ä–ß", "1. wait"]), max_size=8).map(
    "\n".join
)


def side(lines: list, kinds: set[str]) -> list[str]:  # type: ignore[type-arg]
    hidden = ({SAME, ADDED, REMOVED} - kinds).pop()
    return ["".join(p.text for p in line.pieces if p.kind in kinds) for line in lines if line.kind != hidden]


@given(TEXT, TEXT)
def test_both_texts_can_be_read_from_the_comparison(old: str, new: str) -> None:
    lines = diff(old, new)
    assert side(lines, {SAME, REMOVED}) == (old.split("\n") if old else [])
    assert side(lines, {SAME, ADDED}) == (new.split("\n") if new else [])


def test_only_the_changed_words_are_marked() -> None:
    (line,) = diff("Press the red key twice.", "Press the blue key twice.")
    assert [(p.kind, p.text) for p in line.pieces if p.kind != SAME] == [(REMOVED, "red"), (ADDED, "blue")]


def test_long_and_hostile_texts_end() -> None:
    start = time.process_time()
    diff("\n".join("ab"[i % 2] for i in range(100_000)), "\n".join("ba"[i % 3 == 0] for i in range(100_000)))
    diff("a b " * 50_000, "b a " * 50_000)
    # 1.5 s measured; compared in full they would take hours.
    assert time.process_time() - start < 30


def test_a_working_day_skips_the_weekend() -> None:
    assert next_working_day(datetime(2026, 3, 6, 9, tzinfo=UTC)) == datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert next_working_day(datetime(2026, 3, 3, 9, tzinfo=UTC)) == datetime(2026, 3, 4, 9, tzinfo=UTC)


def test_votes_speak_only_when_many_and_clearly_worse() -> None:
    assert not is_clearly_worse(19, 19, 0.1, 20)
    assert is_clearly_worse(15, 20, 0.3, 20)
    assert not is_clearly_worse(8, 20, 0.3, 20)
