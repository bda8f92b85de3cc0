"""The embedded engine keeps the port's promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexers.embedded.engine import EmbeddedEngine
from indexers.engine import Engine
from tests.contract.engine.engine_cases import DIMENSIONS, RECIPE
from tests.contract.engine.engine_conformance import EngineConformance


class TestEmbeddedEngine(EngineConformance):
    """The suite over a temporary directory."""

    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Engine]:
        """A new, empty engine."""
        engine = EmbeddedEngine(tmp_path / "index", RECIPE, DIMENSIONS)
        yield engine
        engine.close()
