"""Analysis and identifiers: the same for index and query."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers.analysis import analyze, analyze_query, find_identifiers, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Error 0x800A139E: see KB000123.", ["0x800a139e", "kb000123"]),
        (
            "Run Set-FederatedOrganizationIdentifier or Get-Mailbox",
            ["set-federatedorganizationidentifier", "get-mailbox"],
        ),
        ("ERR-42, ORA-01017 and CVE-2021-44228", ["err-42", "ora-01017", "cve-2021-44228"]),
        ("part WD40EFRX-68N32N0", ["wd40efrx-68n32n0"]),
        ("ERR_CONNECTION_RESET in web.config", ["err_connection_reset", "web.config"]),
        ("maxConnections java.lang.NullPointerException", ["maxconnections", "java.lang.nullpointerexception"]),
        ("version 10.2.1 of Windows-10 on 2023-10-05", []),
        ("SharePoint, PowerShell, Office365, SQL2019, wi-fi, re-enable, a 30-day trial", []),
        ("mail KB000123@example.com or https://example.com/KB000123", []),
        ("ERR-42 err-42 Err-42", ["err-42"]),
    ],
)
def test_identifiers_are_names_and_codes_not_versions_dates_or_products(text: str, expected: list[str]) -> None:
    assert find_identifiers(text) == expected


def test_a_compound_name_is_found_by_its_parts_and_as_one_word() -> None:
    terms = analyze("Set-FederatedOrganizationIdentifier")
    assert set(analyze("federated organization identifier")) <= set(terms)
    assert set(analyze("federatedorganizationidentifier")) <= set(terms)


def test_stop_words_are_dropped_from_questions_unless_nothing_is_left() -> None:
    assert analyze_query("How do I reset the password?") == ["reset", "password"]
    assert analyze_query("to be or not to be") == analyze("to be or not to be")


def test_words_name_their_place() -> None:
    assert words("Réset it") == [("reset", 0, 5), ("it", 6, 8)]


@given(st.text(max_size=200))
def test_any_text_gives_terms_without_spaces(text: str) -> None:
    assert all(term and not term.isspace() and term.split() == [term] for term in analyze(text))
    assert all(name and name.split() == [name] for name in find_identifiers(text))
    assert all(text[start:end] for _, start, end in words(text))


@pytest.mark.parametrize("text", ["x.y." * 50_000, "1.2.3.4." * 25_000, "a+b-c_" * 30_000, "a@" * 100_000])
def test_a_long_run_of_joined_characters_is_read_in_linear_time(text: str) -> None:
    started = time.process_time()
    find_identifiers(text)
    assert time.process_time() - started < 2.0


def test_what_stands_in_an_address_is_no_identifier() -> None:
    assert find_identifiers("write to e.d1234@mail-e1234.example.com or see https://x.example/E4321, code E1234") == [
        "e1234"
    ]
