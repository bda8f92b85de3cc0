"""Widget tokens: signed, short, and never more than their key and their person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_service.auth.actors import Role, Scope, actor_for
from kb_service.auth.widget_tokens import SCOPES, Claims, make_token, narrowed, read_token

SECRET = b"s" * 32
KEY = actor_for("key:1", "CRM", Role.AGENT)
CLAIMS = Claims(narrowed(KEY, None), "https://crm.example.com", 1000.0)


def test_a_token_reads_back_until_it_is_over() -> None:
    text = make_token(SECRET, CLAIMS)
    assert read_token(SECRET, text, 999.0) == CLAIMS
    assert read_token(SECRET, text, 1000.0) is None
    assert read_token(b"t" * 32, text, 1.0) is None


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_a_changed_token_is_nobodys(place: int, letter: str) -> None:
    text = make_token(SECRET, CLAIMS)
    changed = text[:place] + letter + text[place + 1 :]
    found = read_token(SECRET, changed, 1.0)
    assert found is None or found == CLAIMS, "another spelling of the same bits says the same"


@given(st.text(max_size=200))
def test_no_text_breaks_reading(text: str) -> None:
    assert read_token(SECRET, "kb_wt_" + text, 1.0) is None


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("key_role", [Role.CUSTOMER, Role.AGENT, Role.ADMIN])
def test_neither_key_nor_person_gains_by_the_other(role: Role, key_role: Role) -> None:
    key, person = actor_for("key:1", "CRM", key_role), actor_for("user:5", "Mia", role, ["payroll"])
    token = narrowed(key, person)
    assert token.id == "user:5"
    assert token.scopes <= key.scopes & person.scopes & SCOPES and Scope.USERS_MANAGE not in token.scopes
    assert token.audiences <= key.audiences & person.audiences
