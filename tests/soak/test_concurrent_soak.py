"""Editors and searchers for minutes: run with ``pytest -m soak tests/soak``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.concurrent_edits import Traffic, check_outcome
from tests.integration.served import serve

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]
SECONDS = 120


def test_many_editors_for_minutes(tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        traffic = Traffic(served, seconds=SECONDS)
        traffic.run()
        check_outcome(traffic)
