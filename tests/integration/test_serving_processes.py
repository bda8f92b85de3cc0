"""``kb serve --workers 2`` as a real process: every process sees a publication, the writer's death is survived."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from kb_service.auth import service
from kb_service.auth.actors import Role
from kb_service.auth.schemas import KeyIn
from tests.support.databases import opened

START_SECONDS = 90.0


def until(condition: Callable[[], object], seconds: float) -> float:
    """How long the condition took; fails when it never came."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - started


def _serves(process: psutil.Process) -> bool:
    try:
        return process.is_running() and any("spawn_main" in part for part in process.cmdline())
    except psutil.Error:  # killed, and not yet buried by its supervisor
        return False


@dataclass
class Served:
    """The served site: its processes, who writes the index, clients bound to one process."""

    url: str
    data_dir: Path
    database_url: str
    supervisor: psutil.Process
    clients: list[httpx.Client] = field(default_factory=list)

    def pids(self) -> set[int]:
        """Processes that serve (multiprocessing's own tracker is none of them)."""
        return {child.pid for child in self.supervisor.children() if _serves(child)}

    def writer(self) -> int:
        text = (self.data_dir / "index" / "writer.lock").read_text()
        return int(json.loads(text or "{}").get("pid", 0))

    def client_of(self, pid: int, token: str = "") -> httpx.Client:
        """A client whose one connection is accepted by this process: the others are stopped meanwhile."""
        others = self.pids() - {pid}
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            client = httpx.Client(
                base_url=self.url, headers=headers, timeout=30.0, limits=httpx.Limits(max_connections=1)
            )
            assert client.get("/health/live").status_code == 200
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)
        self.clients.append(client)
        return client

    def make_key(self) -> str:
        with opened(self.database_url) as database, database.writing() as session:
            return service.create_key(session, KeyIn(name="test", role=Role.ADMIN))[1].text


@contextmanager
def serving(data_dir: Path, database_url: str = "", workers: int = 2, **more: str) -> Iterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sqlite = f"sqlite:///{data_dir / 'kb.sqlite3'}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KB_")},
        "KB_DATA_DIR": str(data_dir), "KB_ENCODER": "hashing", "KB_RATE_LIMIT_PER_MINUTE": "0",
        "KB_DATABASE_URL": database_url, "KB_ENCODER_TIMEOUT_SECONDS": "20", **more,
    }  # fmt: skip
    command = [sys.executable, "-m", "kb_service.cli", "serve", "--port", str(port), "--workers", str(workers)]
    with (data_dir.parent / "served.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    served = Served(f"http://127.0.0.1:{port}", data_dir, database_url or sqlite, psutil.Process(process.pid))
    try:
        until(lambda: is_ready(served, workers), START_SECONDS)
        yield served
    finally:
        for client in served.clients:
            client.close()
        process.terminate()
        process.wait(40)


def is_ready(served: Served, workers: int) -> bool:
    try:
        everyone = served.pids()
        is_serving = httpx.get(f"{served.url}/health/ready", timeout=2).status_code == 200
        return is_serving and len(everyone) == workers and all(psutil.Process(p).num_threads() > 3 for p in everyone)
    except (httpx.HTTPError, OSError, psutil.Error):
        return False


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    with serving(tmp_path / "var", url) as served:
        yield served


def publish(client: httpx.Client, word: str) -> str:
    text = {"title": f"About the {word}", "body": f"The {word} is reset by its button.", "audience": ["public"]}
    made = client.post("/v1/articles", json=text)
    assert made.status_code == 201, made.text
    done = client.post(f"/v1/articles/{made.json()['id']}/publish", headers={"If-Match": made.headers["ETag"]})
    assert done.status_code in (200, 202), done.text
    return str(made.json()["number"])


def finds(client: httpx.Client, word: str) -> bool:
    answer = client.get("/v1/search", params={"query": word})
    assert answer.status_code == 200, answer.text
    return any(word in json.dumps(hit) for hit in answer.json()["hits"])


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_both_processes_see_a_publication_and_survive_the_writers_death(site: Served) -> None:
    until(site.writer, 10)
    writer = site.writer()
    (reader,) = site.pids() - {writer}
    token = site.make_key()
    by_pid = {pid: site.client_of(pid, token) for pid in (writer, reader)}
    for pid, client in by_pid.items():
        publish(client, word := f"zephyr{pid}")
        for other in by_pid.values():
            assert until(lambda other=other, word=word: finds(other, word), 5) < 1.0  # type: ignore[misc]

    os.kill(writer, signal.SIGKILL)
    assert until(lambda: site.writer() not in (0, writer), 5) < 2.0
    publish(by_pid[reader], "mistral")
    assert until(lambda: finds(by_pid[reader], "mistral"), 5) < 2.0
    until(lambda: len(site.pids() - {writer}) == 2, 30)
    (fresh,) = site.pids() - {writer, reader}
    until(lambda: psutil.Process(fresh).num_threads() > 6, 60)
    newcomer = site.client_of(fresh, token)
    assert until(lambda: finds(newcomer, "mistral"), 10) < 5.0
    site.supervisor.kill()
    until(lambda: not psutil.pid_exists(reader) and not psutil.pid_exists(fresh), 40)
