"""The life of a case (pure): which status may follow which, and what a customer's reply does.

Invariants: waiting for the customer closes after WAIT_DAYS; a reply within REOPEN_DAYS of the end reopens the case,
a later one opens a case that follows it; a closed case is changed by nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from kb_service.errors import Conflict

WAIT_DAYS = 7
REOPEN_DAYS = 30


class Status(StrEnum):
    """Where a case stands."""

    NEW = "new"
    OPEN = "open"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_OTHERS = "waiting_others"
    SOLVED = "solved"
    CLOSED = "closed"


class ReplyEffect(StrEnum):
    """What a customer's message does to the case that it answers."""

    KEEP = "keep"
    OPEN = "open"
    REOPEN = "reopen"
    FOLLOW_UP = "follow_up"


ENDED = frozenset({Status.SOLVED, Status.CLOSED})
_WORK = frozenset({Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_OTHERS, Status.SOLVED, Status.CLOSED})
MOVES: dict[Status, frozenset[Status]] = {
    Status.NEW: _WORK,
    Status.OPEN: _WORK - {Status.OPEN},
    Status.WAITING_CUSTOMER: _WORK - {Status.WAITING_CUSTOMER},
    Status.WAITING_OTHERS: _WORK - {Status.WAITING_OTHERS},
    Status.SOLVED: frozenset({Status.OPEN, Status.CLOSED}),
    Status.CLOSED: frozenset({Status.OPEN}),
}


def check_move(now: Status, wanted: Status) -> None:
    """Raise Conflict unless ``wanted`` may follow ``now``."""
    if wanted not in MOVES[now]:
        possible = ", ".join(sorted(MOVES[now]))
        raise Conflict(f"A case that is {now} cannot become {wanted}; it can become {possible}.")


def effect_of_reply(now: Status, ended_at: datetime | None, moment: datetime) -> ReplyEffect:
    """What the customer's message does at ``moment``."""
    if now in ENDED:
        is_recent = ended_at is None or moment - ended_at <= timedelta(days=REOPEN_DAYS)
        return ReplyEffect.REOPEN if is_recent else ReplyEffect.FOLLOW_UP
    return ReplyEffect.OPEN if now is Status.WAITING_CUSTOMER else ReplyEffect.KEEP


def closes_by_itself(now: Status, waiting_since: datetime | None, moment: datetime) -> bool:
    """Whether the customer was waited for long enough."""
    if now is not Status.WAITING_CUSTOMER or waiting_since is None:
        return False
    return moment - waiting_since >= timedelta(days=WAIT_DAYS)
