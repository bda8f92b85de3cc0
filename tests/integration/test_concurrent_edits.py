"""Many editors at once: exactly one winner for each version, nothing lost, nothing twice (the long form: tests/soak)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.concurrent_edits import Traffic, check_outcome
from tests.integration.served import serve


@pytest.mark.timeout(180)
def test_of_two_changes_to_one_version_one_wins(tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        traffic = Traffic(served, seconds=6)
        traffic.run()
        check_outcome(traffic)
