"""Kill ``kb import`` at random moments, start it again, and look at what is there. Used here and in tests/soak."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

ROWS = 240
LIMIT_SECONDS = 90
SETTINGS = {"KB_ENCODER": "hashing", "KB_LOG_LEVEL": "error"}


def kill_imports(directory: Path, kills: int, seed: int) -> None:
    """After every kill what is committed is whole; the import goes on behind it, and at the end all is found."""
    choice = random.Random(seed)
    source = _write_source(directory)
    done = 0
    for _ in range(kills):
        _start_and_kill(directory, source, after=done + choice.randrange(20, 70), delay=choice.random() * 0.3)
        before, done = done, _check_whole(directory)
        assert done >= before, "a committed article is gone"
    report = _run(directory, "import", str(source), "--batch", "20", "--no-index").stdout
    assert re.search(rf"{ROWS} created, 0 updated", report), report
    assert _check_whole(directory) == ROWS
    _run(directory, "import", str(source))  # the same again indexes what waits
    found = json.loads(_run(directory, "search", f"token{done}x", "--json").stdout)
    assert [hit["title"] for hit in found["hits"]][:1] == [f"Article token{done}x"], found


def _write_source(directory: Path) -> Path:
    source = directory / "long.jsonl"
    rows = [
        {"id": str(i), "title": f"Article token{i}x", "body": f"# One\n\nThe token{i}x device."} for i in range(ROWS)
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return source


def _environment(directory: Path) -> dict[str, str]:
    return {**os.environ, **SETTINGS, "KB_DATA_DIR": str(directory / "var")}


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "kb_service.cli", *arguments]


def _run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        _command(*arguments), capture_output=True, text=True, timeout=LIMIT_SECONDS, env=_environment(directory),
        cwd=directory, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def _start_and_kill(directory: Path, source: Path, after: int, delay: float) -> None:
    """SIGKILL soon after ``after`` articles were committed, wherever the process is then."""
    command = _command("import", str(source), "--batch", "20")
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment(directory), cwd=directory
    ) as process:
        deadline = time.monotonic() + LIMIT_SECONDS
        while process.poll() is None and _count(directory) < min(after, ROWS) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)


def _query(directory: Path, statement: str) -> int:
    try:
        with sqlite3.connect(directory / "var/kb.sqlite3", timeout=10) as connection:
            return int(connection.execute(statement).fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # not migrated yet


def _count(directory: Path) -> int:
    return _query(directory, "SELECT count(*) FROM article")


def _check_whole(directory: Path) -> int:
    """Every committed article has its published revision and its row in the feed, or is indexed; returns how many."""
    count = _count(directory)
    assert count % 20 == 0, "half a batch was committed"
    assert _query(directory, "SELECT count(DISTINCT external_id) FROM article") == count
    statement = "SELECT count(*) FROM article a JOIN article_revision r ON r.id = a.published_revision_id"
    assert _query(directory, statement) == count
    assert _query(directory, "SELECT count(*) FROM article WHERE index_version < 1") == 0
    return count
