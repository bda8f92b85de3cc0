"""The encoder port: what search and the feeder know of an embedding model.

Invariants: every row is float32 with L2 norm 1, also for empty and hostile texts; the same text gives the same vector
(to 1e-5) whatever stands beside it in the batch; encoders are thread-safe. Only numpy is imported here.
"""

import re
import unicodedata
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from indexers.embedding.recipe import Recipe

Vectors: TypeAlias = NDArray[np.float32]

CHARACTERS_PER_TOKEN = 16  # far above what a token needs (about 5); bounds the cost of tokenising a 20 kB e-mail


class EncoderUnavailable(Exception):
    """The model is missing, damaged or failing; the message says what to do."""


class Encoder(ABC):
    """Turns texts into vectors whose dot product is their cosine similarity."""

    recipe: Recipe

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        return self.recipe.dimensions

    @abstractmethod
    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(n, dimensions) float32, rows of norm 1.

        A long query counts by its first max_tokens. Raises EncoderUnavailable.
        """

    @abstractmethod
    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dimensions) float32, rows of norm 1, in the order given. Raises EncoderUnavailable."""


def clean_text(text: str, max_tokens: int) -> str:
    """The text's useful head without what tokenizers choke on: NUL becomes a space, a lone surrogate a '?'."""
    head = text.lstrip()[: max_tokens * CHARACTERS_PER_TOKEN]
    return head.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()


def normalise(vectors: NDArray[Any]) -> Vectors:
    """Rows scaled to norm 1 as float32.

    A zero row becomes the first unit vector, so that no row is ever without direction.
    """
    rows = np.array(vectors, dtype=np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    empty = norms[:, 0] < 1e-12
    rows[empty, 0] = 1.0
    norms[empty] = 1.0
    return np.asarray(rows / norms, dtype=np.float32)


class HashingEncoder(Encoder):
    """Signed feature hashing of words and character trigrams (Weinberger et al. 2009): deterministic, no model files.

    It knows spelling, not meaning: for tests and tiny installations that choose it by name.
    """

    def __init__(self, dimensions: int = 384, max_tokens: int = 512) -> None:
        if dimensions < 8 or max_tokens < 1:
            raise ValueError("the hashing encoder needs at least 8 dimensions and 1 token")
        self.recipe = Recipe("hashing", "words-trigrams-1", dimensions, max_tokens)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """As the port says; queries and passages are hashed alike."""
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """As the port says."""
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            counts = Counter(_features(clean_text(text, self.recipe.max_tokens), self.recipe.max_tokens))
            for feature, count in counts.items():
                value = zlib.crc32(feature.encode("utf-8"))
                weight = (1.0 + np.log(count)) * (1.0 if feature[0] == "w" else 0.3)
                row[(value >> 1) % self.dimensions] += weight if value & 1 else -weight
        return normalise(rows)


def _features(text: str, max_tokens: int) -> Iterator[str]:
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())[:max_tokens]
    for word in words:
        yield "w" + word
        padded = f"#{word}#"
        yield from ("c" + padded[start : start + 3] for start in range(len(padded) - 2))
