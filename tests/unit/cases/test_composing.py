"""What stands around a reply."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_service.cases.composing import Frame, Letter, check_template, compose, fill, first_question, frame_for, to_html
from kb_service.cases.links import RequestLink, read_link, request_path
from kb_service.errors import InvalidInput, NotFound

SECRET = "s" * 32


def test_a_placeholder_without_a_value_is_its_fallback() -> None:
    assert fill("Hello {first_name|there},", {"first_name": "Ann"}) == "Hello Ann,"
    assert fill("Hello {first_name|there},", {"first_name": ""}) == "Hello there,"
    assert fill("Hello {first_name},", {}) == "Hello,"


def test_a_placeholder_that_nothing_fills_is_refused_when_the_frame_is_saved() -> None:
    check_template("Hello {first_name|there}, {number}", "/frame/greeting")
    with pytest.raises(InvalidInput, match="first_name"):
        check_template("Hello {frist_name}", "/frame/greeting")


def test_a_channel_has_its_own_words_above_the_queues() -> None:
    stored = {"greeting": "Good day,", "closing": "Yours", "channels": {"chat": {"greeting": "Hi"}}}
    assert frame_for(stored, "email").greeting == "Good day,"
    chat = frame_for(stored, "chat")
    assert (chat.greeting, chat.closing, chat.signature) == ("Hi", "Yours", Frame().signature)


def test_the_customers_own_question_is_the_one_that_asks() -> None:
    assert first_question("Hello all. My tunnel drops.\nHow do I keep it up? Thanks.") == "How do I keep it up?"
    assert first_question("It smokes. Badly.") == "It smokes."
    assert len(first_question("word " * 200)) == 200 and first_question("") == ""


def test_a_mail_says_everything_in_order() -> None:
    letter = Letter(
        "Do this.", Frame("Hello,", "Bye", "Us"), "How?", ("http://x/y", "http://x/n"), "http://x/r", ("+1",), "C-1-a"
    )
    text = compose(letter)
    order = [
        "Hello,",
        "> How?",
        "Do this.",
        "Did this solve it?",
        "http://x/y",
        "http://x/n",
        "Bye\nUs",
        "-- ",
        "http://x/r",
        "+1",
        "C-1-a",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


@given(st.text(max_size=300))
def test_nothing_in_a_text_becomes_markup_of_the_mail(text: str) -> None:
    found = to_html(text + "<script>alert(1)</script><img src=x onerror=y>")
    assert "<script" not in found and "<img" not in found


def test_addresses_become_links() -> None:
    assert '<a href="https://x.example/a?b=1&amp;c=2">' in to_html("See https://x.example/a?b=1&c=2.")


def test_a_link_that_we_did_not_sign_leads_nowhere() -> None:
    path = request_path(SECRET, 12, 7)
    token = path.removeprefix("/requests/")
    assert read_link(SECRET, token) == RequestLink(12, 7)
    for wrong in (token.replace("12.7", "13.7"), token[:-1] + ("0" if token[-1] != "0" else "1"), "12", "", "x" * 40):
        with pytest.raises(NotFound):
            read_link(SECRET, wrong)
    with pytest.raises(NotFound):
        read_link("t" * 32, token)
