"""A BERT sentence encoder's ONNX graph, built from its weights alone: no torch needed, and the same bytes everywhere.

Invariants: transformer, mean pooling over the mask, L2 norm, as sentence-transformers computes it (the contract tests
hold it to 1e-4 of torch's vectors); attention is ONNX Runtime's fused one. Only plain BERT (absolute positions, gelu).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from indexers.embedding.port import EncoderUnavailable

OPSET = 17
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
MICROSOFT = "com.microsoft"


def write_bert_graph(directory: Path, target: Path) -> None:
    """The graph of the model in ``directory`` (config.json, model.safetensors); raises EncoderUnavailable."""
    try:
        import onnx
        from safetensors.numpy import load_file
    except ImportError as error:
        raise EncoderUnavailable(f"the export needs {error.name}: install kb-service again") from error
    try:
        config = json.loads((directory / "config.json").read_text("utf-8"))
        weights = load_file(directory / "model.safetensors")
        _require_plain_bert(config)
        model = _Graph(config, weights).build()
    except (OSError, ValueError, KeyError) as error:
        raise EncoderUnavailable(f"the model in {directory} is damaged ({error!r}): install it again") from error
    onnx.save(model, str(target))


def _require_plain_bert(config: dict[str, Any]) -> None:
    wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for name, value in wanted.items():
        if config.get(name, value) != value:
            raise EncoderUnavailable(f"its {name} is {config[name]}, not {value}; set its name as the encoder")


@dataclass
class _Graph:
    """Nodes and weights as they are put together."""

    config: dict[str, Any]
    weights: dict[str, Any]
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def build(self) -> Any:
        """The model."""
        from onnx import TensorProto, helper

        hidden = self._embed()
        for layer in range(self.config["num_hidden_layers"]):
            hidden = self._layer(hidden, layer)
        self._pool(hidden)
        inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "sequence"]) for n in INPUTS]
        shape = ["batch", self.config["hidden_size"]]
        output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, shape)
        graph = helper.make_graph(self.nodes, "sentence-encoder", inputs, [output], self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="kb-service")

    def _node(self, kind: str, name: str, inputs: Sequence[str], domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        outputs = [name, *([f"{name}.mask_index"] if kind == "EmbedLayerNormalization" else [])]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, name=name, domain=domain, **attributes))
        return name

    def _constant(self, name: str, values: Any) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _weight(self, name: str) -> str:
        return self._constant(name, self.weights[name].astype(np.float32))

    def _matrix(self, name: str) -> str:
        """A linear layer's weight as MatMul wants it: inputs down, outputs across."""
        return self._constant(name, self.weights[name].astype(np.float32).T)

    @property
    def _epsilon(self) -> float:
        return float(self.config["layer_norm_eps"])

    def _embed(self) -> str:
        ids, mask, types = (self._node("Cast", f"{name}.int32", [name], to=6) for name in INPUTS)
        kinds = ("word_embeddings", "position_embeddings", "token_type_embeddings")
        tables = [self._weight(f"embeddings.{kind}.weight") for kind in kinds]
        norm = [self._weight(f"embeddings.LayerNorm.{part}") for part in ("weight", "bias")]
        inputs = [ids, types, *tables, *norm, mask]
        return self._node("EmbedLayerNormalization", "embeddings", inputs, MICROSOFT, epsilon=self._epsilon)

    def _layer(self, hidden: str, number: int) -> str:
        base = f"encoder.layer.{number}"
        qkv = [self.weights[f"{base}.attention.self.{part}.weight"].T for part in ("query", "key", "value")]
        biases = [self.weights[f"{base}.attention.self.{part}.bias"] for part in ("query", "key", "value")]
        weight = self._constant(f"{base}.qkv.weight", np.concatenate(qkv, axis=1).astype(np.float32))
        bias = self._constant(f"{base}.qkv.bias", np.concatenate(biases).astype(np.float32))
        heads = self.config["num_attention_heads"]
        inputs = [hidden, weight, bias, "embeddings.mask_index"]
        attended = self._node("Attention", f"{base}.attention", inputs, MICROSOFT, num_heads=heads)
        hidden = self._closed(attended, hidden, f"{base}.attention.output")
        inner = self._node("MatMul", f"{base}.inner", [hidden, self._matrix(f"{base}.intermediate.dense.weight")])
        active = [inner, self._weight(f"{base}.intermediate.dense.bias")]
        inner = self._node("BiasGelu", f"{base}.gelu", active, MICROSOFT)
        return self._closed(inner, hidden, f"{base}.output")

    def _closed(self, value: str, skip: str, base: str) -> str:
        """A linear layer, its bias, the way around it, and the norm."""
        product = self._node("MatMul", f"{base}.product", [value, self._matrix(f"{base}.dense.weight")])
        norm = [self._weight(f"{base}.LayerNorm.{part}") for part in ("weight", "bias")]
        inputs = [product, skip, *norm, self._weight(f"{base}.dense.bias")]
        return self._node("SkipLayerNormalization", f"{base}.norm", inputs, MICROSOFT, epsilon=self._epsilon)

    def _pool(self, hidden: str) -> None:
        last, middle = (
            self._constant(name, np.array([axis])) for name, axis in (("axis.last", -1), ("axis.tokens", 1))
        )
        few, tiny = (
            self._constant(name, np.array(value, dtype=np.float32)) for name, value in (("few", 1e-9), ("tiny", 1e-12))
        )
        mask = self._node("Cast", "mask", [self._node("Unsqueeze", "mask.wide", ["attention_mask", last])], to=1)
        tokens = self._node("ReduceSum", "tokens", [mask, middle], keepdims=0)
        masked = self._node("Mul", "masked", [hidden, mask])
        total = self._node("ReduceSum", "total", [masked, middle], keepdims=0)
        mean = self._node("Div", "mean", [total, self._node("Clip", "tokens.some", [tokens, few])])
        norm = self._node("ReduceL2", "norm", [mean], axes=[1], keepdims=1)
        self._node("Div", "embedding", [mean, self._node("Clip", "norm.some", [norm, tiny])])
