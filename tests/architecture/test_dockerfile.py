"""The Dockerfile, read: stages, an unprivileged user, a health check that runs, nothing copied that is not there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(place for place, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


def test_there_are_two_stages_and_the_last_one_builds_nothing() -> None:
    assert [name for name, _ in instructions()].count("FROM") == 2
    assert not any(name == "RUN" and re.search(r"\b(pip|uv|apt-get)\b", rest) for name, rest in last_stage())


def test_everything_that_is_copied_exists() -> None:
    copied = [rest.split() for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    assert copied
    assert [source for sources in copied for source in sources[:-1] if not (ROOT / source).exists()] == []


def test_it_does_not_run_as_root() -> None:
    names = [name for name, _ in last_stage()]
    assert ("USER", "kb") in last_stage()
    assert names.index("USER") < names.index("CMD")


def test_torch_is_in_no_stage() -> None:
    assert not any("torch" in rest or "[train]" in rest for _, rest in instructions())


def test_the_encoder_lies_where_the_service_looks_and_not_in_the_volume() -> None:
    stage = last_stage()
    settings = dict(pair.split("=", 1) for name, rest in stage if name == "ENV" for pair in rest.split())
    volumes = [rest for name, rest in stage if name == "VOLUME"]
    assert settings["KB_DATA_DIR"] in volumes
    assert not settings["KB_ENCODER"].startswith(settings["KB_DATA_DIR"])
    assert any(name == "COPY" and rest.split()[-1] == settings["KB_ENCODER"] for name, rest in stage)


@pytest.mark.parametrize("name", ["HEALTHCHECK", "CMD"])
def test_commands_are_lists_that_need_no_shell(name: str) -> None:
    (rest,) = (rest for found, rest in last_stage() if found == name)
    command = json.loads(rest[rest.index("[") :])
    assert all(isinstance(part, str) for part in command)
    if name == "HEALTHCHECK":
        compile(command[-1], "healthcheck", "exec")
