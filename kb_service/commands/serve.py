"""``kb serve``."""

from __future__ import annotations

import typer

from kb_service.settings import Settings
from kb_service.telemetry import configure_logging

app = typer.Typer()

GRACE_SECONDS = 20


@app.command()
def serve(
    host: str = typer.Option("", help="Address to listen on; default KB_HOST."),
    port: int = typer.Option(-1, help="Port to listen on; default KB_PORT."),
    worker: bool = typer.Option(True, help="Also feed the index, when no other process does."),
) -> None:
    """Serve the API and the pages until interrupted."""
    settings = Settings()
    changes = {"run_worker": settings.run_worker and worker}
    run(settings.model_copy(update=changes), host or settings.host, port if port >= 0 else settings.port)


def run(settings: Settings, host: str, port: int) -> None:
    """Run the server in this process; requests in hand are finished at the end."""
    import uvicorn

    from kb_service.app import create_app

    configure_logging(settings.log_level)
    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
