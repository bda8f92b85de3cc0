"""One catalogue of texts; highlighted passages are escaped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kb_service.search.request import Snippet
from kb_service.web.markup import highlighted, notice_html
from kb_service.web.messages import MESSAGES, message
from kb_service.web.sign_in import local_path

WEB = Path(__file__).parents[3] / "kb_service" / "web"
FAMILIES = (
    "error.",
    "type.",
    "degraded.",
    "facet.",
    "helped.",
    "admin.",
    "section.",
    "widget.",
    "agent.",
    "renderings.",
    "findings.",
    "gaps.",
    "proposals.",
    "impact.",
)
"""Prefixes of keys that are completed by a value at run time."""


def keys_used() -> set[str]:
    sources = [*WEB.glob("*.py"), *WEB.glob("templates/**/*.html")]
    texts = [path.read_text("utf-8") for path in sources if path.name != "messages.py"]
    return set(re.findall(r"[\"']([a-z_]+(?:\.[a-z_0-9]+)+)[\"']", "\n".join(texts))) | {"skip", "changed"}


def test_every_text_is_used_and_none_is_missing() -> None:
    used = keys_used()
    unused = {key for key in MESSAGES if key not in used and not key.startswith(FAMILIES)}
    assert not unused
    called = {k for k in used if k.partition(".")[0] in {m.partition(".")[0] for m in MESSAGES}}
    missing = {key for key in called if key not in MESSAGES and not re.search(r"\.(html|css|js)$|_$", key)}
    assert not missing


def test_a_pair_of_texts_counts() -> None:
    assert message("count.articles", n=1) == "1 answer"
    assert message("count.articles", n=2) == "2 answers"


def test_a_highlighted_passage_is_escaped() -> None:
    shown = highlighted(Snippet("", "", "run <b> `x` now", [(4, 7)]))
    assert shown == "run <mark>&lt;b&gt;</mark> <code>x</code> now"


def test_overlapping_highlights_do_not_repeat_text() -> None:
    assert highlighted(Snippet("", "", "abcdef", [(0, 3), (2, 5)])) == "<mark>abc</mark>def"


def test_a_notice_cannot_carry_a_script() -> None:
    assert "<script" not in notice_html("**Known** <script>alert(1)</script> [x](javascript:alert(1))")


@pytest.mark.parametrize("address", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb"])
def test_signing_in_leads_nowhere_else(address: str) -> None:
    assert local_path(address) == "/"
