"""GET /metrics: what was counted, and the state of feed, index and jobs at the moment of asking.

For KB_METRICS_TOKEN, or a key that may manage the site. With several processes (``kb serve --workers N``) any of them
answers for all.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
    values,
)
from prometheus_client import metrics as _metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool

from kb_service import metrics
from kb_service.assembly import Parts
from kb_service.auth.actors import Scope
from kb_service.db.base import utcnow
from kb_service.db.jobs import list_jobs
from kb_service.http import PROBLEMS
from kb_service.indexing.status import FeedStatus, feed_status

router = APIRouter(tags=["operations"], responses=PROBLEMS)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", response_class=PlainTextResponse, summary="Figures for Prometheus")
async def read_metrics(request: Request) -> Response:
    """Text format 0.0.4. Send ``Authorization: Bearer`` with KB_METRICS_TOKEN, or an admin's key."""
    token = request.app.state.settings.metrics_token.get_secret_value()
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(sent.encode(), token.encode()):
        actor = await request.app.state.gate.actor_of(request)
        actor.require(Scope.SITE_MANAGE)
    text = await run_in_threadpool(render, request.app.state.parts)
    return Response(text, media_type=CONTENT_TYPE)


def render(parts: Parts) -> bytes:
    """Everything in Prometheus' text format."""
    registry = CollectorRegistry()
    if values.ValueClass is values.MutexValue:
        for counted in vars(metrics).values():
            if isinstance(counted, _metrics.MetricWrapperBase):
                registry.register(counted)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
    else:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(StateCollector(parts))
    return generate_latest(registry)


class StateCollector(Collector):
    """Gauges that are read, not counted. A part that cannot be read is down, and its gauges are absent."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def describe(self) -> Iterator[Metric]:
        """Nothing: describing would ask the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The state now."""
        up = GaugeMetricFamily("kb_part_up", "1: the part can be used", labels=["part"])
        found: list[Metric] = []
        try:
            status = feed_status(self._parts.database, self._parts.engine)
            found = [*_feed(status), *_jobs(self._parts)]
        except Exception:  # noqa: BLE001 - whatever it is, the figures of the rest are wanted most now
            up.add_metric(["database"], 0)
            up.add_metric(["index"], float(_can_read_index(self._parts)))
        else:
            up.add_metric(["database"], 1)
            up.add_metric(["index"], float(status.index is not None))
        yield up
        yield from found


def _can_read_index(parts: Parts) -> bool:
    try:
        parts.engine.snapshot()
    except Exception:  # noqa: BLE001 - as above
        return False
    return True


def _feed(status: FeedStatus) -> Iterator[Metric]:
    yield GaugeMetricFamily("kb_outbox_changes", "Changes that the index does not hold yet", status.pending)
    yield GaugeMetricFamily("kb_outbox_oldest_seconds", "How long the oldest of them waits", status.oldest_seconds)
    yield GaugeMetricFamily("kb_dead_letters", "Changes that cannot be indexed as they are", status.dead)
    yield GaugeMetricFamily("kb_rebuild_running", "1: a generation is being built", float(status.reindex.is_open))
    if status.index is not None:
        yield GaugeMetricFamily("kb_index_articles", "Articles in the serving generation", status.index.articles)
        yield GaugeMetricFamily("kb_index_passages", "Passages in it", status.index.passages)
        yield GaugeMetricFamily("kb_index_bytes", "Its size on the disk", status.index.bytes_on_disk)


def _jobs(parts: Parts) -> Iterator[Metric]:
    failed = GaugeMetricFamily("kb_job_failed", "1: the last run failed", labels=["job"])
    age = GaugeMetricFamily("kb_job_age_seconds", "Since its last run ended", labels=["job"])
    now = utcnow()
    for job in list_jobs(parts.database):
        failed.add_metric([job.name], float(job.last_error is not None))
        if job.last_finished_at is not None:
            age.add_metric([job.name], (now - job.last_finished_at).total_seconds())
    yield failed
    yield age
