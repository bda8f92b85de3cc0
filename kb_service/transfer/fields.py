"""A record's fields, read with their types: JSON Lines, CSV and front matter alike. Pure.

Invariants: nothing is guessed: a field of a wrong type is a RowError that names it; fields that nobody knows are
reported, never silently lost.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from kb_service.articles.inputs import ArticleText
from kb_service.transfer.rows import AttachedFile, Defaults, ImportRow, RowError, Standing

_NAMES = (
    "id external_id source title short_answer type topics family applies_to audience state language keywords issue "
    "environment cause resolution body owner confidence governance votes_up votes_down created_at updated_at "
    "redirects attachments"
)
FIELDS = frozenset(_NAMES.split())
_US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
STATES = {"published": True, "draft": False}


class Fields:
    """Typed access to one record; every error names the field."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record

    def text(self, name: str, default: str = "") -> str:
        """A text; numbers are read as texts (ids often are numbers)."""
        value = self.record.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise RowError(name, f"expected a text, found {kind_of(value)}")
        return str(value).strip()

    def line(self, name: str) -> str:
        """A text that must be there."""
        value = self.text(name)
        if not value:
            raise RowError(name, "is missing")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; a single text is a list of one."""
        value = self.record.get(name)
        values = [value] if isinstance(value, str) else [] if value is None else value
        if not isinstance(values, Sequence) or any(isinstance(v, (Mapping, list)) or v is None for v in values):
            raise RowError(name, f"expected a list of texts, found {kind_of(value)}")
        return tuple(str(item).strip() for item in values if str(item).strip())

    def count(self, name: str) -> int:
        """A number that is not negative."""
        value = self.text(name) or "0"
        if not value.isascii() or not value.isdigit() or len(value) > 9:
            raise RowError(name, f"expected a number of votes, found {value[:40]!r}")
        return int(value)

    def time(self, name: str) -> datetime | None:
        """A time (ISO 8601; a time without a zone is UTC) or a date."""
        return parse_time(self.record.get(name), name)

    def applies_to(self, name: str = "applies_to") -> tuple[dict[str, Any], ...]:
        """A list of {product, versions, os}."""
        value = self.record.get(name)
        entries = [value] if isinstance(value, Mapping) else [] if value is None else value
        if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
            raise RowError(name, f"expected a list of {{product, versions, os}}, found {kind_of(value)}")
        return tuple(_entry(entry, f"{name}/{index}") for index, entry in enumerate(entries))


def _entry(entry: Mapping[str, Any], place: str) -> dict[str, Any]:
    if unknown := sorted(str(key) for key in entry if key not in ("product", "versions", "os")):
        raise RowError(place, f"there is no {unknown[0]!r} here; an entry holds product, versions, os")
    values = Fields(entry)
    try:
        versions: str | list[str]
        given = entry.get("versions")
        versions = str(given) if isinstance(given, (str, int, float)) else list(values.texts("versions"))
        return {"product": values.text("product") or None, "versions": versions, "os": list(values.texts("os"))}
    except RowError as error:
        raise RowError(f"{place}/{error.field}", error.reason) from None


def parse_time(value: Any, name: str) -> datetime | None:
    """A time as sources write it. Raises RowError."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    text = str(value).strip()
    try:
        if match := _US_DATE.fullmatch(text):
            return datetime(int(match[3]), int(match[1]), int(match[2]), tzinfo=UTC)
        found = datetime.fromisoformat(text)
    except ValueError:
        raise RowError(name, f"expected a time such as 2025-03-18T08:00:00Z, found {text[:40]!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def kind_of(value: Any) -> str:
    """The JSON name of a value's type, for errors."""
    names = {
        dict: "an object",
        list: "a list",
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
    }
    return "nothing" if value is None else names.get(type(value), type(value).__name__)


def row_of(record: Mapping[str, Any], line: int, defaults: Defaults, address: str = "") -> ImportRow:
    """A record with our own field names as a row. Raises RowError."""
    fields = Fields(record)
    external_id = fields.text("external_id") or fields.line("id")
    return ImportRow(
        line=line,
        external_id=external_id,
        text=_text(fields, defaults),
        standing=_standing(fields),
        topics=tuple(tuple(topic.split("/")) for topic in fields.texts("topics")),
        address=address,
        notes=tuple(f"unknown field {name}" for name in sorted(map(str, set(record) - FIELDS))),
        raw=record,
    )


def _text(fields: Fields, defaults: Defaults) -> ArticleText:
    return ArticleText(
        title=fields.line("title"),
        short_answer=fields.text("short_answer"),
        issue=fields.text("issue"),
        environment=fields.text("environment"),
        cause=fields.text("cause"),
        resolution=fields.text("resolution"),
        body=fields.text("body"),
        keywords=fields.texts("keywords"),
        applies_to=fields.applies_to(),
        audience=fields.texts("audience") or defaults.audience,
        type=fields.text("type") or "problem",
        language=fields.text("language") or "en",
        family=fields.text("family") or None,
        owner=fields.text("owner"),
        confidence=fields.text("confidence") or "validated",
        governance=fields.text("governance") or "experience",
    )


def _standing(fields: Fields) -> Standing:
    state = fields.text("state") or "published"
    if state not in STATES:
        raise RowError("state", f"expected published or draft, found {state[:40]!r}")
    return Standing(
        source=fields.text("source") or None,
        publish=STATES[state],
        votes_up=fields.count("votes_up"),
        votes_down=fields.count("votes_down"),
        created_at=fields.time("created_at"),
        updated_at=fields.time("updated_at"),
        redirects=fields.texts("redirects"),
        attachments=_attachments(fields.record.get("attachments")),
    )


def _attachments(value: Any) -> tuple[AttachedFile, ...]:
    if value in (None, "", []):
        return ()
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise RowError("attachments", f"expected a list of {{name, media_type, content}}, found {kind_of(value)}")
    return tuple(_attachment(Fields(item)) for item in value)


def _attachment(fields: Fields) -> AttachedFile:
    try:
        content = base64.b64decode(fields.text("content"), validate=True)
    except (binascii.Error, ValueError):
        raise RowError("attachments", "content is not base64") from None
    name = fields.line("name")
    return AttachedFile(name, fields.text("media_type") or media_type_of(name), content)


def media_type_of(name: str) -> str:
    """The media type that a file's name promises."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
