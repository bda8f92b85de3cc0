"""A backup's form: a folder, or one .tar of it, with a manifest that holds the checksum of every file.

Invariant: a backup appears under its name only when it is whole and on the disk; before, it is called ``….partial``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from kb_service.errors import Conflict, InvalidInput

MANIFEST = "manifest.json"
FORMAT = 1
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """``revision``: of the schema. ``tables``: rows of each. ``files``: SHA-256 of each, by its path in the backup."""

    revision: str
    made_at: str
    tables: dict[str, int]
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(self.tables.values())


@contextmanager
def making(target: Path) -> Iterator[Path]:
    """A private folder to fill; at the end it becomes ``target``: a .tar when it is called so, else a folder."""
    if target.exists():
        raise Conflict(f"{target} is there already. Choose another name; backups are never overwritten.")
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    try:
        yield folder
        if target.suffix == ".tar":
            _pack(folder, target)
        else:
            _sync(*[path for path in folder.rglob("*") if path.is_file()])
            folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pack(folder: Path, target: Path) -> None:
    partial = target.with_name(f".{target.name}.partial")
    descriptor = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream, tarfile.open(fileobj=stream, mode="w|") as archive:
            archive.add(folder / MANIFEST, MANIFEST)
            for path in sorted(folder.rglob("*")):
                if path.is_file() and path.name != MANIFEST:
                    archive.add(path, path.relative_to(folder).as_posix())
        _sync(partial)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def _sync(*paths: Path) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def seal(folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest, with the checksums of everything else."""
    files = {p.relative_to(folder).as_posix(): checksum(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    sealed = Manifest(manifest.revision, manifest.made_at, manifest.tables, files)
    (folder / MANIFEST).write_bytes(orjson.dumps(asdict(sealed), option=orjson.OPT_INDENT_2))
    return sealed


@contextmanager
def opened(source: Path, room: Path) -> Iterator[tuple[Path, Manifest]]:
    """The backup as a folder, every checksum compared. ``room``: where a .tar is unpacked meanwhile."""
    if not source.exists():
        raise InvalidInput(f"There is no backup at {source}.")
    if source.is_dir():
        yield source, verified(source)
        return
    room.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore.", dir=room) as folder:
        try:
            with tarfile.open(source) as archive:
                for member in _plain_members(archive):
                    archive.extract(member, folder)
        except (tarfile.TarError, EOFError) as exc:
            raise InvalidInput(f"{source} is no backup, or was cut off: {exc}.") from exc
        yield Path(folder), verified(Path(folder))


def _plain_members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Files and folders beneath the archive's root; tarfile's own filters came with 3.11.4. Raises InvalidInput."""
    for member in archive:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
            raise InvalidInput(f"The backup holds {member.name!r}, which no backup has; it was not made by kb backup.")
        yield member


def verified(folder: Path) -> Manifest:
    """The manifest, when every file is there and is what was written. Raises InvalidInput."""
    manifest = _manifest(folder)
    for name, wanted in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise InvalidInput(f"The backup is damaged: {name} is missing.")
        if checksum(path) != wanted:
            raise InvalidInput(f"The backup is damaged: {name} is not what was written. Take another one.")
    return manifest


def _manifest(folder: Path) -> Manifest:
    try:
        found: dict[str, Any] = orjson.loads((folder / MANIFEST).read_bytes())
        manifest = Manifest(**found)
    except (OSError, ValueError, TypeError) as exc:
        raise InvalidInput("This is no backup: its manifest cannot be read.") from exc
    if manifest.format != FORMAT:
        raise InvalidInput(f"This backup has the form {manifest.format}; this version reads {FORMAT}.")
    return manifest


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
