"""Masking a whole text: nothing is lost, nothing personal stays, and it is said what was replaced."""

import time

from kb_service.search.masking import mask, mask_whole


def test_a_long_text_keeps_its_end_and_loses_only_what_is_personal() -> None:
    filler = "The tunnel drops when the laptop sleeps. " * 200
    text = f"{filler}Write to ann.miller@example.com or +43 664 123 45 67.\nOrder number 4711234.\nVersion 10.4 stays.\nAnn Miller"
    masked = mask_whole(text, ["Ann Miller"])
    assert masked.text.startswith(filler)
    assert masked.text.endswith("Write to [address] or [phone].\nOrder number [number].\nVersion 10.4 stays.\n[name]")
    assert masked.found == (
        ("address", "ann.miller@example.com"),
        ("number", "4711234"),
        ("phone", "+43 664 123 45 67"),
        ("name", "Ann Miller"),
    )


def test_a_name_is_masked_as_a_word_and_never_within_one() -> None:
    assert mask_whole("Will Ann announce it? Ann will.", ["Ann Lee"]).text == "Will [name] announce it? [name] will."
    assert mask_whole("nobody is named", ["", "ann@example.com"]).found == ()


def test_a_hostile_text_is_masked_in_linear_time() -> None:
    started = time.monotonic()
    for text in ("a" * 100_000, "order" + " " * 100_000, "1 " * 50_000, "(" * 100_000):
        mask_whole(text)
    assert time.monotonic() - started < 30
    assert mask("order number: 4711234") == "order number: [number]"
