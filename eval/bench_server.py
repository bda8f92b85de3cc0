"""A real served process (``kb serve`` on loopback) and a keep-alive connection to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from eval.bench_base import copy_base

START_SECONDS = 120.0
STOP_SECONDS = 20.0
GET_BYTES = 1500
"""Longer questions are posted."""


class Connection:
    """One HTTP/1.1 connection, kept alive, without Nagle's delay."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._http.connect()
        self._http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def timed(self, method: str, path: str, body: bytes | None) -> float:
        """Milliseconds from sending to the last byte. Raises RuntimeError for any status but 200."""
        headers = {"Content-Type": "application/json"} if body else {}
        started = time.perf_counter()
        self._http.request(method, path, body, headers)
        response = self._http.getresponse()
        content = response.read()
        took_ms = (time.perf_counter() - started) * 1000
        if response.status != 200:
            raise RuntimeError(f"{method} {path[:80]}: {response.status} {content[:300]!r}")
        return took_ms

    def close(self) -> None:
        """Close the socket."""
        self._http.close()


def search_call(text: str, context: Mapping[str, str]) -> tuple[str, str, bytes | None]:
    """Method, path and body of a search: GET for what fits an address, POST for the rest."""
    if len(text.encode()) > GET_BYTES:
        body: dict[str, object] = {"query": text}
        if context:
            body["context"] = dict(context)
        return "POST", "/v1/search", json.dumps(body).encode()
    return "GET", "/v1/search?" + urlencode({"query": text, **context}), None


@contextmanager
def served(origin: Path, worker: bool = False, settings: Mapping[str, str] = {}) -> Iterator[tuple[int, int, Path]]:
    """(port, process id, data directory) of a process that serves its own copy of ``origin``; ``settings``: KB_… variables."""
    with tempfile.TemporaryDirectory(prefix="kb-bench-") as folder:
        data = Path(folder) / "data"
        copy_base(origin, data)
        port = free_port()
        environment = {
            **os.environ, "KB_DATA_DIR": str(data), "KB_RATE_LIMIT_PER_MINUTE": "0", "KB_LOG_LEVEL": "error",
            "KB_RUN_WORKER": str(worker).lower(), **settings,
        }  # fmt: skip
        command = [sys.executable, "-m", "kb_service.cli", "serve", "--host", "127.0.0.1", "--port", str(port)]
        with (Path(folder) / "serve.log").open("wb") as errors:
            process = subprocess.Popen(command, env=environment, stdout=errors, stderr=errors)
            try:
                wait_until_ready(port, process)
                yield port, process.pid, data
            except RuntimeError as error:
                last = (Path(folder) / "serve.log").read_text("utf-8", "replace")[-3000:]
                raise RuntimeError(f"{error}\nThe served process said: {last}") from error
            finally:
                _stop(process)


def wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when the process answers; raise RuntimeError when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("kb serve did not become ready")


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def memory_mb(pid: int) -> dict[str, float]:
    """Resident memory of a process in MB (10^6 bytes), now and at its peak (Linux; elsewhere empty)."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return {}
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return {
        name: round(int(fields[field].split()[0]) * 1024 / 1e6, 1)
        for name, field in (("now", "VmRSS"), ("peak", "VmHWM"))
    }


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
