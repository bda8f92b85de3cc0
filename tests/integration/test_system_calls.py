"""What the operating system was asked to make durable, and in which order, from a publication to its
acknowledgement.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CALLS = "trace=fsync,fdatasync,access,faccessat,faccessat2"


def trace(directory: Path) -> list[str]:
    """Lines of the trace, with the paths of file descriptors."""
    tracer = shutil.which("strace")
    if tracer is None:
        message = "strace is not installed"
        pytest.fail(message) if os.environ.get("KB_REQUIRE_SERVICES") == "1" else pytest.skip(message)
    output = directory / "trace.txt"
    child = [sys.executable, str(Path(__file__).with_name("traced_child.py")), str(directory / "data")]
    done = subprocess.run(
        [tracer, "-f", "-y", "-e", CALLS, "-o", str(output), *child], capture_output=True, check=False
    )
    if b"PTRACE" in done.stderr or b"Operation not permitted" in done.stderr:
        pytest.skip("this system forbids tracing")
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return output.read_text().splitlines()


def between(lines: list[str], start: str, end: str) -> list[str]:
    """The lines between two markers."""
    at = [next(i for i, line in enumerate(lines) if f"MARK-{name}" in line) for name in (start, end)]
    return [line for line in lines[at[0] : at[1]] if "sync" in line]


@pytest.mark.timeout(120)
def test_database_journal_and_tantivy_are_synced_before_the_acknowledgement(tmp_path: Path) -> None:
    lines = trace(tmp_path)
    assert any("kb.sqlite3" in line for line in between(lines, "start", "published"))
    writing = between(lines, "published", "indexed")
    first = {name: next((i for i, line in enumerate(writing) if name in line), -1) for name in ("journal-", "/tantivy")}
    assert min(first.values()) >= 0, "\n".join(writing)
    assert first["journal-"] < first["/tantivy"], "vectors must be durable before the text that refers to them"
    assert any("kb.sqlite3" in line for line in between(lines, "indexed", "acknowledged"))
