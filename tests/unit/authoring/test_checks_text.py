"""Empty parts, personal data, contradictions, readers of links, likeness: each by itself."""

from __future__ import annotations

import pytest

from kb_service.articles.sections import RevisionContent
from kb_service.authoring.checks_contradictions import find_contradictions
from kb_service.authoring.checks_text import check_text
from kb_service.authoring.duplicates import Words, likeness, weigh
from kb_service.authoring.links import can_all_read

WHOLE = RevisionContent("T", "Short.", issue="It hangs.", resolution="Restart it.")


def kinds(content: RevisionContent, type: str = "problem") -> list[tuple[str, str, int]]:
    return [(finding.kind, finding.field, finding.line) for finding in check_text(content, type)]


def test_a_whole_text_has_no_findings() -> None:
    assert kinds(WHOLE) == []


def test_what_a_type_needs_and_what_was_left_open_is_named() -> None:
    assert kinds(RevisionContent("T", "S."), "problem") == [("empty_part", "issue", 0), ("empty_part", "resolution", 0)]
    assert kinds(RevisionContent("T", body="x"), "howto") == [("empty_part", "short_answer", 0)]
    body = "## A\n\n## B\n\ntext\n\n## C\n\n### D\n\nTODO"
    assert kinds(RevisionContent("T", "S.", body=body), "howto") == [
        ("empty_part", "body", 1),
        ("empty_part", "body", 11),
    ]
    assert kinds(RevisionContent("T", "S.", body="## A\n\n![screen](x.png)"), "howto") == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Write to jane.doe@acme.io", "an e-mail address"),
        ("Call +49 30 1234567", "a phone number"),
        ("Card 4111 1111 1111 1111", None),  # a test card of few digits
        ("Card 5500 0051 2345 6785", "a payment card"),
        ("IBAN DE89 3704 0044 0532 0130 00", "a bank account"),
        ("Write to user@example.com or admin@contoso.com", None),
        ("Build 10.0.19041.1234 of 2024-11-24", None),
        ("Part 1234567890123456", None),
        ("Error 0x80070005, KB4056663", None),
    ],
)
def test_personal_data_is_told_from_numbers(text: str, what: str | None) -> None:
    found = [finding.detail["what"] for finding in check_text(RevisionContent("T", "S.", body=text), "howto")]
    assert found == ([what] if what else [])


def test_our_own_addresses_may_stand_in_a_text() -> None:
    content = RevisionContent("T", "S.", body="help@acme.io")
    assert not check_text(content, "howto", ["Help@acme.io"]) and not check_text(content, "howto", ["acme.io"])


@pytest.mark.parametrize(
    ("mine", "theirs", "why"),
    [
        ("Do not restart the gateway during the upgrade.", "Restart the gateway during the upgrade.", "polarity"),
        ("Enable the proxy setting on the client.", "Disable the proxy setting on the client.", "opposite"),
        ("Wait 30 seconds before you press the button.", "Wait 90 seconds before you press the button.", "number"),
        ("Wait 30 seconds before you press the button.", "Wait 30 seconds before you press the button.", None),
        ("Enable the proxy.", "The lamp on the gateway turns green after a while.", None),
        ("You can't open the folder in Explorer.", "You cannot open the folder in Explorer.", None),
    ],
)
def test_sentences_that_say_opposite_things_are_found(mine: str, theirs: str, why: str | None) -> None:
    assert [one.why for one in find_contradictions(mine, theirs)] == ([why] if why else [])


@pytest.mark.parametrize(
    ("readers", "target", "all_read"),
    [
        ({"public"}, {"public"}, True),
        ({"public"}, {"customer"}, False),
        ({"agent"}, {"customer"}, True),
        ({"agent"}, {"public"}, True),
        ({"customer", "agent"}, {"agent"}, False),
        ({"partner"}, {"partner"}, True),
        ({"partner"}, {"agent"}, False),
        ({"author"}, {"agent"}, True),
    ],
)
def test_a_link_is_judged_for_every_reader(readers: set[str], target: set[str], all_read: bool) -> None:
    assert can_all_read(readers, target) is all_read


def test_the_same_words_are_more_alike_than_others_and_rare_words_count_more() -> None:
    a = Words.of("Lamp is red", "restart the gateway and wait for the green lamp")
    b = Words.of("Red lamp", "wait for the green lamp and restart the gateway")
    c = Words.of("Invoice", "restart the printer and wait for the paper")
    weights = {"gateway": 5.0, "lamp": 5.0}
    alike, other = weigh(a, b, 0.95, weights), weigh(a, c, 0.3, weights)
    assert likeness(alike) > 0.9 > 0.1 > likeness(other)
    assert alike.shared[:2] == ("gateway", "lamp")
