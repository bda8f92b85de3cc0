"""``kb serve``."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import typer

from kb_service.settings import Settings, share_metrics
from kb_service.telemetry import configure_logging

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

app = typer.Typer()

GRACE_SECONDS = 20
SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter from one that waits. Python's 5 ms is as long as a search: a retriever that comes
back from its own code would wait so long for the other's next line."""
COLLECT_AFTER = (20_000, 20, 50)
"""New objects before the youngest are looked through; Python's 700 are reached three times within a search."""
HEALTH_SECONDS = 60
"""A process that is alive and has said nothing for so long is replaced; a dead one is at once."""


@app.command()
def serve(
    host: str = typer.Option("", help="Address to listen on; default KB_HOST."),
    port: int = typer.Option(-1, max=65535, help="Port to listen on; default KB_PORT."),
    worker: bool = typer.Option(True, help="Also feed the index, when no other process does."),
    workers: int = typer.Option(0, min=0, max=64, help="Processes that serve; default KB_WORKERS."),
) -> None:
    """Serve the API and the pages until interrupted."""
    settings = Settings()
    changes = {"run_worker": settings.run_worker and worker, "workers": workers or settings.workers}
    run(settings.model_copy(update=changes), host or settings.host, port if port >= 0 else settings.port)


def run(settings: Settings, host: str, port: int) -> None:
    """Serve with as many processes as the settings say; requests in hand are finished at the end."""
    _prepare(settings)
    if settings.workers == 1:
        _serve_here(settings, host, port)
    else:
        _supervise(settings, host, port)


def _prepare(settings: Settings) -> None:
    configure_logging(settings.log_level)
    sys.setswitchinterval(SWITCH_SECONDS)


def _serve_here(settings: Settings, host: str, port: int) -> None:
    import uvicorn

    from kb_service.app import create_app

    app = create_app(settings, on_started=settle_memory)
    uvicorn.Server(_config(app, settings, host, port)).run()


def _supervise(settings: Settings, host: str, port: int) -> None:
    """Processes that share one socket; one that dies is started again, and the index gets another writer meanwhile."""
    from functools import partial

    from uvicorn.supervisors import Multiprocess

    from kb_service.assembly import open_database
    from kb_service.secret import with_secret_key

    share_metrics(settings.data_dir / "metrics")
    open_database(settings).dispose()  # migrated, or refused in one line, once and not in each process
    made = partial(make_app, with_secret_key(settings))
    config = _config(made, settings, host, port)
    Multiprocess(config, sockets=[config.bind_socket()]).run()


def _config(app: FastAPI | object, settings: Settings, host: str, port: int) -> uvicorn.Config:
    import uvicorn

    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        factory=settings.workers > 1,
        workers=settings.workers,
        timeout_worker_healthcheck=HEALTH_SECONDS,
    )


def make_app(settings: Settings) -> FastAPI:
    """The application of one of several processes."""
    from kb_service.app import create_app

    _prepare(settings)
    _end_with_parent()
    return create_app(settings, on_started=settle_memory)


def settle_memory() -> None:
    """Take what lives as long as the process out of the collector's sight, and let it look less often at the rest.

    A full collection over the tables of 100,000 passages holds every request up for 200 ms; what a search leaves behind
    is freed by counting references, without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _end_with_parent() -> None:
    """Stop in order when the supervisor is gone: nobody would stop this process, or start it again."""
    import multiprocessing
    import os
    import signal
    import threading

    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="kb-parent", daemon=True).start()
