"""What is done to a served installation while traffic runs: in seconds here, in minutes in tests/soak."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.service_traffic import Outcome, traffic
from tests.integration.test_serving_processes import serving, until
from tests.support.databases import StoppablePostgres

DISK = "size=12m"


def trouble(server: StoppablePostgres, folder: Path, rounds: int, seconds: float) -> Outcome:
    """Each round: PostgreSQL away, one of two processes killed, the disk of the index full, and ``seconds`` between.

    Where no small disk may be mounted, that part is left out.
    """
    chance = random.Random(5)
    index = folder / "var" / "index"
    with small_disk(index) as is_small, serving(folder / "var", server.url) as served, traffic(served) as running:
        for _ in range(rounds):
            time.sleep(seconds)
            server.stop()
            time.sleep(seconds)
            server.start()
            time.sleep(seconds)
            os.kill(chance.choice(sorted(served.pids())), signal.SIGKILL)
            if is_small:
                time.sleep(seconds)
                filler = fill(index)
                time.sleep(seconds)
                filler.unlink()
            until(lambda: len(served.pids()) == 2, 60)
        time.sleep(seconds)
        assert running.outcome.degraded["database_down"] > 0, str(running.outcome)
        running.check({"database_down"})
    return running.outcome


def fill(folder: Path) -> Path:
    """A file that takes all that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while stream.write(b"\0" * 4096):
                pass
        except OSError:
            pass
    return filler


@contextmanager
def small_disk(place: Path) -> Iterator[bool]:
    """A disk of some megabytes; False where none may be mounted."""
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(place)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(place)], check=False)
