"""Durable file operations. Invariant: after each returns, a power cut cannot undo it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson


def sync_directory(directory: Path) -> None:
    """Make renames and creations in ``directory`` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace ``path`` as a whole: temporary file, fsync, rename, fsync of the directory."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)
    sync_directory(path.parent)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """``write_atomically`` of canonical JSON."""
    write_atomically(path, orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2))


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in ``path``; None when there is no such file. Raises ValueError when it is damaged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    value = orjson.loads(content)
    if not isinstance(value, dict):
        raise ValueError(f"{path} does not hold an object")
    return value


def directory_size(directory: Path) -> int:
    """Bytes of all files beneath ``directory``; files that vanish meanwhile count nothing."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.stat(os.path.join(folder, name)).st_size
            except OSError:
                continue
    return total
