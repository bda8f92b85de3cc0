"""Keys, tokens, passwords and buckets as values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_service.auth import csrf, passwords
from kb_service.auth.keys import canonical_origin, has_key_shape, hash_token, is_own_origin, make_key
from kb_service.auth.ratelimit import MAX_BUCKETS, RateLimiter
from kb_service.errors import InvalidInput

SECRET = b"x" * 32


def test_a_key_is_recognised_by_its_prefix_and_stored_as_a_hash() -> None:
    made = make_key(is_publishable=True)
    assert made.text.startswith("kb_pk_")
    assert made.text.startswith(made.prefix)
    assert made.hash == hash_token(made.text)
    assert made.text not in (made.prefix, made.hash)
    assert has_key_shape(made.text)


@given(st.text())
def test_any_text_can_be_asked_for_its_shape_and_hash(text: str) -> None:
    assert not has_key_shape(text)
    assert len(hash_token(text)) == 64


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("https://Help.Example.com/", "https://help.example.com"),
        ("https://help.example.com:443", "https://help.example.com"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://help.example.com/path", None),
        ("*", None),
        ("null", None),
        ("ftp://x", None),
        ("https://user@x", None),
        ("http://x:99999", None),
        ("http://[::1", None),
    ],
)
def test_origins_are_written_as_browsers_send_them(given_text: str, expected: str | None) -> None:
    assert canonical_origin(given_text) == expected


def test_the_own_origin_is_compared_by_host_only() -> None:
    assert is_own_origin("https://help.example.com", "help.example.com")
    assert not is_own_origin("https://evil.example.com", "help.example.com")
    assert not is_own_origin("null", "")


def test_a_form_cookie_is_believed_only_when_we_signed_it() -> None:
    value = csrf.make_form_cookie(SECRET)
    assert csrf.is_form_cookie(SECRET, value)
    assert not csrf.is_form_cookie(b"y" * 32, value)
    assert not csrf.is_form_cookie(SECRET, value[:-1] + "_")
    assert not csrf.is_form_cookie(SECRET, None)
    assert not csrf.is_form_cookie(SECRET, ".")


def test_nothing_equals_a_missing_token() -> None:
    assert not csrf.is_same(None, None)
    assert not csrf.is_same("", "")
    assert csrf.is_same("a", "a")


def test_a_password_is_right_or_wrong_and_never_right_for_nobody() -> None:
    stored = passwords.hash_password("correct horse")
    assert passwords.is_password("correct horse", stored)
    assert not passwords.is_password("wrong horse", stored)
    assert not passwords.is_password("nobody's password", None)


@pytest.mark.parametrize("password", ["short", "x" * 201, "ann@example.com"])
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(InvalidInput):
        passwords.check_password_rules(password, "Ann@Example.com")


def test_a_bucket_empties_and_fills_with_time() -> None:
    now = [0.0]
    limiter = RateLimiter(60, burst=2, clock=lambda: now[0])
    assert [limiter.take("a"), limiter.take("a")] == [0.0, 0.0]
    assert limiter.take("a") == pytest.approx(1.0)
    assert limiter.take("b") == 0.0
    now[0] += 1.0
    assert limiter.take("a") == 0.0
    assert limiter.take("a") > 0.0


def test_without_a_limit_nothing_waits() -> None:
    limiter = RateLimiter(0)
    assert not any(limiter.take("a") for _ in range(1000))


def test_the_number_of_buckets_is_bounded() -> None:
    limiter = RateLimiter(60)
    for number in range(MAX_BUCKETS + 10):
        limiter.take(str(number))
    assert len(limiter._buckets) == MAX_BUCKETS
