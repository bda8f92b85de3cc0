"""Two ``kb worker`` on one PostgreSQL and one embedded index: one feeds, the other stands by and takes over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from kb_service.db.outbox import OutboxRow
from kb_service.db.session import Database
from tests.contract.repositories.cases import publish_article
from tests.support.databases import opened


def until(condition: Callable[[], object], seconds: float) -> float:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - started


def is_drained(database: Database) -> bool:
    with database.reading() as session:
        return session.scalar(select(OutboxRow.id).limit(1)) is None


def start(data_dir: Path, url: str) -> subprocess.Popen[bytes]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    ours = {"KB_DATA_DIR": str(data_dir), "KB_DATABASE_URL": url, "KB_ENCODER": "hashing"}
    command = [sys.executable, "-m", "kb_service.cli", "worker"]
    return subprocess.Popen(command, env=given | ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing_and_another_goes_on(postgres_url: str, tmp_path: Path) -> None:
    lock = tmp_path / "index" / "writer.lock"

    def writer() -> int:
        text = lock.read_text() if lock.exists() else ""
        return int(json.loads(text or "{}").get("pid", 0))

    workers = [start(tmp_path, postgres_url) for _ in range(2)]
    try:
        with opened(postgres_url) as database:
            until(writer, 60)
            time.sleep(3)  # the other one is up, too
            with database.writing() as session:
                for number in range(40):
                    publish_article(session, f"Article {number}")
            first = writer()
            os.kill(first, signal.SIGKILL)
            assert until(lambda: writer() not in (0, first), 30) < 5.0
            until(lambda: is_drained(database), 60)
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait(30)
