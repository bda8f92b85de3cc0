"""The short form: no search fails, no acknowledged change is lost, nothing withdrawn is shown, whatever part breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.service_troubles import trouble
from tests.support.databases import StoppablePostgres


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_database_away_a_process_killed_the_disk_full(stoppable_postgres: StoppablePostgres, tmp_path: Path) -> None:
    trouble(stoppable_postgres, tmp_path, rounds=1, seconds=2.0)
