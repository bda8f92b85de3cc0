"""The OpenSearch engine keeps the port's promises, on a real node."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from indexers.engine import Engine
from indexers.opensearch.cluster import ClusterOptions
from indexers.opensearch.engine import OpenSearchEngine
from tests.contract.engine.engine_cases import DIMENSIONS, RECIPE
from tests.contract.engine.engine_conformance import EngineConformance
from tests.support.opensearch import remove_indices


class TestOpenSearchEngine(EngineConformance):
    """The suite over indices of its own."""

    @pytest.fixture
    def engine(self, opensearch_url: str) -> Iterator[Engine]:
        """A new, empty engine."""
        options = ClusterOptions(opensearch_url, prefix=f"t{uuid.uuid4().hex[:10]}", timeout_seconds=10.0)
        engine = OpenSearchEngine(options, RECIPE, DIMENSIONS)
        assert engine.try_acquire_writer()
        yield engine
        engine.close()
        remove_indices(options)
