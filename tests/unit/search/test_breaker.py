"""When a part that fails is left alone, and how it is tried again."""

from __future__ import annotations

from kb_service.search.breaker import Breaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(failures=3, seconds=10, clock=clock)
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()
    return breaker


def test_three_failures_in_a_row_leave_the_part_alone() -> None:
    assert not broken(Clock()).allows()


def test_a_success_in_between_starts_the_count_again() -> None:
    breaker = Breaker(failures=2, clock=Clock())
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert breaker.allows()


def test_after_a_while_one_caller_tries_and_the_others_wait() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 11
    assert [breaker.allows() for _ in range(3)] == [True, False, False]


def test_a_probe_that_fails_leaves_it_alone_again_and_one_that_succeeds_opens_it_for_all() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 11
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    clock.now += 11
    assert breaker.allows()
    breaker.succeeded()
    assert all(breaker.allows() for _ in range(5))


def test_a_probe_that_never_reports_back_holds_up_nothing() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 11
    assert breaker.allows()
    clock.now += 11
    assert breaker.allows()
