"""A gate in the network: passes TCP connections on to an address until it is cut, and again when it is healed."""

from __future__ import annotations

import contextlib
import socket
import threading


class Gate:
    """``port`` on loopback leads to ``target`` while open; cut, it drops what it carries and refuses what comes."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._is_open = True
        self._lines: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The gate as an HTTP address."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Drop every connection, in the middle of whatever it carries."""
        with self._lock:
            self._is_open = False
            lines, self._lines = self._lines, set()
        for line in lines:
            _drop(line)

    def heal(self) -> None:
        """Let through again."""
        self._is_open = True

    def close(self) -> None:
        """For good."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                near, _ = self._listener.accept()
                self._connect(near)

    def _connect(self, near: socket.socket) -> None:
        try:
            if not self._is_open:
                raise ConnectionRefusedError
            far = socket.create_connection(self._target, timeout=5)
        except OSError:
            _drop(near)
            return
        far.settimeout(None)
        with self._lock:
            self._lines |= {near, far}
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with self._lock:
            self._lines -= {one, other}
        _drop(one)
        _drop(other)


def _drop(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
