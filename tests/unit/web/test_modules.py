"""The hand-written modules: their words exist, they load nothing from elsewhere, and they stay small."""

from __future__ import annotations

import re
from pathlib import Path

from kb_service.web.messages import MESSAGES

STATIC = Path(__file__).parents[3] / "kb_service" / "web" / "static"
DESK = sorted((STATIC / "desk").glob("*.js"))
MAX_BYTES = 150_000


def test_every_word_of_the_desk_stands_in_the_catalogue() -> None:
    used = {key for path in DESK for key in re.findall(r"\bt\(\"([a-z_0-9]+)\"", path.read_text("utf-8"))}
    assert len(used) > 60
    assert {key for key in used if f"desk.{key}" not in MESSAGES} == set()


def test_every_word_of_the_widget_stands_in_the_catalogue() -> None:
    used = set(re.findall(r"\bw\(\"([a-z_0-9]+)\"", (STATIC / "kb-agent.js").read_text("utf-8")))
    assert {key for key in used if f"agent.{key}" not in MESSAGES} == set()


def test_no_module_names_another_host() -> None:
    for path in [*DESK, *STATIC.glob("*.js"), *STATIC.glob("**/*.css")]:
        assert not re.search(r"(import|from|src|url)\W{0,3}[\"'(]https?:", path.read_text("utf-8")), path.name


def test_the_desk_is_light() -> None:
    styles = [STATIC / "kb.css", STATIC / "parts.css", STATIC / "desk" / "desk.css"]
    assert sum(path.stat().st_size for path in [*DESK, *styles]) < MAX_BYTES
    assert (STATIC / "kb-agent.js").stat().st_size < MAX_BYTES
