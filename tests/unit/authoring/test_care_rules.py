"""Review dates by type and product; which releases an article reaches into unasked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kb_service.authoring.care_rules import Unconfirmed, numbered, review_days, unasked_release
from kb_service.catalog.context import Applicability
from kb_service.catalog.entries import ProductEntry, ReleaseEntry

THEN = datetime(2026, 1, 1, tzinfo=UTC)
LATER = THEN + timedelta(days=30)
RELEASES = tuple(ReleaseEntry(version, added_at=at) for version, at in (("12", LATER), ("9", THEN), ("10", THEN)))
GATEWAY = ProductEntry("gateway", "Gateway", releases=RELEASES)


def applies(versions: str) -> Applicability:
    return Applicability.of([{"product": "gateway", "versions": versions}])


def test_the_shortest_of_what_is_set_counts() -> None:
    rules = {"*": 300, "policy": 180, "gateway": 90}
    assert review_days(rules, "policy", ["gateway"]) == 90
    assert review_days(rules, "policy", []) == 180
    assert review_days(rules, "howto", ["bridge"]) == 300
    assert review_days({}, "howto", []) == 365


def test_releases_stand_in_their_order_whatever_the_menu_says() -> None:
    assert [one.version for one in numbered(GATEWAY)] == ["9", "10", "12"]


@pytest.mark.parametrize(
    ("versions", "is_asked"), [(">=10", True), ("*", True), ("10 - 11", False), ("12", False), (">=12", False), ("<12", False)]
)  # fmt: skip
def test_what_has_no_end_is_asked_about_when_a_release_comes(versions: str, is_asked: bool) -> None:
    found = unasked_release(applies(versions), GATEWAY, THEN, [])
    assert found == (Unconfirmed("gateway", "12", "10") if is_asked else None)


def test_what_is_confirmed_or_written_later_is_not_asked_about() -> None:
    assert unasked_release(applies(">=10"), GATEWAY, THEN, ["12"]) is None
    assert unasked_release(applies(">=10"), GATEWAY, LATER, []) is None
