"""Keeps passage vectors on disk and query vectors in memory, so that no text is encoded twice.

Invariants: a vector is found only under its recipe's digest and its text's SHA-256; it is returned as it was stored, or
not at all (length and CRC-32 per record); a damaged file is discarded, never fatal: everything here can be computed
again. One SQLite file in WAL mode, shared between threads and processes; open it after a fork, not before.

Vectors are stored as float16 and normalised when read. CachedEncoder passes fresh vectors through the same rounding, so
a vector does not depend on whether it came from the cache (measured: dot products differ by at most 4e-5, the top ten
are the same).
"""

import hashlib
import logging
import os
import sqlite3
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from indexers.embedding.port import Encoder, Vectors, normalise
from indexers.embedding.recipe import Recipe

logger = logging.getLogger(__name__)

T = TypeVar("T")
SCHEMA_VERSION = 1
VECTORS_FILE = "vectors.sqlite3"
SELECT_SIZE = 500
ENCODE_SIZE = 256
DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_IOERR})


class VectorCache:
    """Passage vectors of one recipe in a file that other recipes may share."""

    def __init__(self, path: Path, recipe: Recipe) -> None:
        """Opens or creates `path`; raises OSError or sqlite3.OperationalError if the place cannot be written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.recipe = recipe
        self._path = path
        self._digest = recipe.digest()
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._guarded(lambda connection: None, None, "open", strict=True)

    def get_many(self, texts: Sequence[str]) -> tuple[Vectors, list[int]]:
        """((n, dimensions) float32, indices of missing texts in ascending order, whose rows are zero)."""
        hashes = [_hash_text(text) for text in texts]
        nothing: dict[bytes, Vectors] = {}
        found = self._guarded(lambda connection: self._select(connection, set(hashes)), nothing, "read")
        vectors = np.zeros((len(texts), self.recipe.dimensions), dtype=np.float32)
        missing = []
        for i, text_hash in enumerate(hashes):
            if text_hash in found:
                vectors[i] = found[text_hash]
            else:
                missing.append(i)
        return vectors, missing

    def put_many(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Stores (n, dimensions) vectors in one transaction.

        A full disk or a busy file is logged and costs only the entry.
        """
        if np.shape(vectors) != (len(texts), self.recipe.dimensions):
            raise ValueError(f"{len(texts)} texts need vectors of shape ({len(texts)}, {self.recipe.dimensions})")
        rows = [(self._digest, _hash_text(text), _pack(vector)) for text, vector in zip(texts, vectors, strict=True)]

        def insert(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO vector (recipe, text_hash, content) VALUES (?, ?, ?)", rows
                )

        self._guarded(insert, None, "write")

    def prune(self, max_bytes: int) -> int:
        """Deletes vectors until the file has about `max_bytes` (other recipes first, then the oldest); their number."""
        return self._guarded(lambda connection: self._prune(connection, max_bytes), 0, "prune")

    def close(self) -> None:
        """Closes the file; the next call opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _select(self, connection: sqlite3.Connection, hashes: set[bytes]) -> dict[bytes, Vectors]:
        found: dict[bytes, Vectors] = {}
        wanted = list(hashes)
        for start in range(0, len(wanted), SELECT_SIZE):
            part = wanted[start : start + SELECT_SIZE]
            marks = ",".join("?" * len(part))
            query = f"SELECT text_hash, content FROM vector WHERE recipe = ? AND text_hash IN ({marks})"
            for text_hash, content in connection.execute(query, [self._digest, *part]):
                vector = _unpack(content, self.recipe.dimensions)
                if vector is not None:
                    found[text_hash] = vector
        return found

    def _prune(self, connection: sqlite3.Connection, max_bytes: int) -> int:
        deleted = 0
        while (used := _used_bytes(connection)) > max_bytes:
            (count,) = connection.execute("SELECT count(*) FROM vector").fetchone()
            if not count:
                break
            excess = max(1, min(count, int(count * (used - max_bytes) / used) + 1))
            with connection:
                oldest = "SELECT id FROM vector ORDER BY recipe = ?, id LIMIT ?"
                connection.execute(f"DELETE FROM vector WHERE id IN ({oldest})", (self._digest, excess))
            deleted += excess
        connection.executescript("PRAGMA incremental_vacuum")  # execute() would free a single page
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return deleted

    def _guarded(self, work: Callable[[sqlite3.Connection], T], fallback: T, name: str, *, strict: bool = False) -> T:
        """Runs `work`.

        Damage discards the file and tries once more, other failures give the fallback (strict: raise).
        """
        with self._lock:
            for _ in range(2):
                try:
                    return work(self._open())
                except sqlite3.DatabaseError as error:
                    if not _is_damage(error):
                        if strict:
                            raise
                        logger.warning("vector_cache.unavailable", extra={"operation": name, "cause": str(error)})
                        return fallback
                    logger.warning("vector_cache.discarded", extra={"operation": name, "cause": str(error)})
                    self._discard()
            return fallback

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, timeout=10, check_same_thread=False)
            try:
                _prepare(connection)
                self._inode = os.stat(self._path).st_ino
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _discard(self) -> None:
        """Removes the damaged file, unless another process has already put a new one in its place."""
        opened = self._connection is not None
        self.close()
        if opened and self._path.exists() and os.stat(self._path).st_ino != self._inode:
            return
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)


class CachedEncoder(Encoder):
    """An encoder that asks the cache first and remembers the last query vectors.

    `on_progress(done, total)` is called after each batch of distinct passages (done counts those found in the cache,
    too).
    """

    def __init__(
        self,
        encoder: Encoder,
        cache: VectorCache,
        *,
        query_size: int = 4096,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        if cache.recipe != encoder.recipe:
            raise ValueError("the cache was opened for another recipe than the encoder's")
        self.recipe = encoder.recipe
        self._encoder = encoder
        self._cache = cache
        self._on_progress = on_progress
        self._queries: OrderedDict[str, Vectors] = OrderedDict()
        self._query_size = query_size
        self._lock = threading.Lock()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """As the port says; only queries that were not asked lately are encoded."""
        known = {text: vector for text in texts if (vector := self._remembered(text)) is not None}
        unknown = [text for text in dict.fromkeys(texts) if text not in known]
        if unknown:
            fresh = dict(zip(unknown, self._encoder.encode_queries(unknown), strict=True))
            self._remember(fresh.items())
            known |= fresh
        return _stack((known[text] for text in texts), self.dimensions)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """As the port says; a text is encoded once, and stored batch by batch, so that an interrupted run goes on."""
        distinct = list(dict.fromkeys(texts))
        vectors, missing = self._cache.get_many(distinct)
        self._report(len(distinct) - len(missing), len(distinct))
        for start in range(0, len(missing), ENCODE_SIZE):
            part = missing[start : start + ENCODE_SIZE]
            batch = [distinct[i] for i in part]
            fresh = self._encoder.encode_passages(batch)
            self._cache.put_many(batch, fresh)
            vectors[part] = normalise(fresh.astype(np.float16))
            self._report(len(distinct) - len(missing) + start + len(part), len(distinct))
        position = {text: i for i, text in enumerate(distinct)}
        return vectors[[position[text] for text in texts]] if texts else vectors

    def known(self, texts: Sequence[str]) -> set[str]:
        """Those of ``texts`` whose passage vectors are stored: they cost nothing to encode."""
        distinct = list(dict.fromkeys(texts))
        missing = set(self._cache.get_many(distinct)[1])
        return {text for i, text in enumerate(distinct) if i not in missing}

    def _remembered(self, text: str) -> Vectors | None:
        with self._lock:
            if text in self._queries:
                self._queries.move_to_end(text)
            return self._queries.get(text)

    def _remember(self, items: Iterable[tuple[str, Vectors]]) -> None:
        with self._lock:
            for text, vector in items:
                self._queries[text] = vector.copy()
                self._queries.move_to_end(text)
            while len(self._queries) > self._query_size:
                self._queries.popitem(last=False)

    def _report(self, done: int, total: int) -> None:
        if self._on_progress is not None:
            self._on_progress(done, total)


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = NORMAL")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == SCHEMA_VERSION:
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DROP TABLE IF EXISTS vector")
        connection.execute(
            "CREATE TABLE vector (id INTEGER PRIMARY KEY AUTOINCREMENT, recipe TEXT NOT NULL, text_hash BLOB NOT NULL,"
            " content BLOB NOT NULL, UNIQUE (recipe, text_hash))"
        )
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in DAMAGE


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _hash_text(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _pack(vector: Vectors) -> bytes:
    content = vector.astype("<f2").tobytes()
    return content + zlib.crc32(content).to_bytes(4, "little")


def _unpack(content: bytes, dimensions: int) -> Vectors | None:
    if len(content) != 2 * dimensions + 4 or zlib.crc32(content[:-4]) != int.from_bytes(content[-4:], "little"):
        return None
    row: Vectors = normalise(np.frombuffer(content[:-4], dtype="<f2").reshape(1, -1))[0]
    return row


def _stack(rows: Iterable[Vectors], dimensions: int) -> Vectors:
    return np.array(list(rows), dtype=np.float32).reshape(-1, dimensions)
