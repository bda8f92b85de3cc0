"""Business hours (pure): when something is due, and how much business time lies between two moments.

Monday to Friday, 9 to 17 in the queue's time zone, public holidays of its country free. Times in and out are aware.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

OPENS, CLOSES = time(9), time(17)
_MAX_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Calendar:
    """When people work. ``country``: ISO 3166; empty: no public holidays."""

    time_zone: str = "UTC"
    country: str = ""


@lru_cache(maxsize=64)
def _holidays(country: str) -> Container[date]:
    return holidays.country_holidays(country) if country else frozenset()


def is_known_country(country: str) -> bool:
    """Whether its holidays are known."""
    return not country or country in holidays.list_supported_countries()


def _spans(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    zone, free = ZoneInfo(calendar.time_zone), _holidays(calendar.country)
    first = start.astimezone(zone).date()
    for offset in range(_MAX_DAYS):
        day = first + timedelta(days=offset)
        if day.weekday() > 4 or day in free:
            continue
        opens = datetime.combine(day, OPENS, zone).astimezone(UTC)
        closes = datetime.combine(day, CLOSES, zone).astimezone(UTC)
        if closes > start:
            yield max(opens, start.astimezone(UTC)), closes


def add_business_time(start: datetime, amount: timedelta, calendar: Calendar) -> datetime:
    """The moment when ``amount`` of business time has passed since ``start``."""
    for opens, closes in _spans(calendar, start):
        if closes - opens >= amount:
            return opens + amount
        amount -= closes - opens
    raise ValueError("the calendar has no business time left")


def business_time_between(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """How much business time lies between ``start`` and ``end``; nothing when ``end`` is earlier."""
    total = timedelta()
    for opens, closes in _spans(calendar, start):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total
