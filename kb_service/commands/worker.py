"""``kb worker``."""

from __future__ import annotations

import signal
import threading

import typer

from kb_service.commands.context import using_parts
from kb_service.settings import Settings
from kb_service.telemetry import configure_logging

app = typer.Typer()


@app.command()
def worker() -> None:
    """Feed the index and run periodic jobs until interrupted; waits while another process does."""
    from kb_service.background import background_jobs
    from kb_service.channels.listener import listen_for
    from kb_service.indexing import IndexFeed

    configure_logging(Settings().log_level)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with using_parts(writable=True) as parts:
        feed = IndexFeed.of(parts, background_jobs(parts))
        feed.start()
        listener = listen_for(parts)
        try:
            stopping.wait()
        finally:
            listener.stop()
            feed.stop()
