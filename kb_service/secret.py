"""The key that signs cursors, forms and cookies: set by the operator, else made once and kept in the data directory."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from kb_service.errors import Unavailable
from kb_service.settings import Settings

FILE_NAME = "secret.key"
MIN_LENGTH = 32


def with_secret_key(settings: Settings) -> Settings:
    """The settings with ``secret_key`` filled in."""
    if settings.secret_key.get_secret_value():
        return settings
    return settings.model_copy(update={"secret_key": SecretStr(read_or_make(settings.data_dir / FILE_NAME))})


def read_or_make(path: Path) -> str:
    """The key in ``path``, made when absent. Of two processes that make it at once, one wins and both use its key."""
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)  # unlike a rename, never replaces the key of another process
    except FileExistsError:
        pass
    finally:
        beside.unlink()
    return _read(path)


def _read(path: Path) -> str:
    key = path.read_text(encoding="ascii").strip()
    if len(key) < MIN_LENGTH:
        raise Unavailable(f"{path} holds no usable key. Remove it (forms start anew), or set KB_SECRET_KEY.")
    return key
