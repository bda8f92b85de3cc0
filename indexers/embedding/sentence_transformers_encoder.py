"""Any sentence-transformers model, by name or folder: for those who set another model than the packaged one.

Invariants: torch and sentence_transformers are imported only when an encoder is made; a local folder never causes a
download; its recipe is the one that the folder's export has.
"""

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from indexers.embedding.port import Encoder, EncoderUnavailable, Vectors, clean_text, normalise
from indexers.embedding.recipe import Recipe, hash_model_files


class SentenceTransformersEncoder(Encoder):
    """Vectors by sentence-transformers on the CPU; prompts of the model for queries and documents are applied."""

    def __init__(self, name_or_path: str) -> None:
        self._model = load_model(name_or_path)
        self._lock = threading.Lock()
        self.recipe = recipe_of(self._model, name_or_path)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """As the port says."""
        return self._encode(self._model.encode_query, texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """As the port says."""
        return self._encode(self._model.encode_document, texts)

    def _encode(self, encode: Any, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        cleaned = [clean_text(text, self.recipe.max_tokens) for text in texts]
        try:
            with self._lock:
                vectors = encode(cleaned, batch_size=32, show_progress_bar=False, convert_to_numpy=True)
        except Exception as error:  # whatever torch raises, the caller degrades by name
            raise EncoderUnavailable(
                f"{self.recipe.model} failed: {error}; check the model or set KB_ENCODER"
            ) from error
        return normalise(vectors)


def load_model(name_or_path: str, **model_kwargs: Any) -> Any:
    """The SentenceTransformer on the CPU; raises EncoderUnavailable (not installed, not found, damaged)."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        message = f"the model {name_or_path!r} needs the train extra: pip install 'kb-service[train]'"
        raise EncoderUnavailable(f"{message}, or set the encoder to packaged") from error
    local = Path(name_or_path).is_dir()
    try:
        return SentenceTransformer(name_or_path, device="cpu", local_files_only=local, model_kwargs=model_kwargs)
    except Exception as error:  # hub, file and format errors of several libraries
        message = f"the model {name_or_path!r} cannot be loaded: {error}"
        raise EncoderUnavailable(f"{message}; check its name or folder, or set the encoder to packaged") from error


def recipe_of(model: Any, name_or_path: str) -> Recipe:
    """The recipe of a loaded SentenceTransformer; a folder is named by its last part and hashed by its files."""
    path = Path(name_or_path)
    return Recipe(
        model=path.name if path.is_dir() else name_or_path,
        revision=hash_model_files(path) if path.is_dir() else _hash_parameters(model),
        dimensions=int(_dimensions(model)),
        max_tokens=int(model.max_seq_length or 512),
        pooling=pooling_of(model),
    )


def pooling_of(model: Any) -> str:
    """The pooling mode's name (mean, cls, …), or "none" for a model without a pooling module."""
    for module in model:
        mode = getattr(module, "pooling_mode", None)
        if mode is not None:
            return mode if isinstance(mode, str) else "+".join(map(str, mode))
        if hasattr(module, "get_pooling_mode_str"):  # sentence-transformers 5
            return str(module.get_pooling_mode_str())
    return "none"


def _dimensions(model: Any) -> int:
    get = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
    return int(get())


def _hash_parameters(model: Any) -> str:
    """SHA-256 over all parameters and the tokenizer: for models whose files lie somewhere in a download cache."""
    total = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        total.update(name.encode("utf-8") + b"\0")
        total.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    total.update((backend.to_str() if backend is not None else repr(model.tokenizer)).encode("utf-8"))
    return total.hexdigest()
