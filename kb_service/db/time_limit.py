"""A limit of time on what one connection does: for questions whose late answer nobody waits for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

_CHECK_EVERY = 5_000
"""SQLite asks for the time after so many steps of its machine: some tenths of a millisecond."""


@contextmanager
def time_limit(connection: Connection, seconds: float) -> Iterator[None]:
    """End statements that run longer: they raise an error for which `failures.is_out_of_time` holds.

    On SQLite all statements together have the time, on PostgreSQL each one until the transaction ends.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, round(seconds * 1000))}")
        yield
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    until = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > until, _CHECK_EVERY)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)
