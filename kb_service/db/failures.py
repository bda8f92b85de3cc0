"""What a failing database means: a collision with another transaction, a limit that ran out, or no database at all.

Invariant: only what is certain not to have been committed is called a collision, so that it may be run again.
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

UNREACHABLE: tuple[type[Exception], ...] = (OperationalError, InterfaceError, PoolTimeout)
"""What the database library raises when the database cannot be used now, whoever asks."""

_COLLISIONS = frozenset({"40001", "40P01", "55P03"})  # serialisation failure, deadlock, lock not available in time
_OUT_OF_TIME = frozenset({"57014"})


def is_collision(error: BaseException) -> bool:
    """Whether another transaction was in the way: nothing was committed, and the same again may succeed."""
    if not isinstance(error, DBAPIError):
        return False
    return _state(error) in _COLLISIONS or "database is locked" in str(error.orig)


def is_out_of_time(error: BaseException) -> bool:
    """Whether a limit of time ended the statement (see time_limit.py)."""
    if not isinstance(error, DBAPIError):
        return False
    return _state(error) in _OUT_OF_TIME or str(error.orig) == "interrupted"


def explain(error: BaseException) -> str:
    """One sentence for whoever waits."""
    if isinstance(error, PoolTimeout):
        return "The service is busy: every database connection is in use."
    if is_collision(error):
        return "Another change to the same thing was in the way; repeat yours."
    if is_out_of_time(error):
        return "The database took too long."
    return "The database cannot be reached now."


def _state(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")
