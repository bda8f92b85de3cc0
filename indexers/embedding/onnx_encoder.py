"""An exported model on ONNX Runtime: the encoder that serves, without torch.

Invariants: only onnxruntime and tokenizers are needed; a folder whose files differ from its manifest is refused;
padding goes to the longest text of a batch (the packaged tokenizer's fixed 128 costs 17 ms a query instead of 2);
threads do not spin.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from indexers.embedding.port import Encoder, EncoderUnavailable, Vectors, clean_text, normalise
from indexers.embedding.recipe import Recipe, hash_file

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped,unused-ignore]
    from tokenizers import Tokenizer

MODEL_FILE = "model.onnx"
INT8_FILE = "model.int8.onnx"
TOKENIZER_FILE = "tokenizer.json"
MANIFEST_FILE = "recipe.json"

QueryPrecision: TypeAlias = Literal["float32", "int8"]

BATCH_ROWS = 32
BATCH_TOKENS = 1024
"""Padded; four times as many need 150 MB more and encode no faster on one thread."""
WINDOW = 1024  # texts tokenised ahead and sorted by length together


class OnnxEncoder(Encoder):
    """Sentence vectors from a folder that `export` wrote.

    `threads` are the intra-op threads of one call; `max_tokens` (default: the model's) may only shorten. With
    query_precision int8 the queries go through the quantised copy; passages are always float32. Raises
    EncoderUnavailable.
    """

    def __init__(
        self,
        directory: Path,
        *,
        threads: int = 1,
        query_precision: QueryPrecision = "float32",
        max_tokens: int | None = None,
    ) -> None:
        manifest = read_manifest(directory)
        recipe: Recipe = manifest["recipe"]
        self.recipe = replace(recipe, max_tokens=min(max_tokens or recipe.max_tokens, recipe.max_tokens))
        self._directory = directory
        self._pad_id: int = manifest["pad_id"]
        needed = [MODEL_FILE, TOKENIZER_FILE] + ([INT8_FILE] if query_precision == "int8" else [])
        _check_files(directory, needed, manifest["files"])
        self._tokenizer = _load_tokenizer(directory / TOKENIZER_FILE, self.recipe.max_tokens)
        self._passages = _open_session(directory / MODEL_FILE, threads)
        self._queries = _open_session(directory / INT8_FILE, threads) if query_precision == "int8" else self._passages

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """As the port says."""
        return self._encode(texts, self._queries)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """As the port says; sorted by length inside, so that little is spent on padding."""
        return self._encode(texts, self._passages)

    def _encode(self, texts: Sequence[str], session: "InferenceSession") -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), WINDOW):
            tokens = [self._tokenise(text) for text in texts[start : start + WINDOW]]
            for batch in _batches([len(ids) for ids in tokens]):
                vectors[[start + i for i in batch]] = self._run([tokens[i] for i in batch], session)
        return vectors

    def _tokenise(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(clean_text(text, self.recipe.max_tokens)).ids
        return ids or [self._pad_id]

    def _run(self, rows: list[list[int]], session: "InferenceSession") -> Vectors:
        width = max(len(row) for row in rows)
        ids = np.full((len(rows), width), self._pad_id, dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        names = {item.name for item in session.get_inputs()}
        try:
            output = session.run(None, {name: value for name, value in feed.items() if name in names})[0]
        except Exception as error:  # onnxruntime's exceptions share no public base class
            raise EncoderUnavailable(
                f"the model in {self._directory} failed: {error}; {_remedy(self._directory)}"
            ) from error
        if not np.isfinite(output).all():
            raise EncoderUnavailable(f"the model in {self._directory} gives no numbers; {_remedy(self._directory)}")
        return normalise(output)


def read_manifest(directory: Path) -> dict[str, Any]:
    """{"recipe": Recipe, "pad_id": int, "files": {name: SHA-256}} of an exported folder; raises EncoderUnavailable."""
    try:
        content = json.loads((directory / MANIFEST_FILE).read_text("utf-8"))
        recipe = Recipe.from_dict(content["recipe"])
        return {"recipe": recipe, "pad_id": int(content["pad_id"]), "files": dict(content["files"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EncoderUnavailable(
            f"{directory / MANIFEST_FILE} is unreadable ({error!r}); {_remedy(directory)}"
        ) from error


def _remedy(directory: Path) -> str:
    way_out = f"remove {directory} and run `kb model export`"
    return f"{way_out}, or set KB_ENCODER to an exported folder"


def _check_files(directory: Path, names: list[str], expected: dict[str, str]) -> None:
    for name in names:
        if name not in expected:
            hint = "; set the query precision to float32" if name == INT8_FILE else ""
            raise EncoderUnavailable(f"{directory} has no {name}{hint}; {_remedy(directory)}")
        try:
            intact = hash_file(directory / name) == expected[name]
        except OSError as error:
            raise EncoderUnavailable(f"{directory / name} is unreadable ({error}); {_remedy(directory)}") from error
        if not intact:
            raise EncoderUnavailable(f"{directory / name} is damaged; {_remedy(directory)}")


def _load_tokenizer(path: Path, max_tokens: int) -> "Tokenizer":
    try:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise EncoderUnavailable(f"{path} cannot be loaded: {error}; {_remedy(path.parent)}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def _open_session(path: Path, threads: int) -> "InferenceSession":
    try:
        import onnxruntime  # type: ignore[import-untyped,unused-ignore]

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no public base class
        raise EncoderUnavailable(f"{path} cannot be loaded: {error}; {_remedy(path.parent)}") from error


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices in batches of similar length: at most BATCH_ROWS rows and BATCH_TOKENS padded tokens (one row always)."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) == BATCH_ROWS or (len(batch) + 1) * lengths[index] > BATCH_TOKENS):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
