"""What the measures reward, on simulated teams."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_service.measures.rules import SAMPLE, Contact, Measure, Solved, measure, sample, self_service

DAY = timedelta(days=1)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
NOW = BEGIN + 60 * DAY
AGAIN = Contact(BEGIN + 3 * DAY, "The tunnel drops again")


def case(number: int, **more: object) -> Solved:
    fields = {"subject": "The tunnel drops", "opened_at": BEGIN, "solved_at": BEGIN + DAY, **more}
    return Solved(f"C-{number:06d}", **fields)  # type: ignore[arg-type]


def value(cases: list[Solved], name: str, now: datetime = NOW) -> Measure:
    return next(found for found in measure(cases, now) if found.name == name)


def quiet(cases: list[Solved], now: datetime = NOW) -> Measure:
    return value(cases, "solved_without_further_contact", now)


def test_who_writes_again_about_the_same_within_a_week_was_not_helped() -> None:
    asked_other = case(2, contacts=(Contact(BEGIN + 3 * DAY, "Invoice of October"),))
    late = case(3, contacts=(replace(AGAIN, at=BEGIN + 9 * DAY),))
    found = quiet([case(1, contacts=(AGAIN,)), asked_other, late])
    assert found.value == pytest.approx(2 / 3) and found.cases == ("C-000001",)
    shared = case(4, articles=frozenset({7}), contacts=(Contact(BEGIN + 2 * DAY, "Hello", frozenset({7})),))
    assert quiet([shared]).value == 0.0


def test_what_cannot_be_known_yet_is_open() -> None:
    found = quiet([case(1), case(2, contacts=(AGAIN,))], BEGIN + 4 * DAY)
    assert (found.value, found.count, found.open) == (0.0, 1, 1)
    assert quiet([]).value is None


def test_closing_everything_lowers_the_first_measure() -> None:
    """A team answers half of its cases; then it closes them all, and the unanswered come back."""
    answered = [case(n) for n in range(10)]
    closed = [case(n, contacts=(AGAIN,)) for n in range(10, 20)]
    honest, closing = quiet(answered).value, quiet(answered + closed).value
    assert honest is not None and closing is not None and closing < honest


def test_linking_any_article_to_every_case_lowers_accuracy_and_improves_no_headline() -> None:
    careful = [case(n, articles=frozenset({n}), verdict="right") for n in range(10)] + [case(n) for n in range(10, 20)]
    careless = careful[:10] + [replace(found, articles=frozenset({1}), verdict="wrong") for found in careful[10:]]
    for name in (
        "solved_without_further_contact",
        "replies_to_resolution",
        "handovers_to_resolution",
        "wait_to_resolution",
    ):
        assert value(careless, name).value == value(careful, name).value
    before, after = value(careful, "link_accuracy").value, value(careless, "link_accuracy").value
    assert before is not None and after is not None and after < before
    assert set(value(careless, "link_accuracy").parts) == {"right", "wrong"}


def test_waits_are_told_by_where_the_case_waited() -> None:
    found = value(
        [case(1, waited={"with_us": 2.0, "for_customer": 6.0}), case(2, waited={"with_us": 4.0})], "wait_to_resolution"
    )
    assert found.value == 6.0 and found.parts == {"with_us": 3.0, "for_customer": 3.0}


def test_self_service_is_confirmed_likely_or_unknown() -> None:
    done = [{"helpful"}, {"click"}, {"click", "not_helpful"}, set(), {"helpful", "escalated"}]
    found = self_service(frozenset(actions) for actions in done)
    assert found.parts == {"confirmed": 0.2, "likely": 0.2, "unknown": 0.4, "asked": 0.2}


@given(st.sets(st.integers(1, 999), max_size=80))
def test_a_sample_is_the_same_for_everybody_and_of_its_week(numbers: set[int]) -> None:
    names = [f"C-{number:06d}" for number in numbers]
    assert sample(names, "2026-W48") == sample(reversed(names), "2026-W48")
    assert len(sample(names, "2026-W48")) == min(SAMPLE, len(names))


def test_every_measure_says_what_it_is_and_speaks_of_its_cases() -> None:
    for found in measure([case(1)], NOW):
        assert len(found.definition) > 40 and found.count >= 0
