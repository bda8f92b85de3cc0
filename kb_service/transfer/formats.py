"""Which reader fits a path: said, or guessed where it is clear."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from kb_service.errors import InvalidInput
from kb_service.transfer.line_readers import BeirSource, CsvSource, JsonLinesSource, open_bytes
from kb_service.transfer.markdown_folder import MarkdownFolderSource
from kb_service.transfer.rows import PUBLIC, Defaults, Source
from kb_service.transfer.zendesk import ZendeskSource

_PEEK = 65_536


class Format(StrEnum):
    """What `kb import` reads."""

    BEIR = "beir"
    JSONL = "jsonl"
    CSV = "csv"
    MARKDOWN = "markdown"
    ZENDESK = "zendesk"


READERS: dict[Format, Callable[[Path, Defaults], Source]] = {
    Format.BEIR: BeirSource,
    Format.JSONL: JsonLinesSource,
    Format.CSV: CsvSource,
    Format.MARKDOWN: MarkdownFolderSource,
    Format.ZENDESK: ZendeskSource,
}


def open_source(path: Path, format: Format | str | None = None, defaults: Defaults = PUBLIC) -> Source:
    """The reader of a path. Raises InvalidInput when there is nothing, or when its format is not clear."""
    if not path.exists():
        raise InvalidInput(f"There is no {path}. Check the path.")
    found = Format(format) if format else guess(path)
    if found is None:
        choices = ", ".join(Format)
        raise InvalidInput(f"It is not clear what {path} is. Say it: --format with one of {choices}.")
    return READERS[found](path, defaults)


def guess(path: Path) -> Format | None:
    """The format of a folder by its files, of a file by its name and first line; None when it is not clear."""
    return _guess_folder(path) if path.is_dir() else _guess_file(path)


def _guess_folder(path: Path) -> Format | None:
    if any((path / name).is_file() for name in ("corpus.jsonl", "corpus.jsonl.gz")):
        return Format.BEIR
    if any(path.glob("articles*.json")):
        return Format.ZENDESK
    return Format.MARKDOWN if next(path.rglob("*.md"), None) else None


def _guess_file(path: Path) -> Format | None:
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix in (".csv", ".tsv"):
        return Format.CSV
    if suffix == ".json":
        return Format.ZENDESK
    if suffix not in (".jsonl", ".ndjson"):
        return None
    with open_bytes(path) as file:
        first = file.readline(_PEEK)
    return Format.BEIR if _has_beir_id(first) else Format.JSONL


def _has_beir_id(line: bytes) -> bool:
    try:
        record = json.loads(line)
    except ValueError:
        return b'"_id"' in line and b'"text"' in line
    return isinstance(record, dict) and "_id" in record and "text" in record
