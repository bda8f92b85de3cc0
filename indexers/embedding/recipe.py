"""Which model, in which form, made a vector.

Invariants: two vectors may be compared only when their recipes have the same digest; the digest covers the model's
name and the content of its files, never where they lie. Nothing heavy is imported here.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

MODEL_SUFFIXES = frozenset({".json", ".txt", ".safetensors", ".bin", ".model"})


@dataclass(frozen=True)
class Recipe:
    """How a text becomes a vector; `passage_recipe` names how the passage's text is composed (owned by the feeder)."""

    model: str
    revision: str
    dimensions: int
    max_tokens: int
    pooling: str = "mean"
    normalised: bool = True
    passage_recipe: str = ""

    def digest(self) -> str:
        """16 hexadecimal digits (the first 64 bits of SHA-256 over the canonical JSON of all fields)."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("utf-8")).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Recipe":
        """The inverse of `to_dict`; raises ValueError for a missing, unknown or wrongly typed field."""
        known = {field.name: field.type for field in fields(cls)}
        if unknown := set(values) - set(known):
            raise ValueError(f"unknown recipe fields: {sorted(unknown)}")
        for name, value in values.items():
            if type(value) is not known[name]:
                raise ValueError(f"recipe field {name} is a {type(value).__name__}")
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"incomplete recipe: {error}") from None


def hash_model_files(directory: Path) -> str:
    """SHA-256 (hex) over names and contents of a model folder's weights, configuration and tokenizer, in name order."""
    total = hashlib.sha256()
    for path in sorted(p for p in directory.rglob("*") if p.is_file() and p.suffix in MODEL_SUFFIXES):
        total.update(path.relative_to(directory).as_posix().encode("utf-8") + b"\0")
        total.update(hash_file(path).encode("ascii"))
    return total.hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 (hex) of a file's content; raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
