"""Judged questions in BEIR layout: corpus, queries and qrels, read from a folder.

Invariants: nothing is dropped silently (a malformed line is an error that names file and line); judgments of 0 or less
are kept out of ``relevant``; a query without a type has the type "all".
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

OUT_OF_SCOPE = "out_of_scope.jsonl"


class MalformedDataset(Exception):
    """The folder is not a data set as expected; the message says where and what."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question with what its asker has (``context``: product, version, os as written)."""

    id: str
    text: str
    type: str = "all"
    context: Mapping[str, str] = field(default_factory=dict)
    wrong_context_docs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One article as it stands in the corpus."""

    id: str
    title: str
    text: str
    applies_to: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A folder's questions and judgments. ``qrels``: query id → document id → grade above 0."""

    path: Path
    split: str
    queries: tuple[Query, ...]
    qrels: Mapping[str, Mapping[str, int]]

    @property
    def name(self) -> str:
        """The folder's last two names, as in ms-support/main."""
        parts = self.path.parts[-2:]
        return parts[-1] if parts[0] == "data" else "/".join(parts)

    @property
    def judged(self) -> tuple[Query, ...]:
        """Queries with a right document in this split, in file order: the denominator of every measure."""
        return tuple(query for query in self.queries if self.qrels.get(query.id))

    @cached_property
    def documents(self) -> Mapping[str, Document]:
        """The corpus by id."""
        return {document.id: document for document in map(_document, read_lines(_find(self.path, "corpus.jsonl")))}

    def corpus_digest(self) -> str:
        """SHA-256 (hex) of the corpus, unpacked."""
        total = hashlib.sha256()
        with _open(_find(self.path, "corpus.jsonl")) as stream:
            for line in stream:
                total.update(line.encode())
        return total.hexdigest()


def load(path: Path, split: str = "dev") -> Dataset:
    """A BEIR folder. Raises MalformedDataset."""
    if not path.is_dir():
        raise MalformedDataset(f"{path} is not a folder.")
    _find(path, "corpus.jsonl")
    qrels = read_qrels(path / "qrels" / f"{split}.tsv")
    queries = tuple(map(as_query, read_lines(_find(path, "queries.jsonl"))))
    unknown = sorted(set(qrels) - {query.id for query in queries})
    if unknown:
        raise MalformedDataset(f"{path}: qrels judge {unknown[0]!r}, which is no query.")
    return Dataset(path.resolve(), split, queries, qrels)


def load_out_of_scope(path: Path) -> tuple[Query, ...]:
    """Questions that no document answers; empty where the folder has none."""
    file = path / OUT_OF_SCOPE
    return tuple(map(as_query, read_lines(file))) if file.is_file() else ()


def as_query(row: Mapping[str, Any]) -> Query:
    """A line of queries.jsonl; ``metadata`` is optional."""
    metadata = row.get("metadata") or {}
    context = {axis: str(value) for axis, value in (metadata.get("context") or {}).items() if value}
    wrong = tuple(map(str, metadata.get("wrong_context_docs") or ()))
    return Query(str(row["_id"]), str(row["text"]), str(metadata.get("type") or "all"), context, wrong)


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Query id → document id → grade. Takes BEIR's three columns (header or not) and TREC's four."""
    if not path.is_file():
        raise MalformedDataset(f"{path} is missing: name the split with --split.")
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        fields = line.split("\t") if "\t" in line else line.split()
        if not fields or (number == 1 and not _is_grade(fields[-1])):
            continue
        if len(fields) not in (3, 4) or not _is_grade(fields[-1]):
            raise MalformedDataset(f"{path}, line {number}: expected query, document, grade.")
        if (grade := int(fields[-1])) > 0:
            found.setdefault(fields[0], {})[fields[-2]] = grade
    return found


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file, packed or not. Raises MalformedDataset with the line."""
    with _open(path) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError("not an object")
            except ValueError as error:
                raise MalformedDataset(f"{path}, line {number}: {error}") from None
            yield row


def _document(row: Mapping[str, Any]) -> Document:
    applies_to = tuple((row.get("metadata") or {}).get("applies_to") or ())
    return Document(str(row["_id"]), str(row.get("title") or ""), str(row.get("text") or ""), applies_to)


def _is_grade(text: str) -> bool:
    return text.strip().lstrip("-").isdigit()


def _find(path: Path, name: str) -> Path:
    for candidate in (path / f"{name}.gz", path / name):
        if candidate.is_file():
            return candidate
    raise MalformedDataset(f"{path} has neither {name} nor {name}.gz.")


def _open(path: Path) -> Any:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
