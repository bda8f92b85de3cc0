"""The change feed over both databases: nothing is lost, nothing is done twice, whoever works at once."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.articles.models import Article
from kb_service.articles.recording import raise_index_version
from kb_service.articles.repository import find_article
from kb_service.db import outbox
from kb_service.db.jobs import Job, JobRow, run_due
from kb_service.db.outbox import OutboxRow
from kb_service.db.session import Database
from kb_service.indexing import read_progress, request_reindex
from kb_service.indexing.source import FairChanges
from tests.contract.repositories.cases import all_at_once, publish_article
from tests.support.databases import opened


def test_concurrent_changes_of_one_article_lose_no_row(any_database: Database) -> None:
    with any_database.writing() as session:
        article_id = publish_article(session).id

    def change() -> None:
        for _ in range(12):
            with any_database.writing() as session:
                article = find_article(session, article_id, lock=True)
                assert article is not None
                raise_index_version(session, article)

    assert all_at_once(*[change] * 4) == []
    with any_database.reading() as session:
        versions = session.scalars(select(OutboxRow.index_version).order_by(OutboxRow.index_version)).all()
        assert versions == list(range(1, 50)), "a change without its row, or a version given twice"
        assert session.get_one(Article, article_id).index_version == 49


def test_a_change_that_is_rolled_back_leaves_no_row(any_database: Database) -> None:
    def fail(session: Session) -> None:
        publish_article(session)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        any_database.write(fail)
    with any_database.reading() as session:
        assert session.scalars(select(OutboxRow)).all() == []


def test_several_workers_acknowledge_every_row_once(any_url: str) -> None:
    with opened(any_url) as database, database.writing() as session:
        for number in range(60):
            outbox.enqueue(session, 1 + number % 30, 1 + number // 30)
    claimed: Counter[int] = Counter()
    newest: dict[int, list[int]] = {}
    lock = threading.Lock()

    def work() -> None:
        with opened(any_url) as own:  # its own connections, as a process of its own has
            changes = FairChanges(own)
            while batch := changes.claim(7):
                with lock:
                    claimed.update(row for change in batch for row in change.row_ids)
                    for change in batch:
                        newest.setdefault(change.article_id, []).append(change.index_version)
                changes.acknowledge([row for change in batch for row in change.row_ids])

    assert all_at_once(*[work] * 4) == []
    assert set(claimed.values()) == {1}
    assert len(claimed) == 60
    assert all(versions == sorted(versions) and versions[-1] == 2 for versions in newest.values())
    with opened(any_url) as database, database.reading() as session:
        assert outbox.pending(session)[0] == 0


def test_a_lease_ends_and_what_fails_waits(any_database: Database) -> None:
    changes = FairChanges(any_database)
    with any_database.writing() as session:
        outbox.enqueue(session, 1, 1)
    first = changes.claim(5)
    assert changes.claim(5) == []
    changes.take_over()
    assert changes.claim(5) == first
    changes.release(first[0].row_ids, "")
    again = changes.claim(5)
    changes.bury(again[0].row_ids, "cannot be read: \u20ac" * 900)
    with any_database.writing() as session:
        assert outbox.pending(session) == (0, None)
        assert outbox.replay_dead(session) == 1
    assert [change.article_id for change in changes.claim(5)] == [1]


def test_a_periodic_job_runs_once_however_many_could_run_it(any_url: str) -> None:
    ran: list[str] = []
    job = Job("tidy", 3600.0, lambda: ran.append("ran") or "tidied")  # type: ignore[func-returns-value]

    def work(runner: str) -> None:
        with opened(any_url) as own:
            run_due(own, [job], runner)

    assert all_at_once(*(lambda n=n: work(f"runner {n}") for n in range(4))) == []  # type: ignore[misc]
    assert ran == ["ran"]
    with opened(any_url) as database, database.reading() as session:
        row = session.get_one(JobRow, "tidy")
        assert (row.last_result, row.runner, row.leased_until) == ("tidied", None, None)


def test_a_runner_whose_lease_ran_out_does_not_end_its_successors(any_database: Database) -> None:
    def outlived() -> str:
        run_due(any_database, [Job("slow", 0.0, lambda: "quick", lease_seconds=60.0)], "successor")
        with any_database.writing() as session:
            session.get_one(JobRow, "slow").runner = "successor"
        return "late"

    run_due(any_database, [Job("slow", 3600.0, outlived, lease_seconds=-1.0)], "slow one")
    with any_database.reading() as session:
        assert session.get_one(JobRow, "slow").last_result == "quick"


def test_a_rebuild_asked_for_by_many_is_one_request(any_database: Database) -> None:
    assert all_at_once(*[lambda: request_reindex(any_database)] * 4) == []
    assert (read_progress(any_database).state, read_progress(any_database).request) == ("requested", 1)
