"""The reranker port, and any sentence-transformers CrossEncoder behind it.

Invariants: one finite score a text, larger is better, whatever the texts; torch is imported only when a CrossEncoder is made;
a local folder never causes a download.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from indexers.embedding.port import EncoderUnavailable, clean_text

MAX_TOKENS = 256


class Reranker(ABC):
    """Reads a question and a text together and says how well the one answers the other. Thread-safe."""

    name: str

    @abstractmethod
    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """One score a text. Raises EncoderUnavailable."""


class CrossEncoderReranker(Reranker):
    """A CrossEncoder on the CPU, by name or folder."""

    def __init__(self, name_or_path: str) -> None:
        path = Path(name_or_path)
        self.name = path.name if path.is_dir() else name_or_path
        self._model = _load(name_or_path, path.is_dir())
        self._lock = threading.Lock()

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """See Reranker."""
        asked = clean_text(question, MAX_TOKENS)
        pairs = [(asked, clean_text(text, MAX_TOKENS)) for text in texts]
        try:
            with self._lock:
                found = np.asarray(self._model.predict(pairs, show_progress_bar=False)) if pairs else np.zeros(0)
        except Exception as error:  # whatever torch raises, the caller goes on without it
            raise EncoderUnavailable(f"the reranker {self.name} failed: {error}") from error
        if found.shape != (len(texts),) or not np.isfinite(found).all():
            raise EncoderUnavailable(
                f"the reranker {self.name} does not give one number a text; set another KB_RERANKER"
            )
        return [float(score) for score in found]


def _load(name_or_path: str, is_local: bool) -> Any:
    try:
        from sentence_transformers import CrossEncoder
    except ImportError as error:
        message = f"the reranker {name_or_path!r} needs the train extra: pip install 'kb-service[train]'"
        raise EncoderUnavailable(f"{message}, or leave KB_RERANKER empty") from error
    try:
        return CrossEncoder(name_or_path, device="cpu", local_files_only=is_local, max_length=MAX_TOKENS)
    except Exception as error:  # hub, file and format errors of several libraries
        message = f"the reranker {name_or_path!r} cannot be loaded: {error}"
        raise EncoderUnavailable(f"{message}; check its name or folder, or leave KB_RERANKER empty") from error
