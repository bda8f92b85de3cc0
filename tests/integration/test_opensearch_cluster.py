"""Three real nodes, replicas 1, traffic all the time: a node killed and brought back; the network cut and healed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from indexers.opensearch.cluster import ClusterOptions
from kb_service.settings import Settings
from tests.integration.cluster_traffic import check, traffic, wait
from tests.support.gate import Gate
from tests.support.opensearch import TestCluster, remove_indices


@pytest.fixture
def cluster(opensearch_cluster: TestCluster) -> TestCluster:
    """All three nodes."""
    opensearch_cluster.grow()
    return opensearch_cluster


@pytest.fixture
def settings(cluster: TestCluster, tmp_path: Path) -> Iterator[Settings]:
    made = Settings(
        data_dir=tmp_path / "var", encoder="hashing", opensearch_url=cluster.urls, opensearch_timeout_seconds=2.0,
        opensearch_prefix=f"t{uuid.uuid4().hex[:10]}", opensearch_replicas=1, opensearch_shards=2,
        encoder_timeout_seconds=20.0, rate_limit_per_minute=0,
    )  # fmt: skip
    yield made
    remove_indices(ClusterOptions(cluster.urls, prefix=made.opensearch_prefix, timeout_seconds=10.0))


@pytest.mark.timeout(300)
def test_a_node_that_dies_and_comes_back_costs_no_search_and_no_article(
    cluster: TestCluster, settings: Settings
) -> None:
    with traffic(settings) as running:
        cluster.wait_for_copies()
        time.sleep(4)
        cluster.nodes[1].kill()
        time.sleep(8)
        cluster.grow()
        time.sleep(2)
        check(running)
        print(running.outcome)


@pytest.mark.timeout(120)
def test_a_cut_between_service_and_cluster_is_named_and_heals(cluster: TestCluster, settings: Settings) -> None:
    there = urlsplit(cluster.nodes[0].url)
    gate = Gate((str(there.hostname), int(there.port or 9200)))
    behind = settings.model_copy(update={"opensearch_url": gate.url, "opensearch_timeout_seconds": 0.5})
    with traffic(behind) as running:
        time.sleep(2)
        gate.cut()
        time.sleep(5)
        gate.heal()
        healed = time.monotonic()
        wait(lambda: running.outcome.searches > 0 and _answers(running), 10.0)
        assert time.monotonic() - healed < 5.0
        running.stop()
        lost, found = running.lost()
        assert all("EngineUnavailable" in one or "Cluster" in one for one in running.outcome.failed)
        assert running.outcome.shown_though_withdrawn == []
        assert lost == [] and found.is_clean
    gate.close()


def _answers(running: object) -> bool:
    try:
        return bool(running.find("stock0")[0])  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - not yet
        return False
