"""The hashing encoder is deterministic and knows spelling; what all encoders share is in tests/contract/embedding."""

import numpy as np
import pytest

from indexers.embedding.port import HashingEncoder, clean_text


def test_the_hashing_encoder_says_what_it_is() -> None:
    encoder = HashingEncoder()
    assert encoder.recipe.model == "hashing"
    assert encoder.dimensions == 384


def test_two_encoders_give_the_same_vectors() -> None:
    texts = ["printer offline", "Drucker"]
    assert np.array_equal(HashingEncoder().encode_queries(texts), HashingEncoder().encode_passages(texts))


def test_shared_words_and_spellings_come_nearer_than_strangers() -> None:
    query, same, variant, other = HashingEncoder().encode_queries(
        ["printer offline", "the printer is offline", "printers offlined", "reset password"]
    )
    assert query @ same > query @ other
    assert query @ variant > query @ other


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="dimensions"):
        HashingEncoder(dimensions=0)


def test_cleaning_cuts_and_replaces_but_never_crashes() -> None:
    assert clean_text("a\0b\ud800c", 10) == "a b?c"
    assert len(clean_text("x" * 100_000, 10)) == 160
