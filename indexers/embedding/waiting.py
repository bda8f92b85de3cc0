"""An encoder that is out when the process starts: words answer meanwhile, and it is asked for again from time to time.

Invariants: it has the recipe that was last loaded for the same setting, so the index stays what it is; an encoder that comes
back with another recipe is refused until the process is started again (which then builds a new generation).
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from indexers.embedding.port import Encoder, EncoderUnavailable, Vectors
from indexers.embedding.recipe import Recipe

logger = logging.getLogger(__name__)

RETRY_SECONDS = 15.0


class WaitingEncoder(Encoder):
    """Raises EncoderUnavailable, with the cause, until ``load`` succeeds; tried every RETRY_SECONDS, when needed."""

    def __init__(
        self, load: Callable[[], Encoder], recipe: Recipe, cause: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.recipe = recipe
        self._load, self._cause, self._clock = load, cause, clock
        self._next = clock() + RETRY_SECONDS
        self._encoder: Encoder | None = None
        self._lock = threading.Lock()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """As the port says."""
        return self._loaded().encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """As the port says."""
        return self._loaded().encode_passages(texts)

    def _loaded(self) -> Encoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = self._try()
            return self._encoder

    def _try(self) -> Encoder:
        if self._clock() < self._next:
            raise EncoderUnavailable(self._cause)
        self._next = self._clock() + RETRY_SECONDS
        try:
            encoder = self._load()
        except EncoderUnavailable as error:
            self._cause = str(error)
            raise
        if encoder.recipe.digest() != self.recipe.digest():
            self._cause = (
                "the encoder that came back is another one: restart, and the index is built anew beside the old"
            )
            raise EncoderUnavailable(self._cause)
        logger.warning("encoder.back")
        return encoder


def load_or_wait(load: Callable[[], Encoder], setting: str, remembered: Path) -> Encoder:
    """What ``load`` gives; where it cannot, an encoder that waits with the recipe last seen for this setting.

    ``remembered``: a small file that keeps that recipe. Raises EncoderUnavailable when there never was one.
    """
    try:
        encoder = load()
    except EncoderUnavailable as error:
        recipe = _recall(setting, remembered)
        if recipe is None:
            raise
        logger.warning("encoder.unavailable", extra={"cause": str(error)})
        return WaitingEncoder(load, recipe, str(error))
    _remember(setting, encoder.recipe, remembered)
    return encoder


def _recall(setting: str, path: Path) -> Recipe | None:
    try:
        kept = json.loads(path.read_text("utf-8"))
        return Recipe.from_dict(kept["recipe"]) if kept["setting"] == setting else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(setting: str, recipe: Recipe, path: Path) -> None:
    if _recall(setting, path) == recipe:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps({"setting": setting, "recipe": recipe.to_dict()}), "utf-8")
        temporary.replace(path)
    except OSError:
        logger.warning("encoder.not_remembered")
