"""Periodic jobs: one runner at a time, visible, restartable.

A job's row is its lease. Whoever takes a due row (one UPDATE that only one process can win) runs the
job; a runner that dies loses the lease after ``lease_seconds`` and the next one starts the job again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kb_service.db.base import Base, utcnow
from kb_service.db.once import insert_once
from kb_service.db.session import Database


class JobRow(Base):
    """When a periodic job last ran, who runs it now, and how it ended."""

    __tablename__ = "job"

    name: Mapped[str] = mapped_column(primary_key=True)
    next_run_at: Mapped[datetime] = mapped_column(default=utcnow)
    leased_until: Mapped[datetime | None]
    runner: Mapped[str | None]
    last_started_at: Mapped[datetime | None]
    last_finished_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    last_result: Mapped[str | None]


@dataclass(frozen=True)
class Job:
    """A named function run every ``interval_seconds``; it returns one line about what it did."""

    name: str
    interval_seconds: float
    run: Callable[[], str]
    lease_seconds: float = 600.0


def run_due(database: Database, jobs: list[Job], runner: str) -> list[str]:
    """Run every due job that this runner can lease; returns the names of those that ran."""
    return [job.name for job in jobs if _lease(database, job, runner) and _run(database, job, runner)]


def _lease(database: Database, job: Job, runner: str) -> bool:
    now = utcnow()
    with database.writing() as session:
        if session.get(JobRow, job.name) is None:
            insert_once(session, JobRow, ["name"], name=job.name, next_run_at=now)
        free = (JobRow.leased_until.is_(None)) | (JobRow.leased_until < now)
        result = session.execute(
            update(JobRow)
            .where(JobRow.name == job.name, JobRow.next_run_at <= now, free)
            .values(leased_until=now + timedelta(seconds=job.lease_seconds), runner=runner, last_started_at=now)
        )
        return bool(getattr(result, "rowcount", 0))


def _run(database: Database, job: Job, runner: str) -> bool:
    result: str | None = None
    error: str | None = None
    try:
        result = job.run()
    except Exception as exc:  # noqa: BLE001 - a failing job is recorded and tried again
        error = f"{type(exc).__name__}: {exc}"[:2000]
    with database.writing() as session:
        session.execute(
            update(JobRow)
            .where(JobRow.name == job.name, JobRow.runner == runner)  # not a successor's, after a lease that ran out
            .values(
                leased_until=None,
                runner=None,
                last_finished_at=utcnow(),
                last_result=result,
                last_error=error,
                next_run_at=utcnow() + timedelta(seconds=job.interval_seconds),
            )
        )
    return True


def locked_job(session: Session, name: str) -> JobRow:
    """The row of this name, made when there is none, held until the transaction ends."""
    if session.get(JobRow, name) is None:
        insert_once(session, JobRow, ["name"], name=name, next_run_at=utcnow())
    return session.get_one(JobRow, name, with_for_update=True)


def list_jobs(database: Database) -> list[JobRow]:
    """Every known job, by name."""
    with database.reading() as session:
        return list(session.scalars(select(JobRow).order_by(JobRow.name)))
