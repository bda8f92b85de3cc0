"""Minutes of traffic over three nodes: each node killed and brought back in turn, and a rebuild under the same traffic."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexers.opensearch.cluster import ClusterOptions
from kb_service.indexing import read_progress, request_reindex
from kb_service.settings import Settings
from tests.integration.cluster_traffic import Traffic, check, traffic, wait
from tests.support.opensearch import TestCluster, remove_indices

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
ROUNDS = 2
QUIET_SECONDS, DEAD_SECONDS = 10, 20
PUBLICATIONS = 100
REBUILT_ARTICLES = 10_000


@pytest.fixture
def settings(opensearch_cluster: TestCluster, tmp_path: Path) -> Iterator[Settings]:
    opensearch_cluster.grow()
    made = Settings(
        data_dir=tmp_path / "var", encoder="hashing", opensearch_url=opensearch_cluster.urls,
        opensearch_prefix=f"t{uuid.uuid4().hex[:10]}", opensearch_shards=2, opensearch_replicas=1,
        encoder_timeout_seconds=20.0, rate_limit_per_minute=0,
    )  # fmt: skip
    yield made
    remove_indices(ClusterOptions(opensearch_cluster.urls, prefix=made.opensearch_prefix, timeout_seconds=10.0))


def test_every_node_dies_in_turn_and_comes_back(opensearch_cluster: TestCluster, settings: Settings) -> None:
    with traffic(settings) as running:
        for turn in range(ROUNDS * opensearch_cluster.size):
            opensearch_cluster.wait_for_copies()
            time.sleep(QUIET_SECONDS)
            opensearch_cluster.nodes[turn % opensearch_cluster.size].kill()
            time.sleep(DEAD_SECONDS)
            opensearch_cluster.grow()
        check(running)
        print(running.outcome)


def test_a_publication_is_found_in_two_and_a_half_seconds_under_traffic(settings: Settings) -> None:
    with traffic(settings) as running:
        lags = running.lags(PUBLICATIONS)
        print(f"publish to searchable: p50 {lags[len(lags) // 2]:.2f} s, p95 {lags[int(len(lags) * 0.95)]:.2f} s")
        assert lags[int(len(lags) * 0.95)] <= 2.5
        check(running)


def test_a_rebuild_of_ten_thousand_passages_costs_no_search_and_hides_nothing(settings: Settings) -> None:
    with traffic(settings) as running:
        running.stock([f"bulk{n}x" for n in range(REBUILT_ARTICLES - 10)])
        _drained(running)
        running.outcome.late.clear()
        request_reindex(running.writer.database)
        wait(lambda: not read_progress(running.writer.database).is_open, 1200.0)
        check(running)
        print(running.outcome)


def _drained(running: Traffic) -> None:
    from kb_service.db.outbox import pending

    def is_empty() -> bool:
        with running.writer.database.reading() as session:
            return pending(session)[0] < 10

    wait(is_empty, 1200.0)
