"""Reader of a folder of Markdown files with YAML front matter (the format of kb_service/demo/knowledge).

Invariants: files are read in the order of their paths; ``line`` is the file's place in that order; a file that cannot
be read is a Rejection that names it. README.md is about the folder, no article; catalog.yaml brings entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from kb_service.transfer.fields import kind_of, row_of
from kb_service.transfer.line_readers import guarded
from kb_service.transfer.rows import CatalogRow, ImportRow, Read, Rejection, RowError, Source

FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
CATALOG = "catalog.yaml"
_HEADING = re.compile(r"\A\s*#[ \t]+(.+?)[ \t#]*(?:\n|\Z)")
_ABOUT = {"readme.md"}


class MarkdownFolderSource(Source):
    """A folder with ``*.md`` at any depth. Without an ``id`` an article is known by its path."""

    def files(self) -> list[Path]:
        found = [p for p in self.path.rglob("*.md") if p.is_file() and p.name.lower() not in _ABOUT]
        catalog = self.path / CATALOG
        return [*([catalog] if catalog.is_file() else []), *sorted(found)]

    def rows(self) -> Iterable[Read]:
        for line, path in enumerate(self.files(), 1):
            yield read_catalog(path, line) if path.name == CATALOG else self._read(path, line)

    def _read(self, path: Path, line: int) -> Read:
        address = path.relative_to(self.path).as_posix()
        return guarded(lambda: self._row(path, line, address), line, {"file": address})

    def _row(self, path: Path, line: int, address: str) -> ImportRow:
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise RowError("", f"cannot be read as UTF-8 text: {error}") from None
        front, body = split(text)
        record = dict(front)
        if not {"id", "external_id"} & front.keys():
            record["external_id"] = address.removesuffix(".md")
        if "title" not in record and (match := _HEADING.match(body)):
            record["title"], body = match[1], body[match.end() :]
        row = row_of({**record, "body": body}, line, self.defaults, address)
        return replace(row, raw={"file": address, **front})


def split(text: str) -> tuple[dict[str, Any], str]:
    """Front matter and body. Raises RowError."""
    match = FRONT.match(text)
    if match is None:
        raise RowError("", "has no YAML front matter between two lines of ---")
    try:
        front = yaml.safe_load(match[1]) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RowError("", f"the front matter is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(front, Mapping):
        raise RowError("", f"the front matter is {kind_of(front)}, not fields")
    return {str(name): value for name, value in front.items()}, text[match.end() :]


def read_catalog(path: Path, line: int = 1) -> CatalogRow | Rejection:
    """The entries of a catalog.yaml."""
    try:
        loaded = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        return Rejection(line, "", f"{path.name} cannot be read: {' '.join(str(error).split())}")
    if not isinstance(loaded, Mapping):
        return Rejection(line, "", f"{path.name} holds {kind_of(loaded)}, not entries")
    return CatalogRow(line, loaded)
