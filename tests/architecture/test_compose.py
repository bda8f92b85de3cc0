"""compose.yaml, read: its settings exist and can be used, its parts know each other, no secret has a usable default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kb_service.settings import Settings

ROOT = Path(__file__).parents[2]
OURS = ("migrate", "service", "worker")
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def filled(text: str) -> str:
    """What a value becomes when all that must be chosen is "x" forty times."""
    return _VARIABLE.sub(lambda found: (found[3] or "") if found[2] == "-" else "x" * 40, text)


def test_every_setting_exists_and_its_value_can_be_used(compose: Any) -> None:
    for name in OURS:
        given = compose["services"][name]["environment"]
        known = {f"KB_{field.upper()}": field for field in Settings.model_fields}
        assert given.keys() <= known.keys()
        Settings(**{known[key]: filled(value) for key, value in given.items()})


def test_two_serve_and_one_other_feeds(compose: Any) -> None:
    services = compose["services"]
    assert services["service"]["deploy"]["replicas"] == 2
    first, last = services["service"]["ports"][0].split(":")[1].split("-")
    assert int(last) - int(first) + 1 == 2, "each has a port of its own"
    assert services["service"]["environment"]["KB_RUN_WORKER"] == "false"
    assert services["worker"]["command"] == ["kb", "worker"] and services["migrate"]["command"] == ["kb", "migrate"]


def test_parts_that_answer_no_requests_are_not_asked_for_their_health(compose: Any) -> None:
    for name in ("migrate", "worker"):
        assert compose["services"][name]["healthcheck"] == {"disable": True}, "the image's own asks a port"


def test_parts_volumes_and_hosts_that_are_named_exist(compose: Any) -> None:
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= services.keys(), name
        assert {volume.split(":")[0] for volume in service.get("volumes", ())} <= compose["volumes"].keys(), name
        assert "build" in service or re.search(r":[\d.]+$", service["image"]), f"{name} names a version"
    settings = services["service"]["environment"]
    hosts = {
        re.search(r"(?:@|://)([a-z]+):\d+", filled(settings[key]))[1]
        for key in ("KB_DATABASE_URL", "KB_OPENSEARCH_URL")
    }  # type: ignore[index]
    assert hosts <= services.keys()


def test_no_secret_has_a_default(compose: Any) -> None:
    text = (ROOT / "compose.yaml").read_text("utf-8")
    secrets = [found for found in _VARIABLE.finditer(text) if re.search("PASSWORD|SECRET", found[1])]
    assert secrets and all(found[2] == "?" for found in secrets)
