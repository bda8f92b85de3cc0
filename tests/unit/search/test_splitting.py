"""Several questions in one message are told apart; one question stays whole."""

from __future__ import annotations

import numpy as np

from kb_service.search.splitting import MAX_QUESTIONS, Tools, Vector, sentences, split

TOPICS = (("vpn", "tunnel"), ("print", "paper"), ("mail", "inbox"), ("badge", "door"), ("screen", "pixel"))


def encode(texts: list[str]) -> Vector:
    """One axis per topic, by how often its words stand there."""
    rows = [[sum(text.lower().count(word) for word in words) + 0.01 for words in TOPICS] for text in texts]
    return np.array(rows, dtype=np.float32)


def nearest(vector: Vector) -> float:
    """One article for each topic."""
    return float(vector.max() / np.linalg.norm(vector))


TOOLS = Tools(encode, nearest)
VPN = "The VPN tunnel drops whenever my laptop goes to sleep. After that the tunnel asks for my password again."
PRINT = "Our printer takes no paper since this morning. It will not print a single page."


def test_two_matters_become_two_questions_in_their_order() -> None:
    assert split(f"{VPN}\n\n{PRINT}", TOOLS) == [VPN, PRINT]
    assert split(f"{PRINT} {VPN}", TOOLS) == [PRINT, VPN]


def test_one_matter_stays_whole_and_as_it_was_written() -> None:
    assert split(VPN, TOOLS) == [VPN]
    assert split(VPN.replace(". ", ".\n\n"), TOOLS) == [VPN.replace(". ", ".\n\n")]
    assert split("vpn", TOOLS) == ["vpn"]
    assert split("", TOOLS) == [""]


def test_no_more_than_four_questions_and_nothing_is_lost() -> None:
    message = " ".join(f"My {a} and the {b} are both broken today." for a, b in TOPICS)
    found = split(message, TOOLS)
    assert len(found) == MAX_QUESTIONS
    assert " ".join(found) == message


def test_scraps_go_with_the_sentence_before() -> None:
    assert sentences("The tunnel is down again. Why? It was fine on Monday.") == [
        "The tunnel is down again. Why?",
        "It was fine on Monday.",
    ]
