"""The command line's edge: one line for what a person can mend, exit code 2, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kb_service.cli import COMMANDS, load
from kb_service.commands.failures import explain


def kb(*args: str, data_dir: Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KB_DATA_DIR": str(data_dir), "KB_ENCODER": "hashing", **env}
    command = [sys.executable, "-m", "kb_service.cli", *args]
    return subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "name", [name for name, place in COMMANDS.items() if Path(place.full_name.replace(".", "/") + ".py").exists()]
)
def test_every_command_in_the_table_can_be_loaded(name: str) -> None:
    assert load(name).help or load(name).commands


def test_a_user_and_a_key_are_made_and_listed(tmp_path: Path) -> None:
    added = kb(
        "user",
        "add",
        "ann@example.com",
        "--role",
        "admin",
        "--password-stdin",
        data_dir=tmp_path,
        stdin="long enough!\n",
    )
    assert added.stdout == "Added ann@example.com as admin.\n"
    assert "ann@example.com  admin" in kb("user", "list", data_dir=tmp_path).stdout
    made = kb("key", "create", "desk", data_dir=tmp_path).stdout.strip()
    assert made.startswith("kb_sk_")
    assert "\n" not in made, "nothing but the key on stdout"


def test_failures_are_one_line_with_exit_code_2(tmp_path: Path) -> None:
    failures = [
        kb("user", "disable", "nobody@example.com", data_dir=tmp_path),
        kb("jobs", data_dir=tmp_path, KB_PORT="eighty"),
        kb("user", "add", "x", "--password-stdin", data_dir=tmp_path, stdin="long enough!\n"),
        kb("jobs", data_dir=tmp_path, KB_DATABASE_URL="sqlite:////proc/nowhere/kb.sqlite3"),
    ]
    for failed in failures:
        assert failed.returncode == 2, failed
        assert failed.stderr.startswith("kb: ")
        assert failed.stderr.count("\n") == 1
        assert "Traceback" not in failed.stderr
    assert "KB_PORT" in failures[1].stderr


def test_a_defect_of_ours_is_not_explained_away() -> None:
    assert explain(ZeroDivisionError()) is None


def test_the_doctor_finds_a_fresh_installation_fine(tmp_path: Path) -> None:
    done = kb("doctor", data_dir=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "migrates itself" in done.stdout
