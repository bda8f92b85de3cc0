"""Publishes one article and indexes it, with markers that a system-call trace shows (access of /MARK-…)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.integration.feed_bench import FeedBench


def mark(name: str) -> None:
    """Leave a line in the trace."""
    os.access(f"/MARK-{name}", os.F_OK)


def main() -> None:
    """One publication's whole way."""
    bench = FeedBench(Path(sys.argv[1]))
    bench.settle()
    acknowledge = bench.feed.changes.acknowledge

    def marked(row_ids: Sequence[int]) -> None:
        mark("indexed")
        acknowledge(row_ids)
        mark("acknowledged")

    bench.feed.changes.acknowledge = marked  # type: ignore[method-assign]
    mark("start")
    bench.publish("a", 1)
    mark("published")
    bench.settle()
    bench.close()


if __name__ == "__main__":
    main()
