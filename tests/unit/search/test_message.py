"""A message's wrapping is recognised; what it asks is never lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_service.search.message import strip_wrapping

MAIL = """Hi support team,

since the update to 11.2 our VPN drops after the laptop slept.
It says GW-4021.

Kind regards,
Anna Berg
Senior Accountant

This e-mail and any attachments are confidential and intended for the addressee.

On Mon, 3 Nov 2026 at 10:02, Support wrote:
> Please restart the client.
> Best, Mia
"""


def test_greeting_signature_disclaimer_and_quotation_go():
    stripped = strip_wrapping(MAIL)
    assert stripped.startswith("since the update to 11.2")
    assert stripped.endswith("It says GW-4021.")


@pytest.mark.parametrize(
    "text", ["vpn drops", "hello world program fails", "thanks", "Dear Lord", "-- ", "> quoted only"]
)
def test_a_short_text_stays(text):
    assert strip_wrapping(text).strip()


def test_a_greeting_word_before_the_question_goes():
    assert strip_wrapping("Hi there, my sync is stuck") == "my sync is stuck"


def test_text_after_a_thank_you_in_the_middle_of_a_sentence_stays():
    text = "Line one asks something\nThanks to the update it fails\nand more"
    assert strip_wrapping(text) == text


@given(st.text(max_size=400))
def test_nothing_becomes_empty(text):
    assert bool(strip_wrapping(text)) == bool(text.strip())


def test_what_only_is_polite_goes_and_so_do_notices_and_quotations_of_other_languages():
    asked = "The tunnel drops when the laptop sleeps."
    before = "Hallo zusammen,\n\nI hope this email finds you well.\n\n"
    after = [
        "\n\nLooking forward to hearing from you.\n\nRegards,\nMike",
        "\n\nPlease let me know if you need anything else.\nAny help would be appreciated.",
        "\n\nCONFIDENTIALITY NOTICE: for the exclusive use of the recipient.",
        "\n\nAm 03.03.2025 um 10:14 schrieb Support:\n> Bitte starten Sie neu.",
    ]
    assert {strip_wrapping(before + asked + end) for end in after} == {asked}
    assert strip_wrapping("I hope\nthe update helps me print") == "I hope\nthe update helps me print"
