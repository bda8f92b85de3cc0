"""When something is due, and when votes say enough. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import sqrt

Z95 = 1.96


def next_working_day(moment: datetime) -> datetime:
    """The same hour on the next Monday to Friday."""
    due = moment + timedelta(days=1)
    while due.weekday() > 4:
        due += timedelta(days=1)
    return due


def lower_bound(count: int, total: int) -> float:
    """The lower end of Wilson's 95 % interval of a share (Wilson 1927)."""
    if total == 0:
        return 0.0
    share = count / total
    middle = share + Z95**2 / (2 * total)
    spread = Z95 * sqrt((share * (1 - share) + Z95**2 / (4 * total)) / total)
    return max(0.0, (middle - spread) / (1 + Z95**2 / total))


def is_clearly_worse(no: int, total: int, base_share: float, least: int) -> bool:
    """Whether a revision's share of "no" is clearly above the base's."""
    return total >= least and lower_bound(no, total) > base_share
