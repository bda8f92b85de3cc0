"""The editor's form and an article's fields, each made of the other. Pure.

Invariant: what a form says about an article that nobody touched is what the article says: reading back changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from kb_service.articles.inputs import TEXT_FIELDS, ArticleText
from kb_service.catalog.applies_to import read_applies_to
from kb_service.catalog.vocabulary import Catalog
from kb_service.errors import InvalidInput

LINES = ("title", "owner", "language", "type", "confidence", "governance")
TEXTS = ("short_answer", *TEXT_FIELDS)
AT_ONCE = ("type", "topics", "audience", "owner", "confidence", "governance", "family")
_APPLIES = re.compile(r"applies-(\d{1,3})-(product|from|through|versions|os)")
_RANGE = re.compile(r"(?:>=(?P<low>[\w.+-]+))?,?(?:<=(?P<high>[\w.+-]+))?")
_ONE = re.compile(r'"?(?P<one>[\w.+-]+)"?')

Items = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class AppliesRow:
    """One entry of applies_to as its pickers show it. ``versions``: as written, where from and through cannot say it."""

    product: str = ""
    low: str = ""
    high: str = ""
    versions: str = ""
    os: tuple[str, ...] = ()


def fields_of(text: ArticleText) -> dict[str, Any]:
    """An article's text as plain fields."""
    return {field.name: plain(getattr(text, field.name)) for field in fields(text)}


def plain(value: Any) -> Any:
    """Tuples as lists, so that fields compare and become JSON."""
    return [plain(one) for one in value] if isinstance(value, tuple | list) else value


def read_form(items: Items) -> dict[str, Any]:
    """The fields that a sent form states."""
    single = dict(items)
    found: dict[str, Any] = {name: single[name].strip() for name in LINES if name in single}
    found |= {name: _block(single[name]) for name in TEXTS if name in single}
    if "keywords" in single:
        found["keywords"] = list(
            dict.fromkeys(line.strip() for line in single["keywords"].splitlines() if line.strip())
        )
    if "topics_shown" in single:
        found["topics"] = [value for name, value in items if name == "topics"]
    if "audience_shown" in single:
        more = re.split(r"[,\s]+", single.get("audience_more", ""))
        found["audience"] = sorted({v for v in (*(v for n, v in items if n == "audience"), *more) if v})
    if "family" in single:
        found["family"] = single["family"].strip() or None
    if "applies_shown" in single:
        found["applies_to"] = read_applies(items)
        found["significance"] = "minor" if single.get("minor") else "major"
    return found


def _block(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def read_applies(items: Items) -> list[dict[str, Any]]:
    """The entries that the pickers state; an empty row states nothing."""
    rows: dict[int, dict[str, list[str]]] = {}
    for name, value in items:
        if (match := _APPLIES.fullmatch(name)) and value.strip():
            rows.setdefault(int(match[1]), {}).setdefault(match[2], []).append(value.strip())
    return [_entry(rows[index]) for index in sorted(rows)]


def _entry(row: Mapping[str, list[str]]) -> dict[str, Any]:
    low, high, written = (row.get(name, [""])[0] for name in ("from", "through", "versions"))
    versions = written or _range(low, high)
    values = {"product": row.get("product", [""])[0], "versions": versions, "os": row.get("os", [])}
    return {name: value for name, value in values.items() if value}


def _range(low: str, high: str) -> str:
    if low and low == high:
        return low
    return ",".join(part for part in (f">={low}" if low else "", f"<={high}" if high else "") if part)


def applies_rows(raw: Iterable[Mapping[str, Any]]) -> list[AppliesRow]:
    """Entries as rows of pickers."""
    return [_row(entry) for entry in raw]


def _row(entry: Mapping[str, Any]) -> AppliesRow:
    written = entry.get("versions") or ""
    written = " || ".join(written) if isinstance(written, list | tuple) else str(written)
    systems = entry.get("os") or ()
    systems = (systems,) if isinstance(systems, str) else tuple(systems)
    product, text = str(entry.get("product") or ""), written.strip()
    if text in ("", "*"):
        return AppliesRow(product, os=systems)
    if one := _ONE.fullmatch(text):
        return AppliesRow(product, one["one"], one["one"], os=systems)
    if (bounds := _RANGE.fullmatch(text)) and any(bounds.groups()):
        return AppliesRow(product, bounds["low"] or "", bounds["high"] or "", os=systems)
    return AppliesRow(product, versions=text, os=systems)


def is_same(name: str, one: Any, other: Any, catalog: Catalog) -> bool:
    """Whether two values of a field mean the same."""
    if name == "applies_to":
        return _applies_key(one, catalog) == _applies_key(other, catalog)
    if name in ("audience", "topics"):
        return sorted(one or ()) == sorted(other or ())
    return bool(plain(one) == plain(other))


def _applies_key(raw: Any, catalog: Catalog) -> str:
    try:
        return read_applies_to(tuple(raw or ()), catalog).key()
    except (InvalidInput, TypeError):
        return json.dumps(plain(raw), sort_keys=True, default=str)


def changed_fields(base: Mapping[str, Any], mine: Mapping[str, Any], catalog: Catalog) -> dict[str, Any]:
    """What was really changed."""
    return {name: value for name, value in mine.items() if not is_same(name, base.get(name), value, catalog)}


def write_base(fields: Mapping[str, Any]) -> str:
    """The fields without a history of their own, as they were when the editor opened; goes along in the form."""
    return json.dumps({name: fields.get(name) for name in AT_ONCE})


def read_base(text: str) -> dict[str, Any]:
    """The inverse; what cannot be read says nothing."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return {name: found[name] for name in AT_ONCE if name in found} if isinstance(found, dict) else {}
