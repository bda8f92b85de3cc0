"""Searches at one point in time of one generation, whatever is written meanwhile.

Invariants: an answer with a failed shard is no answer; when the point in time is lost (a node died, or it grew old), a
new one of the same generation is opened and the question asked again.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from typing import Any

from indexers.backoff import backoff_seconds
from indexers.engine import EngineUnavailable
from indexers.opensearch.cluster import Cluster, ndjson
from indexers.opensearch.errors import ClusterOverloaded, NotInCluster, by_status

KEEP_ALIVE = "5m"
_ONE = "error,status,_shards.failed,aggregations,hits.total,hits.hits.sort,hits.hits.fields,hits.hits._source"
_INNER = "hits.hits.inner_hits.parts.hits.hits.fields"
FILTER_PATH = ",".join(f"responses.{name}" for name in (*_ONE.split(","), _INNER))


class PointInTime:
    """Thread-safe; opened by the first search."""

    def __init__(self, cluster: Cluster, index: str) -> None:
        self._cluster = cluster
        self._index = index
        self._id = ""
        self._lock = threading.Lock()

    def open(self) -> str:
        """The identity that searches carry."""
        with self._lock:
            if not self._id:
                path, params = f"/{self._index}/_search/point_in_time", {"keep_alive": KEEP_ALIVE}
                params["allow_partial_pit_creation"] = "false"
                self._id = self._cluster.read("POST", path, params=params)["pit_id"]
            return self._id

    def _forget(self, identity: str) -> None:
        with self._lock:
            if self._id == identity:
                self._id = ""

    def search(self, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answers in the order of the questions, in one request."""
        deadline, failures = time.monotonic() + 3 * self._cluster.options.timeout_seconds, 0
        while True:
            identity = self.open()
            try:
                return self._search(identity, bodies)
            except (NotInCluster, ClusterOverloaded):
                self._forget(identity)
                failures += 1
                pause = backoff_seconds(failures, cap_seconds=1.0, first_seconds=0.02)
                if time.monotonic() + pause > deadline:
                    raise
                time.sleep(pause)

    def _search(self, identity: str, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        header = {"search_type": "dfs_query_then_fetch"} if self._cluster.options.shards > 1 else {}
        at = {"pit": {"id": identity, "keep_alive": KEEP_ALIVE}}
        lines = [line for body in bodies for line in (header, body | at)]
        found = self._cluster.read("POST", "/_msearch", ndjson(lines), {"filter_path": FILTER_PATH})
        for response in found["responses"]:
            if "error" in response:
                raise by_status(int(response.get("status", 500)), _reason(response["error"]))
            if response.get("_shards", {}).get("failed"):
                raise ClusterOverloaded("a part of the index does not answer")
        return list(found["responses"])

    def close(self) -> None:
        """Give the cluster its memory back; failing that, it does so itself after a while."""
        with self._lock:
            identity, self._id = self._id, ""
        if identity:
            with contextlib.suppress(EngineUnavailable):
                self._cluster.read("DELETE", "/_search/point_in_time", {"pit_id": [identity]})


def _reason(error: Any) -> str:
    causes = error.get("root_cause") or [error]
    return f"{causes[0].get('type')}: {causes[0].get('reason')}"


def hits(response: dict[str, Any]) -> list[dict[str, Any]]:
    """The hits of one answer."""
    found: list[dict[str, Any]] = response.get("hits", {}).get("hits", [])
    return found
