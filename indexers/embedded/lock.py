"""The writer lock of an index directory: one process on one machine writes.

Invariants: the lock is an flock, which the operating system releases when its holder dies; who holds it is written in
the file, for people. A directory that another machine (host name and boot id) holds or held is refused: flock over
network file systems cannot be relied on, and readers map the files.
"""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import Any

import orjson

from indexers.engine import EngineUnavailable


def machine_identity() -> dict[str, Any]:
    """Host name and boot id of this machine ("" where the system has none)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    return {"host": socket.gethostname(), "boot": boot}


class WriterLock:
    """Exclusive right to write ``directory``; not reentrant."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "writer.lock"
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def try_acquire(self) -> bool:
        """Take the lock if it is free, else False. Raises EngineUnavailable for another machine."""
        if self.is_held:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            self.refuse_other_machine(is_locked=True)
            return False
        try:
            self.refuse_other_machine(is_locked=False)
            content = orjson.dumps({"pid": os.getpid(), **machine_identity()})
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, content, 0)
            os.fsync(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def acquire(self) -> None:
        """Take the lock; raises EngineUnavailable naming the holder and the way out."""
        if not self.try_acquire():
            raise EngineUnavailable(self.describe_holder())

    def release(self) -> None:
        """Give the lock back, and leave no name behind, so that another machine may take over the directory."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> dict[str, Any]:
        """Who holds (or last held, when it died) the lock; empty when it was given back."""
        try:
            value = orjson.loads(self._path.read_bytes() or b"{}")
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def describe_holder(self) -> str:
        """One sentence: who writes, and what to do."""
        holder = self.holder()
        return (
            f"the index in {self._path.parent} is being written by process {holder.get('pid', '?')} on "
            f"{holder.get('host', 'this machine')}; stop it, or open the index for reading only"
        )

    def refuse_other_machine(self, *, is_locked: bool) -> None:
        """Raise EngineUnavailable when the lock names another machine (a reboot of this one is no other machine)."""
        holder = self.holder()
        here = machine_identity()
        if not holder or (holder.get("host") == here["host"] and (not is_locked or holder.get("boot") == here["boot"])):
            return
        if holder.get("boot") == here["boot"] and here["boot"]:
            return  # the host was renamed, or a container with another name shares this kernel and this lock
        raise EngineUnavailable(
            f"the embedded index in {self._path.parent} belongs to the machine {holder.get('host')} (process "
            f"{holder.get('pid')}), this is {here['host']}: an embedded index serves one machine. Set "
            f"KB_OPENSEARCH_URL to share one index between machines, or stop the other and remove {self._path}"
        )
