"""From a setting to an encoder: the only place that knows which adapters there are.

Invariants: nothing heavy is imported until an encoder is asked for, and torch never where an export exists.
"""

from pathlib import Path

from indexers.embedding.onnx_encoder import MANIFEST_FILE, MODEL_FILE, OnnxEncoder, QueryPrecision, read_manifest
from indexers.embedding.port import Encoder, EncoderUnavailable, HashingEncoder

PACKAGED = "packaged"
HASHING = "hashing"


def load_encoder(
    model: str = PACKAGED, *, cache_dir: Path, threads: int = 1, query_precision: QueryPrecision = "float32"
) -> Encoder:
    """The encoder that `model` names.

    "packaged": the packaged model on ONNX Runtime from cache_dir/models/<recipe digest>, exported first if absent
    (seconds); "hashing": HashingEncoder; a folder with model.onnx: OnnxEncoder; else a sentence-transformers name
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
    """The packaged model's ONNX folder, exported first if absent; raises EncoderUnavailable where it cannot be.

    Where the model's package is not installed, an export of it that lies there serves (an image without the package).
    """
    from indexers.embedding.export import PACKAGED_NAME, export, packaged_recipe

    try:
        target = cache_dir / "models" / packaged_recipe().digest()
    except EncoderUnavailable:
        for manifest in sorted((cache_dir / "models").glob(f"*/{MANIFEST_FILE}")):
            if read_manifest(manifest.parent)["recipe"].model == PACKAGED_NAME:
                return manifest.parent
        raise
    return target if target.exists() else export(PACKAGED, target)
