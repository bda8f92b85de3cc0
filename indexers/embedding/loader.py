"""From a setting to an encoder: the only place that knows which adapters there are.

Invariants: nothing heavy is imported until an encoder is asked for, and torch never where an export exists.
"""

import importlib.util
from pathlib import Path

from indexers.embedding.onnx_encoder import MODEL_FILE, OnnxEncoder, QueryPrecision
from indexers.embedding.port import Encoder, EncoderUnavailable, HashingEncoder

PACKAGED = "packaged"
HASHING = "hashing"


def load_encoder(
    model: str = PACKAGED, *, cache_dir: Path, threads: int = 1, query_precision: QueryPrecision = "float32"
) -> Encoder:
    """The encoder that `model` names.

    "packaged": the packaged model on ONNX Runtime from cache_dir/models/<recipe digest>, exported first if absent (15
    s, needs torch); "hashing": HashingEncoder; a folder with model.onnx: OnnxEncoder; else a sentence-transformers name
    or folder. `query_precision` and `threads` count for ONNX models. Raises EncoderUnavailable, whose message says what
    to do.
    """
    if model == HASHING:
        return HashingEncoder()
    if model == PACKAGED:
        return OnnxEncoder(packaged_export(cache_dir), threads=threads, query_precision=query_precision)
    directory = Path(model).expanduser()
    if (directory / MODEL_FILE).is_file():
        return OnnxEncoder(directory, threads=threads, query_precision=query_precision)
    from indexers.embedding.sentence_transformers_encoder import SentenceTransformersEncoder

    return SentenceTransformersEncoder(str(directory) if directory.is_dir() else model)


def packaged_export(cache_dir: Path) -> Path:
    """The packaged model's ONNX folder, exported first if absent; raises EncoderUnavailable where it cannot be."""
    from indexers.embedding.export import export, packaged_recipe

    target = cache_dir / "models" / packaged_recipe().digest()
    if target.exists():
        return target
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("sentence_transformers") is None:
        raise EncoderUnavailable(
            f"no ONNX model in {target}, and torch is not installed to export it: run `kb model export` once "
            "with the train extra (pip install 'kb-service[train]'), "
            "or set KB_ENCODER_DIR to a folder that was exported elsewhere"
        )
    return export(PACKAGED, target)
