"""Whose a set is, what a bookmark warns of, and how a result names it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from kb_service.auth.actors import ANONYMOUS, Role, actor_for
from kb_service.bookmarks.rules import Warning as Warn
from kb_service.bookmarks.rules import may_change, may_see, moved, require_staff, warnings_of, words_for
from kb_service.errors import NotAllowed, NotAuthenticated

MIA = actor_for("user:1", "Mia Moss", Role.AGENT, ["gateway"])
BO = actor_for("user:2", "Bo", Role.AGENT)
LEAD = actor_for("user:3", "Lea", Role.LEAD)


@dataclass
class Found:
    kind: str = "personal"
    owner: str = "user:1"
    owner_name: str = "Mia Moss"
    name: str = "Daily"
    team: str = ""


def test_a_personal_set_is_seen_by_its_owner_until_it_is_given() -> None:
    assert may_see(MIA, Found()) and not may_see(BO, Found())
    assert may_see(BO, Found(team="agents")) and not may_see(BO, Found(team="gateway"))
    assert not may_change(BO, Found(team="agents")), "a colleague follows or copies it"


def test_a_teams_set_is_the_teams_and_a_starter_set_is_led() -> None:
    theirs = Found(kind="team", owner="user:9", team="gateway")
    assert may_change(MIA, theirs) and not may_see(BO, theirs)
    starter = Found(kind="starter", owner="user:9")
    assert may_see(BO, starter) and not may_change(BO, starter) and may_change(LEAD, starter)


def test_bookmarks_are_for_colleagues() -> None:
    with pytest.raises(NotAuthenticated):
        require_staff(ANONYMOUS)
    with pytest.raises(NotAllowed):
        require_staff(actor_for("user:4", "Cy", Role.CUSTOMER))


def test_a_bookmark_warns_of_what_became_of_its_article() -> None:
    assert warnings_of(2, 2, is_archived=False, applies=True) == []
    assert warnings_of(1, 2, is_archived=False, applies=False) == [Warn.CHANGED, Warn.NO_LONGER_APPLIES]
    assert warnings_of(1, 2, is_archived=True, applies=False) == [Warn.ARCHIVED]
    assert warnings_of(1, None, is_archived=False, applies=True) == [Warn.ARCHIVED]


def test_moving_keeps_everything() -> None:
    assert moved([1, 2, 3], 3, 0) == [3, 1, 2]
    assert moved([1, 2, 3], 1, 99) == [2, 3, 1]


def test_a_result_names_whose_set_it_stands_in() -> None:
    assert words_for(Found(), "user:2", "Gateway") == "in Mia’s set for Gateway"
    assert words_for(Found(), "user:1", "") == "in your set “Daily”"
    assert words_for(Found(kind="team"), "user:2", "") == "in the team’s set “Daily”"
    assert words_for(Found(kind="starter"), "user:2", "Gateway") == "in the starter set for Gateway"
    assert words_for(Found(owner_name=""), "user:2", "") == "in a colleague’s set “Daily”"
