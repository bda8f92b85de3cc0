"""What is counted and measured while running, in Prometheus' form. Monitoring.py shows it.

Labels hold names from closed lists (a route's template, a stage, a reason), never what people typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import Counter, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
_STAGE_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0)

REQUESTS = Counter("kb_requests", "Requests served", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("kb_request_seconds", "From a request to its answer", ["route"], buckets=_SECONDS)
SEARCHES = Counter("kb_searches", "Questions by kind and outcome", ["kind", "outcome"])
SEARCH_SECONDS = Histogram("kb_search_seconds", "From a question to its answer", ["kind"], buckets=_SECONDS)
STAGE_SECONDS = Histogram("kb_search_stage_seconds", "Stages of a search", ["stage"], buckets=_STAGE_SECONDS)
DEGRADED = Counter("kb_search_degraded", "Answers with less, by what was missing", ["reason"])
STALE_HITS = Counter("kb_search_stale_hits", "Found by the index, dropped by the check against the database")
SYNCED = Counter("kb_index_changes", "Changes brought to the index, by outcome", ["outcome"])
LOG_DROPPED = Counter("kb_query_log_dropped", "Rows of the query log that were given up")


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """One request, by its route's template."""
    REQUESTS.labels(method, route, str(status)).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)


def observe_search(kind: str, outcome: str, seconds: float, degraded: Iterable[str]) -> None:
    """One question on any path."""
    SEARCHES.labels(kind, outcome).inc()
    SEARCH_SECONDS.labels(kind).observe(seconds)
    for reason in degraded:
        DEGRADED.labels(reason).inc()


def observe_stages(timings_ms: Mapping[str, float]) -> None:
    """How long each stage of a search took."""
    for stage, milliseconds in timings_ms.items():
        STAGE_SECONDS.labels(stage).observe(milliseconds / 1000)
