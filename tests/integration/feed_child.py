"""A process that changes articles and indexes them until it kills itself at a named point.

Arguments: directory, point ("never": until killed from outside), occurrence, seed. Prints one JSON line for each
change that was committed: [article_id, index_version, is_live, word].
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import structlog

from indexers.embedded import compaction
from kb_service.indexing import request_reindex
from tests.integration.feed_bench import FeedBench, word_of

TURNS = 200
ARTICLES = 10
SMALLEST_MERGE_ROWS = 12


def killer(point: str, occurrence: int) -> Callable[[str], None]:
    """A hook that ends this process, as a power cut would, when ``point`` is reached for the nth time."""
    left = [occurrence]
    lock = threading.Lock()

    def on_point(name: str) -> None:
        if name != point:
            return
        with lock:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return on_point


def tell(article_id: int, version: int, is_live: bool, word: str) -> None:
    """Acknowledge a change to the parent."""
    os.write(1, (json.dumps([article_id, version, is_live, word]) + "\n").encode())


def run(directory: Path, on_point: Callable[[str], None], seed: int) -> None:
    """Publish, import, unpublish and rebuild at random."""
    bench = FeedBench(directory, on_point=on_point)
    bench.feed.start()
    choice = random.Random(seed)
    known: dict[str, int] = {}
    for turn in range(1, TURNS):
        name = f"n{choice.randrange(ARTICLES)}"
        action = choice.random()
        if action < 0.25 and name in known:
            withdraw(bench, known.pop(name), word_of(name, 0))
        elif action < 0.35:
            import_many(bench, on_point, turn)
        else:
            known[name], version = bench.publish(name, turn, choice.randrange(1, 4))
            on_point("after_commit")
            tell(known[name], version, True, word_of(name, turn))
        if turn % 12 == 0:
            request_reindex(bench.database)
        time.sleep(choice.random() * 0.03)
    bench.close()


def withdraw(bench: FeedBench, article_id: int, word: str) -> None:
    """Unpublish and apply it at once, as the API does."""
    version = bench.unpublish(article_id)
    on_time = bench.feed.withdraw_now(article_id, version - 1)
    tell(article_id, version, False, word if on_time else "")


def import_many(bench: FeedBench, on_point: Callable[[str], None], turn: int) -> None:
    """Six articles in one transaction; the point "import" lies before and after its commit in turns."""
    if turn % 2:
        on_point("import")
    states = [(f"m{turn}y{i}", 0) for i in range(6)]
    done = bench.publish_all(states)
    on_point("import")
    for (article_id, version), state in zip(done, states, strict=True):
        tell(article_id, version, True, word_of(*state))


def main() -> None:
    """See the module."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    compaction.DEAD_MINIMUM_ROWS = SMALLEST_MERGE_ROWS
    directory, point, occurrence, seed = sys.argv[1:5]
    run(Path(directory), killer(point, int(occurrence)), int(seed))


if __name__ == "__main__":
    main()
