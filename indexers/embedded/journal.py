"""The append-only file of a generation: article metadata with its vectors, and tombstones.

A record is a whole number of rows of ``2 * dimensions`` bytes: a header (magic, kind, length of the metadata, vector
count, CRC-32), JSON metadata, padding to the next row, then one float16 row per passage. So the file is at the same
time a journal and a matrix that can be mapped, and vector rows have plain row numbers.

Invariants: a record is complete or it is not there (length and checksum); nothing is changed after it was appended;
what follows a torn record is never read. Files are replaced as a whole by compaction, under a new name.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import orjson

Halves = npt.NDArray[np.float16]

_MAGIC = 0x4B424A31  # "KBJ1"
_HEADER = struct.Struct("<IIIII")  # magic, metadata bytes, vector count, dimensions, checksum
MAX_METADATA = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """One journal record: ``meta`` as written; its vectors are ``count`` rows of the matrix from ``first_row``."""

    meta: Mapping[str, Any]
    first_row: int
    count: int
    end: int
    """Offset of the byte after the record."""


class JournalFormatError(Exception):
    """A record that could never be read back."""


def encode_record(meta: Mapping[str, Any], vectors: Halves) -> bytes:
    """The bytes of one record; ``vectors`` has shape (count, dimensions). Raises JournalFormatError."""
    count, dimensions = vectors.shape
    row_bytes = 2 * dimensions
    try:
        payload = orjson.dumps(meta)
    except TypeError as error:
        raise JournalFormatError(str(error)) from None
    if len(payload) > MAX_METADATA:
        raise JournalFormatError(f"{len(payload)} bytes of metadata")
    head = -(-(_HEADER.size + len(payload)) // row_bytes) * row_bytes
    body = payload.ljust(head - _HEADER.size, b"\0") + np.ascontiguousarray(vectors).tobytes()
    checksum = zlib.crc32(body, zlib.crc32(struct.pack("<III", len(payload), count, dimensions)))
    return _HEADER.pack(_MAGIC, len(payload), count, dimensions, checksum) + body


class Journal:
    """An open journal file. One writer appends; any number of readers map it."""

    def __init__(self, path: Path, dimensions: int, *, writable: bool) -> None:
        self.path = path
        self._dimensions = dimensions
        self._row_bytes = 2 * dimensions
        self._descriptor = os.open(path, (os.O_RDWR | os.O_CREAT) if writable else os.O_RDONLY, 0o644)

    @property
    def size(self) -> int:
        """Bytes in the file, torn tail included."""
        return os.fstat(self._descriptor).st_size

    def append(self, records: Sequence[bytes], at: int) -> int:
        """Write records from offset ``at`` (the end of the last good one); returns the new end. Not yet durable."""
        for start in range(0, len(records), 256):
            block = b"".join(records[start : start + 256])
            view = memoryview(block)
            while view:
                written = os.pwrite(self._descriptor, view, at)
                view, at = view[written:], at + written
        return at

    def sync(self) -> None:
        """Make everything appended durable."""
        os.fsync(self._descriptor)

    def truncate(self, length: int) -> None:
        """Discard everything from ``length`` on, durably."""
        os.ftruncate(self._descriptor, length)
        os.fsync(self._descriptor)

    def matrix(self, length: int) -> Halves:
        """The first ``length`` bytes as float16 rows (rows, dimensions), mapped, read-only; headers are rows too."""
        rows = length // self._row_bytes
        if rows == 0:
            return np.zeros((0, self._dimensions), dtype=np.float16)
        with open(self.path, "rb") as stream:
            return np.memmap(stream, dtype=np.float16, mode="r", shape=(rows, self._dimensions))

    def scan(self, start: int = 0, stop: int | None = None) -> Iterator[Record]:
        """Intact records from byte ``start``; stops at the first torn one."""
        end = self.size if stop is None else min(stop, self.size)
        if start >= end:
            return
        # read, not mapped: the writer may cut a torn tail off meanwhile, which would end a process that maps it
        with self.path.open("rb", buffering=1 << 20) as stream:
            stream.seek(start)
            while record := self._read(stream, start, end):
                yield record
                start = record.end

    def _read(self, stream: BinaryIO, start: int, end: int) -> Record | None:
        header = stream.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return None
        magic, length, count, dimensions, checksum = _HEADER.unpack(header)
        if magic != _MAGIC or dimensions != self._dimensions or length > MAX_METADATA:
            return None
        head = -(-(_HEADER.size + length) // self._row_bytes) * self._row_bytes
        stop = start + head + count * self._row_bytes
        if stop > end:
            return None
        body = stream.read(stop - start - _HEADER.size)
        if zlib.crc32(body, zlib.crc32(struct.pack("<III", length, count, dimensions))) != checksum:
            return None
        return Record(orjson.loads(memoryview(body)[:length]), (start + head) // self._row_bytes, count, stop)

    def close(self) -> None:
        """Release the file; mapped matrices stay valid."""
        os.close(self._descriptor)
