"""Kill a feeding process and look at what is left. Used by the short tests here and the long ones in tests/soak."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from indexers.planning import outdated
from tests.integration.feed_bench import FeedBench, word_of

POINTS = ("after_commit", "vectors_written", "tantivy_committed", "merge", "swap", "import")
LIMIT_SECONDS = 90
Told = list[tuple[int, int, bool, str]]


def run_until_killed(directory: Path, point: str, occurrence: int, seed: int) -> tuple[bool, Told]:
    """Whether the child reached the point, and the changes it acknowledged before."""
    child = [
        sys.executable,
        str(Path(__file__).with_name("feed_child.py")),
        str(directory),
        point,
        str(occurrence),
        str(seed),
    ]
    done = subprocess.run(child, capture_output=True, timeout=LIMIT_SECONDS, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()[-3000:]
    return done.returncode == -signal.SIGKILL, _parse(done.stdout)


def run_and_kill_at_random(directory: Path, seed: int) -> Told:
    """Kill the child at a random moment after its first change."""
    child = [sys.executable, str(Path(__file__).with_name("feed_child.py")), str(directory), "never", "1", str(seed)]
    with subprocess.Popen(child, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(random.Random(seed).random() * 2.0)
        process.kill()
        rest = process.stdout.read()
    return _parse(first + rest)


def check_recovery(directory: Path, told: Told) -> None:
    """Restart on what is left: every acknowledged change is there and found, nothing withdrawn or superseded is."""
    bench = FeedBench(directory)
    try:
        _drain_only(bench)
        _check_state(bench, told)
        bench.settle()  # finishes an interrupted rebuild, which would have hidden a loss
        _check_state(bench, told)
    finally:
        bench.close()


def _drain_only(bench: FeedBench) -> None:
    assert bench.engine.try_acquire_writer()
    bench.feed.changes.take_over()
    while bench.feed.worker.drain_once():
        pass


def _check_state(bench: FeedBench, told: Told) -> None:
    wanted = dict(bench.feed.changes.wanted_versions())
    assert not list(outdated(wanted, bench.held()))
    documents = {a: d for a, d in bench.feed.changes.read(list(wanted)).items() if d is not None}
    for article_id, version, _, _ in told:
        assert abs(wanted[article_id]) >= version, "an acknowledged change is lost"
    for article_id, document in documents.items():
        assert article_id in bench.find(document.title.split()[-1].lower()), "a published article is not found"
    _check_absent(bench, told, documents)


def _check_absent(bench: FeedBench, told: Told, documents: dict[int, object]) -> None:
    for article_id, _, is_live, word in told:
        title = getattr(documents.get(article_id), "title", "")
        if is_live and word and word not in title.split():
            assert article_id not in bench.find(word), "a superseded or withdrawn text is found"


def _parse(output: bytes) -> Told:
    lines = [line for line in output.decode().split("\n")[:-1] if line.startswith("[")]
    return [(article_id, version, is_live, word) for article_id, version, is_live, word in map(json.loads, lines)]


__all__ = ["POINTS", "check_recovery", "run_and_kill_at_random", "run_until_killed", "word_of"]
