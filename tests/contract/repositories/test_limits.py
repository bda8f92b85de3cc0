"""PostgreSQL's limits, lost connections and a database that cannot be reached, as callers meet them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

from kb_service.app import create_app
from kb_service.assembly import assemble
from kb_service.db.failures import explain, is_collision
from kb_service.db.postgres import Limits, with_driver
from kb_service.db.session import Database
from kb_service.settings import Settings
from tests.contract.repositories.cases import all_at_once, publish_article
from tests.support.databases import PostgresServer, opened
from tests.support.waiting import wait_for


def test_a_statement_that_takes_too_long_is_given_up(postgres_url: str) -> None:
    with opened(postgres_url, Limits(statement_seconds=0.2)) as database, database.reading() as session:
        with pytest.raises(OperationalError) as caught:
            session.execute(text("SELECT pg_sleep(20)"))
    assert explain(caught.value) == "The database took too long."


def test_a_change_waits_for_another_only_so_long(postgres_url: str) -> None:
    with opened(postgres_url, Limits(lock_seconds=0.2)) as database, database.writing() as first:
        article_id = publish_article(first).id
        first.commit()
        lock = text("SELECT 1 FROM article WHERE id = :id FOR UPDATE")
        first.execute(lock, {"id": article_id})
        with pytest.raises(OperationalError) as caught, database.writing() as second:
            second.execute(lock, {"id": article_id})
    assert is_collision(caught.value)


def test_a_deadlock_is_tried_again_until_both_are_through(postgres_url: str) -> None:
    with opened(postgres_url) as database:
        with database.writing() as session:
            ids = [publish_article(session, f"T{n}").id for n in range(2)]

        def vote(order: list[int]) -> None:
            def work(session) -> None:  # type: ignore[no-untyped-def]
                for article_id in order:
                    session.execute(text("UPDATE article SET views = views + 1 WHERE id = :id"), {"id": article_id})
                    session.execute(text("SELECT pg_sleep(0.2)"))

            database.write(work)

        assert all_at_once(lambda: vote(ids), lambda: vote(ids[::-1])) == []
        with database.reading() as session:
            assert session.scalars(text("SELECT views FROM article")).all() == [2, 2]


def test_reading_sees_one_state_and_cannot_write(postgres_url: str) -> None:
    with opened(postgres_url) as database, database.reading() as reader:
        count = text("SELECT count(*) FROM article")
        assert reader.scalar(count) == 0
        with database.writing() as session:
            publish_article(session)
        assert reader.scalar(count) == 0
        with pytest.raises(DBAPIError, match="read-only"):
            reader.execute(text("DELETE FROM article"))


def test_connections_that_died_are_replaced_unseen(postgres_url: str) -> None:
    with opened(postgres_url) as database:
        with database.reading() as session:
            session.execute(text("SELECT 1"))
        with opened(postgres_url) as other, other.writing() as session:
            session.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                     "AND pid <> pg_backend_pid()")
            )  # fmt: skip
        with database.reading() as session:
            assert session.scalar(text("SELECT 1")) == 1


def test_sessions_speak_utc_whatever_the_server_does(postgres_server: PostgresServer, postgres_url: str) -> None:
    postgres_server.execute(f"ALTER DATABASE {make_url(postgres_url).database} SET timezone = 'Asia/Kolkata'")
    with opened(postgres_url) as database, database.reading() as session:
        assert session.scalar(text("SHOW timezone")) == "UTC"


def test_short_urls_mean_our_driver() -> None:
    for name in ("postgres", "postgresql", "postgresql+psycopg"):
        assert with_driver(make_url(f"{name}://u:p@db/kb")).drivername == "postgresql+psycopg"


def test_options_of_the_url_are_kept(postgres_url: str) -> None:
    url = make_url(postgres_url).update_query_dict({"options": "-c work_mem=5MB"})
    with opened(url.render_as_string(hide_password=False)) as database, database.reading() as session:
        assert session.scalar(text("SHOW work_mem")) == "5MB"
        assert session.scalar(text("SHOW statement_timeout")) == "30s"


def test_a_database_out_of_reach_is_503_with_retry_after(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=postgres_url, encoder="hashing", run_worker=False)
    name = make_url(postgres_url).database
    parts = assemble(settings)
    try:
        with TestClient(create_app(parts.settings, parts), base_url="http://localhost") as client:
            assert client.get("/v1/products").status_code == 200
            postgres_server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            answer = client.get("/v1/articles/KB000001")
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.json()["code"] == "unavailable"
            postgres_server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            # One question in two seconds tries it again.
            wait_for(lambda: client.get("/v1/articles/KB000001").status_code == 404, seconds=20)
    finally:
        parts.close()


def test_a_busy_sqlite_is_a_collision(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'a.sqlite3'}") as database:
        other = Database(f"sqlite:///{tmp_path / 'a.sqlite3'}")
        with database.writing() as session:
            session.execute(text("CREATE TABLE t (x)"))
            with other.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA busy_timeout = 10")
                with pytest.raises(OperationalError) as caught:
                    connection.exec_driver_sql("CREATE TABLE u (x)")
        other.dispose()
    assert is_collision(caught.value)
