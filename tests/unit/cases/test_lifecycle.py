"""A case's life and its business hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kb_service.cases.hours import Calendar, add_business_time, business_time_between
from kb_service.cases.lifecycle import ReplyEffect, Status, check_move, closes_by_itself, effect_of_reply
from kb_service.errors import Conflict

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_a_reply_reopens_for_thirty_days_and_opens_a_follow_up_later() -> None:
    assert effect_of_reply(Status.SOLVED, NOW - timedelta(days=30), NOW) is ReplyEffect.REOPEN
    assert effect_of_reply(Status.CLOSED, NOW - timedelta(days=31), NOW) is ReplyEffect.FOLLOW_UP
    assert effect_of_reply(Status.WAITING_CUSTOMER, None, NOW) is ReplyEffect.OPEN
    assert effect_of_reply(Status.OPEN, None, NOW) is ReplyEffect.KEEP


def test_a_closed_case_can_only_be_opened_again() -> None:
    check_move(Status.CLOSED, Status.OPEN)
    with pytest.raises(Conflict, match="it can become open"):
        check_move(Status.CLOSED, Status.SOLVED)


def test_waiting_for_the_customer_ends_after_seven_days() -> None:
    assert closes_by_itself(Status.WAITING_CUSTOMER, NOW - timedelta(days=7), NOW)
    assert not closes_by_itself(Status.WAITING_CUSTOMER, NOW - timedelta(days=6), NOW)
    assert not closes_by_itself(Status.OPEN, NOW - timedelta(days=70), NOW)


def test_business_time_skips_nights_weekends_and_holidays() -> None:
    vienna = Calendar("Europe/Vienna", "AT")
    friday = datetime(2026, 4, 3, 15, tzinfo=UTC)  # 17:00 in Vienna: closed
    due = add_business_time(friday, timedelta(hours=1), vienna)
    assert due == datetime(2026, 4, 7, 8, tzinfo=UTC), "Easter Monday is free"


def test_business_time_between_is_the_inverse_of_adding() -> None:
    calendar = Calendar("America/New_York", "US")
    for hours in (1, 8, 9, 40, 100):
        due = add_business_time(NOW, timedelta(hours=hours), calendar)
        assert business_time_between(NOW, due, calendar) == timedelta(hours=hours)
