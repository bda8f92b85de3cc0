"""Which process feeds the cluster's index: a document that its holder keeps renewing.

Invariants: a lease is taken only as it was last seen (sequence number), so two never take one at once; whether a holder
is gone is measured by the waiting process's own clock. Should a holder be late, two may write for a moment: external
versions make that harmless.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from indexers.opensearch.cluster import Cluster
from indexers.opensearch.errors import NotInCluster, RequestRejected, WriteConflict

RENEW_SECONDS = 1.0
GONE_SECONDS = 5.0


class WriterLease:
    """One process's view of the lease. Thread-safe."""

    def __init__(self, cluster: Cluster, holder: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._index = f"{cluster.options.prefix}-control"
        self._holder = holder
        self._clock = clock
        self._lock = threading.Lock()
        self._mine: tuple[int, int] | None = None
        self._renewed = 0.0
        self._seen: tuple[int, int] | None = None
        self._seen_at = 0.0

    @property
    def is_held(self) -> bool:
        """Whether this process took the lease and has not lost it."""
        return self._mine is not None

    def try_acquire(self) -> bool:
        """Take or renew; cheap, to be called often. Raises EngineUnavailable."""
        with self._lock:
            now = self._clock()
            if self._mine is not None and now - self._renewed < RENEW_SECONDS:
                return True
            if self._mine is not None:
                return self._put(self._mine)  # one that was lost is said to be lost, and taken afresh the next time
            return self._take(now)

    def _take(self, now: float) -> bool:
        try:
            found = self._cluster.read("GET", f"/{self._index}/_doc/writer")
        except NotInCluster:
            self._create_index()
            return self._put(None)
        stamp = (found["_seq_no"], found["_primary_term"])
        if not found["_source"]["holder"]:
            return self._put(stamp)
        if stamp != self._seen:
            self._seen, self._seen_at = stamp, now
        return now - self._seen_at >= GONE_SECONDS and self._put(stamp)

    def _put(self, stamp: tuple[int, int] | None, holder: str | None = None) -> bool:
        """Write the lease as it was seen (None: as the first); False when somebody was faster."""
        params = {"op_type": "create"} if stamp is None else {"if_seq_no": stamp[0], "if_primary_term": stamp[1]}
        body = {"holder": self._holder if holder is None else holder}
        try:
            written = self._cluster.read("PUT", f"/{self._index}/_doc/writer", body, params)
        except (WriteConflict, NotInCluster):
            self._mine = None
            return False
        self._mine, self._renewed = (written["_seq_no"], written["_primary_term"]), self._clock()
        return True

    def _create_index(self) -> None:
        settings = {"number_of_shards": 1, "number_of_replicas": self._cluster.options.replicas}
        mappings = {"properties": {"holder": {"type": "keyword"}}}
        try:
            self._cluster.write("PUT", f"/{self._index}", {"settings": settings, "mappings": mappings})
        except RequestRejected as error:
            if "already_exists" not in str(error):
                raise

    def describe_holder(self) -> str:
        """Who feeds the index, for people."""
        try:
            holder = self._cluster.read("GET", f"/{self._index}/_doc/writer")["_source"]["holder"]
        except NotInCluster:
            holder = ""
        return f"{holder} feeds the index" if holder else "nobody feeds the index"

    def release(self) -> None:
        """Let the next one in at once. Raises EngineUnavailable."""
        with self._lock:
            if self._mine is not None:
                self._put(self._mine, holder="")
                self._mine = None
