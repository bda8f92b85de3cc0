"""An encoder that is out at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexers.embedding.port import Encoder, EncoderUnavailable, HashingEncoder
from indexers.embedding.waiting import RETRY_SECONDS, WaitingEncoder, load_or_wait


class Loader:
    """Gives its encoder once it is there."""

    def __init__(self, encoder: Encoder | None) -> None:
        self.encoder, self.asked = encoder, 0

    def __call__(self) -> Encoder:
        self.asked += 1
        if self.encoder is None:
            raise EncoderUnavailable("the model is gone: run `kb model export`")
        return self.encoder


def test_an_encoder_that_never_worked_here_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match="kb model export"):
        load_or_wait(Loader(None), "packaged", tmp_path / "encoder.json")


def test_one_that_worked_before_is_waited_for_with_its_recipe(tmp_path: Path) -> None:
    kept = tmp_path / "data" / "encoder.json"
    first = load_or_wait(Loader(HashingEncoder(64)), "packaged", kept)
    waiting = load_or_wait(Loader(None), "packaged", kept)
    assert waiting.recipe == first.recipe
    with pytest.raises(EncoderUnavailable, match="kb model export"):
        waiting.encode_queries(["printer"])
    with pytest.raises(EncoderUnavailable):
        load_or_wait(Loader(None), "another", kept)


def test_it_is_back_as_soon_as_it_can_be_loaded_and_not_asked_for_at_every_question() -> None:
    now, loader, real = [0.0], Loader(None), HashingEncoder(64)
    waiting = WaitingEncoder(loader, real.recipe, "gone", clock=lambda: now[0])
    for _ in range(5):
        with pytest.raises(EncoderUnavailable):
            waiting.encode_queries(["printer"])
    assert loader.asked == 0
    loader.encoder, now[0] = real, RETRY_SECONDS + 1
    assert waiting.encode_passages(["printer"]).shape == (1, 64)
    assert waiting.encode_queries(["printer"]).shape == (1, 64)
    assert loader.asked == 1


def test_another_model_in_its_place_is_refused_until_a_restart() -> None:
    now = [0.0]
    waiting = WaitingEncoder(Loader(HashingEncoder(32)), HashingEncoder(64).recipe, "gone", clock=lambda: now[0])
    now[0] = RETRY_SECONDS + 1
    with pytest.raises(EncoderUnavailable, match="restart"):
        waiting.encode_queries(["printer"])
