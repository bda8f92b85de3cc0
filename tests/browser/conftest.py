"""A real `kb serve` with the sample company on a data directory of its own, and Chromium.

Missing parts skip by name; under KB_REQUIRE_SERVICES=1 they fail.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
START_SECONDS = 60
expect.set_options(timeout=15_000)
ADMIN = ("admin@lumen-harbour.example", "demo-admin-1")
SITE = {
    "KB_ENCODER_TIMEOUT_SECONDS": "20",
    "KB_RATE_LIMIT_PER_MINUTE": "0",
    "KB_SIGN_IN_LIMIT_PER_MINUTE": "0",
    "KB_CONTACT_EMAIL": "help@lumen-harbour.example",
    "KB_CONTACT_PHONE": "+44 20 7946 0000",
}


def require(name: str, is_there: bool) -> None:
    """Skip by name, or fail where services are required."""
    if is_there:
        return
    if os.environ.get("KB_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{name} is missing and KB_REQUIRE_SERVICES=1")
    pytest.skip(f"{name} is missing")


@dataclass(frozen=True)
class Server:
    """The served address and its data directory."""

    url: str
    data_dir: Path


def _environment(data_dir: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KB_")}
    return {**kept, **SITE, "KB_DATA_DIR": str(data_dir)}


def _kb(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from kb_service.cli import main; main()", *arguments]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/health/live", timeout=2)
            return
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, "kb serve ended"
            time.sleep(0.2)
    pytest.fail("kb serve did not start")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The sample company and one imported Zendesk address, served. KB_BROWSER_DATA_DIR: loaded before, used as it is."""
    require("chromium", shutil.which("chromium") is not None)
    given = os.environ.get("KB_BROWSER_DATA_DIR")
    data_dir = Path(given) if given else tmp_path_factory.mktemp("site") / "var"
    environment = _environment(data_dir)
    if not given:
        subprocess.run(_kb("demo", "--load-only"), env=environment, check=True, timeout=300, capture_output=True)
    port = _free_port()
    command = _kb("serve", "--port", str(port))
    log = (tmp_path_factory.mktemp("log") / "serve.log").open("wb")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}", process)
        yield Server(f"http://127.0.0.1:{port}", data_dir)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The installed Chromium."""
    path = shutil.which("chromium")
    require("chromium", path is not None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture(params=[1280, 390], ids=lambda width: f"{width}px")
def context(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A new visitor, at both widths."""
    size = {"width": int(request.param), "height": 900}
    context = chromium.new_context(viewport=size, reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab."""
    return context.new_page()
