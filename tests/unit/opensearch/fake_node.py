"""A node of a cluster that answers as it is told, over a real socket: for what a healthy node does not show."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[str, str, bytes], tuple[int, Any]]
"""(method, path, body) → (status, JSON)."""


class FakeNode(ThreadingHTTPServer):
    """Counts what it was asked; ``accounts`` empty: everybody may ask."""

    daemon_threads = True

    def __init__(self, reply: Reply, accounts: dict[str, str] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.accounts = accounts or {}
        self.asked: list[str] = []
        self.scheme = "http"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{self.scheme}://localhost:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeNode
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(f"{self.command} {self.path.split('?')[0]}")
        status, value = self._refuse() or self.server.reply(self.command, self.path, body)
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the library looks for these names

    def _refuse(self) -> tuple[int, Any] | None:
        pairs = [f"{user}:{password}" for user, password in self.server.accounts.items()]
        allowed = {"Basic " + base64.b64encode(pair.encode()).decode() for pair in pairs}
        if not allowed or self.headers.get("Authorization") in allowed:
            return None
        return 401, {"error": {"type": "security_exception", "reason": "who are you?"}}

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def fake_node(
    reply: Reply, accounts: dict[str, str] | None = None, certificate: tuple[str, str] | None = None
) -> Iterator[FakeNode]:
    """A running node; ``certificate``: (chain, key) files for TLS."""
    node = FakeNode(reply, accounts)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        node.socket = context.wrap_socket(node.socket, server_side=True)
        node.scheme = "https"
    thread = threading.Thread(target=node.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield node
    node.shutdown()
    node.server_close()
