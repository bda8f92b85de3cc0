"""Mails are read whatever their bytes; what was said is parted from what was quoted."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb_service.cases.file_rules import clean_file_name, is_active, served_type, stored_type
from kb_service.cases.safe_html import clean_html, safe_html
from kb_service.channels.mail_automatic import Kind
from kb_service.channels.mail_bodies import decode_bytes, html_to_text, unflow
from kb_service.channels.mail_folding import fold
from kb_service.channels.mail_parsing import MAX_TEXT, Envelope, base_subject, parse_mail
from kb_service.text import find_flaw
from tests.support.mails import SHAPES, At, Seed, make

SEED = Seed(
    "C-000001", "C-000001-" + "ab" * 10, "Printer prints nothing", "c@example.net", "<f@x>", "<o@x>", "Do this.\n\nYes"
)
make(0, [SEED])


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_every_shape_says_what_it_says_and_folds_what_it_quotes(name: str) -> None:
    made = SHAPES[name](At(3, SEED))
    mail = parse_mail(made.raw, Envelope(made.sender))
    assert made.says in mail.text and not (made.quotes and made.quotes in mail.text), mail.text
    is_person = mail.kind in (Kind.PERSON, Kind.LIST)
    assert is_person or made.expects in ("noted", "set_aside", "ours")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2000), st.sampled_from(sorted(SHAPES)), st.integers(0, 1500), st.integers(0, 400))
def test_no_bytes_break_the_reading(junk: bytes, name: str, at: int, cut: int) -> None:
    raw = SHAPES[name](At(3, SEED)).raw[:20_000]
    mail = parse_mail(raw[:at] + junk + raw[at + cut :])
    for value in (
        mail.subject,
        mail.text,
        mail.quoted,
        mail.html,
        mail.sender.name,
        *(file.name for file in mail.files),
    ):
        assert find_flaw(value) is None
    assert find_flaw(mail.external_id, is_line=True) is None and len(mail.external_id) <= 400


def test_parts_within_parts_without_end_are_kept_as_a_file() -> None:
    nested = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(3000))
    mail = parse_mail(f"From: a@example.org\nSubject: Deep\n{nested}".encode())
    assert mail.sender.address == "a@example.org" and mail.files


@pytest.mark.parametrize(
    "text",
    [
        "On " + "a " * 100_000,
        "> " * 100_000,
        "--\n" * 60_000,
        "From: x\n" * 40_000,
        "On a@b 12:30:\n" * 20_000,
        "((" * 50_000,
    ],
)
def test_hostile_texts_take_no_longer_than_their_length(text: str) -> None:
    started = time.process_time()
    fold(text)
    parse_mail(f"From: {text[:30_000]}\nSubject: {text[:30_000]}\n\n{text}".encode())
    assert html_to_text("<blockquote>" * 20_000 + text)
    assert time.process_time() - started < 20


def test_a_text_longer_than_a_case_takes_comes_along_as_a_file() -> None:
    mail = parse_mail(b"From: a@example.org\n\n" + b"word " * 50_000)
    assert len(mail.text) == MAX_TEXT and [file.name for file in mail.files] == ["message.txt"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Works.\n\nBest,\nAnn", "Works."),
        ("Works.\n\nKind regards\nAnn\nExample Ltd", "Works."),
        ("Works.\n-- \nAnn", "Works."),
        ("> only quoted\n> lines", "> only quoted\n> lines"),
        ("On 2 March, Ann wrote:\n> a\n> b", "On 2 March, Ann wrote:\n> a\n> b"),
        ("Still.\nOn 2 Mar 2026 at 9:15 Help Centre <\nh@x.org> wrote:\n> a", "Still."),
        (
            "On my phone it works.\nAs the manual wrote:\nnothing",
            "On my phone it works.\nAs the manual wrote:\nnothing",
        ),
        ("Still 12:30\n2026-03-02 09:15 Help <h@x.org>:\n> a", "Still 12:30"),
        ("Still.\n\nOn 02/03/2026 09:15, Help wrote:\n> a\n\n-- \nAnn", "Still."),
        ("Hi.\nThanks\n> one?\nyes\n> two?\nno", "Hi.\nThanks\n> one?\nyes\n> two?\nno"),
        ("On 02/03/2026 09:15, Help wrote:\n> a\n\nStill.\n\n-- \nAnn", "Still."),
        ("Steps:\n- one\n- two", "Steps:\n- one\n- two"),
        ("Thanks\n\nWhat about the second one?", "Thanks\n\nWhat about the second one?"),
        ("The log says from: here\nand more", "The log says from: here\nand more"),
        ("Yes.\n\nEl lun, 2 mar 2026 a las 9:15, Help (<h@x.org>) escribió:\n\n> a", "Yes."),
        ("Ja.\n\nAm 02.03.26 um 09:15 schrieb Help:\n> a", "Ja."),
        ("Si.\n\nIl giorno lun 2 mar 2026 alle ore 09:15 Help ha\nscritto:\n\n> a", "Si."),
        ("Tak.\n\npon., 2 mar 2026 o 09:15 Help <h@x.org> napisał(a):\n\n> a", "Tak."),
        ("可以。\n\nHelp <h@x.org> 于2026年3月2日周一 09:15写道:\n\n> a", "可以。"),
        ("Yes.\n\n-----Original Message-----\nFrom: Help\n\nOld", "Yes."),
        ("See.\n\nBegin forwarded message:\n\nFrom: Bob\nTo: Ann\nSubject: x\n\nIt stops", None),
    ],
)
def test_what_was_said_is_parted_from_what_was_repeated(text: str, said: str | None) -> None:
    folded = fold(text)
    assert folded.text == (text if said is None else said)
    assert [word for word in text.split() if word not in folded.text + folded.rest] == []


def test_texts_come_out_of_any_charset() -> None:
    assert decode_bytes("Größe".encode("cp1252"), "utf-8") == "Größe"
    assert decode_bytes("Größe".encode(), "us-ascii") == "Größe"
    assert decode_bytes(b"\x93quoted\x94", "iso-8859-1") == "“quoted”"
    assert decode_bytes("日本".encode("shift_jis"), "shift_jis") == "日本"
    assert decode_bytes(b"abc", "rot13") == decode_bytes(b"abc", "no such") == "abc"


def test_html_becomes_lines_and_flowed_lines_become_one() -> None:
    assert html_to_text("<p>One<br>two</p><ul><li>a</li></ul><blockquote>old</blockquote>") == "One\ntwo\n- a\n> old"
    assert unflow("one \ntwo\n> a \n> b\n-- \nAnn", False) == "one two\n> a b\n-- \nAnn"


def test_cleaning_twice_changes_nothing_and_pictures_are_the_mails_own() -> None:
    unsafe = '<p style="x">a<img src="cid:1@x"><img src="https://evil.test/1"><a href="https://ok.test">b</a></p>'
    once = clean_html(unsafe)
    assert clean_html(once) == once and "evil" not in once and "cid:1@x" in once
    assert 'src="/files/7"' in safe_html(once, lambda name: "/files/7" if name == "1@x" else None)


def test_subjects_lose_what_programs_put_before_them() -> None:
    assert base_subject("Re: AW: [EXT] Fwd: RE[2]: Printer") == "Printer" and base_subject("Resume: x") == "Resume: x"


def test_files_are_named_typed_and_marked() -> None:
    assert clean_file_name("../../etc/passwd") == "etc-passwd" and clean_file_name(" ") == "file"
    assert (
        stored_type("image/png", b"<html>") == "application/octet-stream"
        and stored_type("text/plain; x", b"") == "text/plain"
    )
    assert is_active("a.docm", b"PK") and is_active("a.txt", b"MZ\x90") and not is_active("a.pdf", b"%PDF")
    assert served_type("text/html") == ("application/octet-stream", "attachment")
