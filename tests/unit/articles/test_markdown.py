"""Markdown: safe HTML, plain text, sections."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_service.articles.markdown import Anchors, read_sections, sanitize, to_html, to_text


def html(text: str) -> str:
    return "".join(to_html(part.tokens, {"KB000007": "/articles/KB000007"}.get) for part in read_sections(text))


def plain(text: str) -> str:
    return "\n".join(to_text(part.tokens) for part in read_sections(text))


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        '<a href="jav&#x0A;ascript:alert(1)">x</a>',
        '<a href="data:text/html,x">x</a>',
        "<svg><script>alert(1)</script></svg>",
        '<p style="background:url(javascript:x)">x</p>',
        "<iframe src=//evil></iframe>",
        "```<script>\nx\n```",
    ],
)
def test_nothing_that_runs_survives(attack: str) -> None:
    found = html(attack).lower()
    for sign in ("<script", "onerror=", 'href="jav', 'href="data', "<iframe", "style=", "<svg"):
        assert sign not in found


@given(st.text(max_size=200))
def test_any_text_renders_and_stays_without_scripts(text: str) -> None:
    assert "<script" not in html(text + "<script>").lower()
    plain(text)


def test_kb_links_become_addresses_or_nothing() -> None:
    assert '<a href="/articles/KB000007" rel="noopener">a</a>' in html("[a](kb:KB000007)")
    assert "href" not in html("[a](kb:unknown)")
    assert sanitize('<img src="kb:KB000007">', lambda _: "/x") == "<img>"


def test_plain_text_keeps_lists_code_tables_and_entities() -> None:
    text = "a **b** `x<y` &amp; c\n\n1. one\n2. two\n   - in\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n```\ncode  <x>\n```"
    assert plain(text) == "a b x<y & c\n\n1. one\n2. two\n  - in\n\nA | B\n1 | 2\n\ncode  <x>"


def test_headings_make_sections_and_their_attribute_leaves_the_heading() -> None:
    parts = read_sections('lead\n\n# One {applies_to="versions=>=11"}\n\nx\n\n## Two\n\ny\n')
    assert [(p.level, p.heading, p.applies_to, p.line) for p in parts] == [
        (0, "", None, 1),
        (1, "One", "versions=>=11", 3),
        (2, "Two", None, 7),
    ]


@pytest.mark.parametrize("text", ["# One {applies_to=11}", '> # One {applies_to="os=x"}', '- # A {applies_to="os=x"}'])
def test_an_attribute_that_cannot_hold_is_noticed(text: str) -> None:
    assert any(part.is_malformed for part in read_sections("lead\n\n" + text))


def test_code_may_show_an_attribute() -> None:
    assert not any(p.is_malformed or p.applies_to for p in read_sections('```\n# One {applies_to="x"}\n```'))


def test_anchors_are_unique_and_stable() -> None:
    anchors = Anchors()
    assert [anchors.take(h) for h in ("On Windows", "On Windows", "On  windows!")] == [
        "on-windows",
        "on-windows-2",
        "on-windows-3",
    ]


def test_anchors_of_many_equal_headings_are_made_in_linear_time() -> None:
    anchors, started = Anchors(), time.process_time()
    assert [anchors.take("a-2"), anchors.take("a"), anchors.take("a")] == ["a-2", "a", "a-3"]
    made = {anchors.take("Step") for _ in range(20_000)}
    assert len(made) == 20_000
    assert time.process_time() - started < 3.0
