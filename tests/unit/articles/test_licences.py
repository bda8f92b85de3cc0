"""Who may publish what, for every licence and standing."""

from __future__ import annotations

from itertools import product

import pytest

from kb_service.articles.inputs import CONFIDENCES, GOVERNANCES
from kb_service.articles.licences import Licence, Standing, check_publishing, licence_of
from kb_service.auth.actors import ANONYMOUS, Role, actor_for
from kb_service.errors import Conflict, NotAllowed

_AUDIENCES = (("agent",), ("author",), ("agent", "author"), ("agent", "partner"), ("customer",), ("public", "agent"))
_CASES = list(product(Licence, CONFIDENCES, GOVERNANCES, _AUDIENCES, (True, False)))


def _is_allowed(licence: Licence, standing: Standing, wrote_it: bool) -> bool:
    try:
        check_publishing(licence, standing, wrote_it=wrote_it)
    except (Conflict, NotAllowed):
        return False
    return True


def test_every_combination_is_decided_as_the_table_says() -> None:
    for licence, confidence, governance, audience, wrote_it in _CASES:
        is_inside = set(audience) <= {"agent", "author"}
        expected = (
            licence in (Licence.CONTRIBUTOR, Licence.PUBLISHER)
            and (is_inside or (licence is Licence.PUBLISHER and confidence != "work_in_progress"))
            and (governance == "experience" or (licence is Licence.PUBLISHER and not wrote_it))
        )
        standing = Standing(confidence, governance, frozenset(audience))
        assert _is_allowed(licence, standing, wrote_it) is expected, (licence, standing, wrote_it)


@pytest.mark.parametrize(
    ("role", "licence"),
    [
        (Role.CUSTOMER, Licence.NONE),
        (Role.COLLEAGUE, Licence.CANDIDATE),
        (Role.AGENT, Licence.CONTRIBUTOR),
        (Role.LEAD, Licence.PUBLISHER),
        (Role.AUTHOR, Licence.PUBLISHER),
        (Role.REVIEWER, Licence.PUBLISHER),
        (Role.ADMIN, Licence.PUBLISHER),
    ],
)
def test_a_role_holds_its_licence(role: Role, licence: Licence) -> None:
    assert licence_of(actor_for("user:1", "Ann", role)) is licence
    assert licence_of(ANONYMOUS) is Licence.NONE
