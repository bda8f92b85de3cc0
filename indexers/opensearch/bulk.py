"""Writes many documents at once and looks at the outcome of each.

Invariants: an older version is left alone (that is success); what the cluster could not take now is tried again, longer
apart each time; what it will never take is named, article by article, and the rest is written.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from indexers.backoff import backoff_seconds
from indexers.opensearch.cluster import Cluster, ndjson
from indexers.opensearch.errors import ClusterOverloaded, RequestRejected, by_status

MAX_BYTES = 5_000_000
PATIENCE_SECONDS = 30.0
_LATER = frozenset({408, 429, 500, 502, 503, 504})
_PARAMS = {"require_alias": "true", "filter_path": "errors,items.*.status,items.*.error.type,items.*.error.reason"}


@dataclass(frozen=True, slots=True)
class Write:
    """One document and its external version, as the two lines of a bulk request."""

    article_id: int
    lines: str


def make_write(target: str, article_id: int, version: int, document: dict[str, Any]) -> Write:
    """Raises TypeError when the document is no JSON."""
    action = {"_index": target, "_id": str(article_id), "version": version, "version_type": "external_gte"}
    return Write(article_id, ndjson([{"index": action}, document]))


def write_all(cluster: Cluster, writes: Sequence[Write], patience_seconds: float = PATIENCE_SECONDS) -> dict[int, str]:
    """Write in portions; returns the errors of articles that can never be indexed. Raises EngineUnavailable."""
    poison: dict[int, str] = {}
    for portion in _portions(writes):
        poison |= _write(cluster, portion, time.monotonic() + patience_seconds)
    return poison


def _write(cluster: Cluster, writes: list[Write], deadline: float) -> dict[int, str]:
    failures = 0
    poison: dict[int, str] = {}
    while writes:
        outcomes = _send(cluster, writes)
        later = []
        for write, (status, error) in zip(writes, outcomes, strict=True):
            if status in _LATER:
                later.append(write)
            elif status in (401, 403, 404):
                raise by_status(status, error)
            elif status >= 400 and status != 409:
                poison[write.article_id] = error
        if later:
            failures += 1
            pause = backoff_seconds(failures, cap_seconds=4.0)
            if time.monotonic() + pause > deadline:
                raise ClusterOverloaded(f"OpenSearch did not take {len(later)} documents; they are tried again")
            time.sleep(pause)
        writes = later
    return poison


def _send(cluster: Cluster, writes: Sequence[Write]) -> list[tuple[int, str]]:
    """(status, error) of each."""
    try:
        answer = cluster.write("POST", "/_bulk", "".join(write.lines for write in writes), _PARAMS)
    except RequestRejected as error:
        if len(writes) > 1:  # find out which one it is
            return [one for write in writes for one in _send(cluster, [write])]
        return [(400, str(error))]
    results = [next(iter(item.values())) for item in answer["items"]]
    return [(result["status"], _describe(result.get("error", {}))) for result in results]


def _describe(error: dict[str, Any]) -> str:
    return f"{error.get('type', '')}: {error.get('reason', '')}"


def _portions(writes: Iterable[Write]) -> Iterator[list[Write]]:
    portion: list[Write] = []
    size = 0
    for write in writes:
        if portion and size + len(write.lines) > MAX_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(write)
        size += len(write.lines)
    if portion:
        yield portion
