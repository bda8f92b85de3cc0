"""``kb demo``: the sample company, loaded and served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kb_service.demo.loader import Loaded
    from kb_service.settings import Settings

app = typer.Typer()
SITE_NAME = "Lumen Harbour Help"


@app.command()
def demo(
    load_only: bool = typer.Option(False, "--load-only", help="Load the sample knowledge and end."),
    port: int = typer.Option(-1, max=65535, help="Port to listen on; default KB_PORT."),
) -> None:
    """Load the sample company into KB_DATA_DIR and serve it. Again: quick, and nothing is lost."""
    settings = demo_settings(port)
    loaded = _load(settings)
    print("\n".join(summary(loaded)))
    if load_only:
        return
    from kb_service.commands.serve import run

    print("\n".join(welcome(settings, loaded)), flush=True)
    run(settings, settings.host, settings.port)


def demo_settings(port: int) -> Settings:
    """The settings of the environment, with the sample company's name unless another is set."""
    from kb_service.settings import Settings

    settings = Settings()
    is_named = "site_name" in settings.model_fields_set
    changes = {"site_name": settings.site_name if is_named else SITE_NAME, "port": port if port >= 0 else settings.port}
    return settings.model_copy(update=changes)


def _load(settings: Settings) -> Loaded:
    from kb_service.assembly import assemble
    from kb_service.demo.loader import load
    from kb_service.transfer.progress_bar import Bars

    parts = assemble(settings)
    try:
        with Bars() as bars:
            return load(parts, bars)
    finally:
        parts.close()


def summary(loaded: Loaded) -> list[str]:
    """What was loaded."""
    from kb_service.commands.transfer import describe, describe_drained

    return [*describe(loaded.report), describe_drained(loaded.drained)]


def welcome(settings: Settings, loaded: Loaded) -> list[str]:
    """Where to look, who may sign in, what to try."""
    from kb_service.demo.loader import LOGINS

    site = settings.base_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    article = loaded.addresses.get("gw-vpn-reconnect-12", "/products")
    logins = [f"  {login.who:<8} {login.email:<32} {login.password}" for login in LOGINS]
    return [
        "",
        f"{settings.site_name}: {site}   (no sign-in needed to look around; stop with Ctrl+C)",
        "",
        f"Sign in at {site}/sign-in. These passwords are published: for a demonstration only.",
        *logins,
        "",
        "Try in the browser:",
        f"  1. Ask in your own words:    {site}/search?query=vpn+dead+after+sleep",
        f"  2. The same, in a context:   {site}/search?query=vpn+dead+after+sleep&product=gateway&version=10.4",
        f"  3. An error code:            {site}/search?query=GW-4021",
        f"  4. An article and variants:  {site}{article}",
        "  5. Sign in as agent: the desk. Press Alt+W and take down what somebody says; ? shows every key.",
        f"  Somebody else's desk with our answers (signed in as agent): {site}/examples/agent",
        f"  Somebody else's page with our search box: {site}/examples/widget",
        "",
        "Try in another terminal:",
        '  kb search "backup stops with an error" --product sync --version 2025',
        f"  curl '{site}/v1/search?query=export+as+pdf&product=desk&version=7.4'",
        f"  curl -H 'Authorization: Bearer {loaded.widget_key}' -H 'Origin: http://localhost:{settings.port}' \\",
        f"       '{site}/v1/suggest?query=passw'",
        "",
    ]
