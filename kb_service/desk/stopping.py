"""Open streams end when the process is told to stop: the server waits for every connection, and a stream never ends by itself."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType


def on_stop(run: Callable[[], None]) -> None:
    """Call ``run`` in this loop when SIGTERM or SIGINT comes, before whoever listened first. Only in a main thread."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        former = signal.getsignal(number)
        if callable(former):
            signal.signal(number, _chained(loop, run, former))


def _chained(
    loop: asyncio.AbstractEventLoop, run: Callable[[], None], former: Callable[[int, FrameType | None], object]
) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(run)
        former(number, frame)

    return stop
