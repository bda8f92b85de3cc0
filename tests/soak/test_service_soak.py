"""The long form of tests/integration/test_service_troubles.py: several minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.service_troubles import trouble
from tests.support.databases import StoppablePostgres

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


def test_database_away_processes_killed_the_disk_full(stoppable_postgres: StoppablePostgres, tmp_path: Path) -> None:
    outcome = trouble(stoppable_postgres, tmp_path, rounds=6, seconds=10.0)
    assert outcome.longest_gap_seconds < 10
