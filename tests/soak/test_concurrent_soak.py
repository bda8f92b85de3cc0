"""Editors, imports, rebuilds and searchers for minutes: run with ``pytest -m soak tests/soak``."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.concurrent_edits import Traffic, check_index, check_outcome
from tests.integration.served import Served, serve

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]
EDIT_SECONDS, IMPORT_SECONDS = 60, 120
ROWS = 90


def test_many_editors_for_minutes(tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        traffic = Traffic(served, seconds=EDIT_SECONDS)
        traffic.run()
        check_outcome(traffic)


def test_imports_and_rebuilds_beside_searches(tmp_path: Path) -> None:
    rounds = itertools.count()
    with serve(tmp_path) as served:
        traffic = Traffic(served, seconds=IMPORT_SECONDS)
        traffic.run_beside(lambda: _import_and_rebuild(served, next(rounds)))
        assert traffic.faults == []
        assert served.crashes() == []
        check_index(served)


def _import_and_rebuild(served: Served, turn: int) -> None:
    source = served.directory / "rows.jsonl"
    rows = [{"id": str(n), "title": f"Tunnel {n} of {turn}", "body": f"# A\n\ntunnel {n} {turn}"} for n in range(ROWS)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    environment = {**os.environ, "KB_DATA_DIR": str(served.directory / "var"), "KB_ENCODER": "hashing"}
    for arguments in (("import", str(source)), ("reindex",)):
        command = [sys.executable, "-m", "kb_service.cli", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
