"""After a kill at any point nothing acknowledged is lost and nothing unpublished is found (the long form:
tests/soak).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.kills import POINTS, check_recovery, run_and_kill_at_random, run_until_killed

OCCURRENCE = {"merge": 1, "import": 3}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_a_named_point_loses_nothing(tmp_path: Path, point: str) -> None:
    was_killed, told = run_until_killed(tmp_path, point, occurrence=OCCURRENCE.get(point, 7), seed=1)
    check_recovery(tmp_path, told)
    if not was_killed:
        pytest.skip(f"the engine never reached the point {point!r}")
    assert told


@pytest.mark.timeout(180)
def test_kills_at_random_moments_one_after_another_lose_nothing(tmp_path: Path) -> None:
    told = []
    for seed in range(3):
        told += run_and_kill_at_random(tmp_path, seed)
    check_recovery(tmp_path, told)
