"""A served process (``kb serve``) over a directory, for what a client inside the process cannot show."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from kb_service.assembly import open_database
from kb_service.auth import service
from kb_service.auth.actors import Role
from kb_service.auth.schemas import KeyIn
from kb_service.db.session import Database
from kb_service.settings import Settings

START_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """Where it answers, a key of an admin, its database and what it logged."""

    port: int
    key: str
    database: Database
    directory: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, *, is_admin: bool = False) -> httpx.Client:
        """A client of its own connections."""
        headers = {"Authorization": f"Bearer {self.key}"} if is_admin else {}
        return httpx.Client(base_url=self.url, timeout=60, headers=headers)

    def crashes(self) -> list[str]:
        """Lines of its log about requests that crashed and parts that failed."""
        lines = (self.directory / "serve.log").read_text("utf-8", "replace").splitlines()
        return [line[:2000] for line in lines if "request.crashed" in line or "worker.failed" in line]


@contextmanager
def serve(directory: Path) -> Iterator[Served]:
    """``kb serve`` on a free port, ended afterwards."""
    settings = Settings(data_dir=directory / "var")
    database = open_database(settings)
    with database.writing() as session:
        key = service.create_key(session, KeyIn(name="admin", role=Role.ADMIN))[1].text
    port = _free_port()
    environment = {
        **os.environ, "KB_DATA_DIR": str(settings.data_dir), "KB_ENCODER": "hashing", "KB_PORT": str(port),
        "KB_RATE_LIMIT_PER_MINUTE": "0", "KB_SIGN_IN_LIMIT_PER_MINUTE": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "kb_service.cli", "serve"]
    with (
        (directory / "serve.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as process,
    ):
        served = Served(port, key, database, directory, process)
        try:
            _wait(served)
            yield served
        finally:
            process.terminate()
            process.wait(30)
            database.dispose()


def _wait(served: Served) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert served.process.poll() is None, (served.directory / "serve.log").read_text()[-3000:]
        try:
            if httpx.get(f"{served.url}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the service does not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
