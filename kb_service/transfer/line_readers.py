"""Readers of what comes line by line: BEIR corpora, JSON Lines, CSV. Pure but for reading the file.

Invariants: a line that cannot be read is a Rejection, never the end of the import; lines are counted from 1.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from kb_service.articles.inputs import MAX_TITLE, ArticleText
from kb_service.transfer.fields import Fields, kind_of, row_of
from kb_service.transfer.rows import MAX_ROW_BYTES, CatalogRow, ImportRow, Read, Rejection, RowError, Source, Standing

_SHOWN = 2000
_LISTS = ("topics", "keywords", "audience", "redirects")
_JSON = ("applies_to", "attachments")


def open_bytes(path: Path) -> IO[bytes]:
    """A file for reading, unpacked when it ends in .gz."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]] | Rejection]:
    """Each line's object with its number."""
    with open_bytes(path) as file:
        for line, raw in enumerate(file, 1):
            if raw.strip():
                yield _object(line, raw)


def _object(line: int, raw: bytes) -> tuple[int, Mapping[str, Any]] | Rejection:
    shown = raw[:_SHOWN].decode("utf-8", "replace")
    if len(raw) > MAX_ROW_BYTES:
        return Rejection(line, "", f"the line has more than {MAX_ROW_BYTES // 1024 // 1024} MB", shown)
    try:
        value = json.loads(raw.decode("utf-8-sig" if line == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        return Rejection(line, "", f"not UTF-8 at byte {error.start + 1}", shown)
    except (ValueError, RecursionError) as error:
        return Rejection(line, "", f"not JSON: {error}", shown)
    if not isinstance(value, dict):
        return Rejection(line, "", f"expected an object, found {kind_of(value)}", shown)
    return line, value


class JsonLinesSource(Source):
    """Our own export: one article a line; a line {"catalog": {…}} brings catalogue entries."""

    def rows(self) -> Iterable[Read]:
        for found in json_lines(self.path):
            yield found if isinstance(found, Rejection) else self._row(*found)

    def _row(self, line: int, record: Mapping[str, Any]) -> Read:
        if isinstance(record.get("catalog"), Mapping):
            return CatalogRow(line, record["catalog"])
        return guarded(lambda: row_of(record, line, self.defaults), line, record)


class CsvSource(Source):
    """The same fields as columns: lists separated by "|", applies_to as JSON."""

    def rows(self) -> Iterable[Read]:
        csv.field_size_limit(MAX_ROW_BYTES)
        with open_bytes(self.path) as binary, io.TextIOWrapper(binary, "utf-8-sig", "replace", newline="") as text:
            reader = csv.DictReader(text, dialect=_dialect(text), restkey="")
            while True:
                try:
                    record = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Rejection(reader.line_num, "", f"not CSV: {error}")
                    continue
                yield self._row(reader.line_num, record)

    def _row(self, line: int, record: dict[str, Any]) -> Read:
        return guarded(lambda: row_of(_from_columns(record), line, self.defaults), line, record)


def _dialect(text: IO[str]) -> type[csv.Dialect] | str:
    header = text.readline()
    text.seek(0)
    if ";" in header and "," not in header:
        return type("Semicolons", (csv.excel,), {"delimiter": ";"})
    return "excel-tab" if "\t" in header and "," not in header else "excel"


def _from_columns(record: Mapping[str, Any]) -> dict[str, Any]:
    if record.get(""):
        raise RowError("", "has more cells than the header has columns")
    given: dict[str, Any] = {name.strip(): value for name, value in record.items() if value and name}
    for name in _LISTS:
        if name in given:
            given[name] = given[name].split("|")
    for name in _JSON:
        if name in given:
            given[name] = _json_cell(name, given[name])
    return given


def _json_cell(name: str, cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise RowError(name, f"not JSON: {error}") from None


class BeirSource(Source):
    """A BEIR folder (or its corpus): {_id, title, text, metadata}; the text is a Markdown body."""

    @property
    def corpus(self) -> Path:
        """The corpus file."""
        names = ("corpus.jsonl", "corpus.jsonl.gz")
        return next((self.path / n for n in names if (self.path / n).is_file()), self.path)

    def files(self) -> list[Path]:
        return [self.corpus]

    def rows(self) -> Iterable[Read]:
        for found in json_lines(self.corpus):
            yield found if isinstance(found, Rejection) else self._row(*found)

    def _row(self, line: int, record: Mapping[str, Any]) -> Read:
        return guarded(lambda: _beir_row(record, line, self.defaults.audience), line, record)


def _beir_row(record: Mapping[str, Any], line: int, audience: tuple[str, ...]) -> ImportRow:
    fields = Fields(record)
    metadata = record.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise RowError("metadata", f"expected an object, found {kind_of(metadata)}")
    about = Fields(metadata)
    number = about.text("kb_number")
    body = fields.text("text")
    url = about.text("url")
    text = ArticleText(
        title=fields.text("title") or _made_title(record, body),
        body=body,
        keywords=(*about.texts("keywords"), *([f"KB{number.upper().removeprefix('KB')}"] if number else [])),
        applies_to=about.applies_to(),
        audience=about.texts("audience") or audience,
        type=about.text("type") or "problem",
        language=about.text("language") or "en",
    )
    dates = about.time("created_at"), about.time("updated_at") or about.time("date")
    standing = Standing(created_at=dates[0], updated_at=dates[1], redirects=(url,) if url else ())
    topics = tuple((topic,) for topic in about.texts("topic_area"))
    return ImportRow(line, fields.line("_id"), text, standing, topics, raw=record)


def _made_title(record: Mapping[str, Any], body: str) -> str:
    """Many BEIR corpora have empty titles: the text's beginning stands for one."""
    if record.get("title") is None:
        raise RowError("title", "is missing")
    words = " ".join(re.sub(r"^[#>*\s-]+", "", body).split())
    if not words:
        raise RowError("title", "is empty, and so is the text")
    return words if len(words) <= 100 else words[: min(100, MAX_TITLE)].rsplit(" ", 1)[0] + " …"


def guarded(make: Any, line: int, record: Any) -> Read:
    """The row that ``make`` makes, or its rejection."""
    try:
        made: ImportRow = make()
    except RowError as error:
        return Rejection(line, error.field, error.reason, record)
    return made
