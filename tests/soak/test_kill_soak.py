"""The long form of the kill tests: run with ``pytest -m soak tests/soak`` (some 20 minutes on two cores)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.import_kills import kill_imports
from tests.integration.kills import POINTS, check_recovery, run_and_kill_at_random, run_until_killed

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]
REPEATS = 10
STRIDE = {"merge": 0, "import": 1}
"""How much later each repetition kills (default 3 occurrences); the seeds differ as well."""
ATTEMPTS = 4
"""Not every random history of changes reaches a merge: another one is tried then."""
IMPORTS = 10
RANDOM_KILLS = 50
KILLS_PER_DIRECTORY = 5


@pytest.mark.parametrize("turn", range(REPEATS))
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_a_named_point_loses_nothing(tmp_path: Path, point: str, turn: int) -> None:
    occurrence = 1 + turn * STRIDE.get(point, 3)
    for attempt in range(ATTEMPTS):
        directory = tmp_path / str(attempt)
        was_killed, told = run_until_killed(directory, point, occurrence, seed=100 + turn + 1000 * attempt)
        check_recovery(directory, told)
        if was_killed:
            return
    pytest.fail(f"in {ATTEMPTS} runs the engine never reached the point {point!r} {occurrence} times")


@pytest.mark.parametrize("seed", range(0, RANDOM_KILLS, KILLS_PER_DIRECTORY))
def test_kills_at_random_moments_one_after_another_lose_nothing(tmp_path: Path, seed: int) -> None:
    told = []
    for kill in range(seed, seed + KILLS_PER_DIRECTORY):
        told += run_and_kill_at_random(tmp_path, 1000 + kill)
        check_recovery(tmp_path, told)


@pytest.mark.parametrize("seed", range(IMPORTS))
def test_a_kill_during_an_import_loses_nothing(tmp_path: Path, seed: int) -> None:
    kill_imports(tmp_path, kills=2, seed=100 + seed)
