"""applies_to as people write it, read into an Applicability: names and aliases become slugs and paths. Pure.

Invariants: nothing is dropped silently: an unknown name, a malformed range, a version without a product
is an error that names its place (JSON pointer; the text with a caret beneath).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kb_service.catalog.context import NOTHING, Applicability, Entry
from kb_service.catalog.versions import EVERY_VERSION, NO_VERSION, MalformedVersions, VersionSet, parse_versions
from kb_service.catalog.vocabulary import Catalog, malformed
from kb_service.errors import InvalidInput
from kb_service.text import find_flaw

MAX_ENTRIES, MAX_ITEMS, MAX_RANGE = 100, 200, 500
_AXES = ("product", "versions", "os")
_OPERATORS = re.compile(r"[<>=*|,]")
_ASSIGNMENT = re.compile(r"\s*(product|versions?|os)\s*[=:](.*)", re.DOTALL)


def read_applies_to(raw: Sequence[Mapping[str, Any]], catalog: Catalog, pointer: str = "/applies_to") -> Applicability:
    """An article's applies_to. Raises InvalidInput with the pointer of the very entry and axis."""
    if len(raw) > MAX_ENTRIES:
        raise InvalidInput(f"At most {MAX_ENTRIES} entries.", pointer)
    return Applicability(tuple(_entry(item, catalog, f"{pointer}/{i}") for i, item in enumerate(raw)))


def read_section(text: str, products: frozenset[str], catalog: Catalog, pointer: str) -> Entry:
    """A heading's ``product=…; versions=…; os=…``; without a product its versions are of the article's ``products``."""
    axes = split_axes(text, pointer)
    if not axes["product"] and axes["versions"] and not products:
        raise InvalidInput("Versions need a product, and the article names none.", pointer)
    product = catalog.resolve_product(axes["product"], pointer) if axes["product"] else None
    of = product or (next(iter(products)) if len(products) == 1 else None)
    versions = _versions(_double_quoted(axes["versions"]), of, catalog, pointer)
    names = [name.strip() for name in (axes["os"] or "").split(",") if name.strip()]
    return Entry(product, versions, frozenset(catalog.resolve_os(name, pointer) for name in names))


def write_section(entry: Entry) -> str:
    """A section's entry with slugs and paths only, as it is stored: readable without any catalogue."""
    versions = "" if entry.versions.is_everything else entry.versions.canonical().replace('"', "'")
    axes = {"product": entry.product, "versions": versions, "os": ", ".join(sorted(entry.os))}
    return "; ".join(f"{axis}={value}" for axis, value in axes.items() if value)


def read_stored_section(text: str) -> Applicability:
    """The inverse of `write_section`. What cannot be read applies to nothing, so that nobody wrong sees it."""
    try:
        axes = split_axes(text, "")
        versions = parse_versions(_double_quoted(axes["versions"]))
    except (InvalidInput, MalformedVersions):
        return NOTHING
    return Applicability((Entry(axes["product"], versions, frozenset((axes["os"] or "").split(","))),))


def _double_quoted(versions: str | None) -> str:
    return (versions or "").replace("'", '"')


def split_axes(text: str, pointer: str) -> dict[str, str | None]:
    """``product=gateway; versions=>=11; os=windows/11`` as a dict of its three axes."""
    axes: dict[str, str | None] = dict.fromkeys(_AXES)
    for part in text.split(";"):
        if not part.strip():
            continue
        match = _ASSIGNMENT.fullmatch(part)
        if match is None or not match[2].strip():
            raise InvalidInput(f"{part.strip()[:80]!r} is not one of product=…, versions=…, os=….", pointer)
        name = "versions" if match[1] == "version" else match[1]
        if axes[name] is not None:
            raise InvalidInput(f"{name} is given twice.", pointer)
        axes[name] = match[2].strip()
    if not any(axes.values()):
        raise InvalidInput("applies_to names no product, versions or os.", pointer)
    return axes


def _entry(raw: Mapping[str, Any], catalog: Catalog, pointer: str) -> Entry:
    if unknown := sorted(set(raw) - set(_AXES)):
        raise InvalidInput(f"There is no {unknown[0]!r} here; an entry holds product, versions, os.", pointer)
    product = catalog.resolve_product(raw["product"], f"{pointer}/product") if raw.get("product") else None
    versions = _versions(raw.get("versions") or (), product, catalog, f"{pointer}/versions")
    if product is None and not versions.is_everything:
        raise InvalidInput("Versions need their product: name the product too.", f"{pointer}/versions")
    systems = [raw["os"]] if isinstance(raw.get("os"), str) else list(raw.get("os") or ())
    if len(systems) > MAX_ITEMS:
        raise InvalidInput(f"At most {MAX_ITEMS} operating systems.", f"{pointer}/os")
    return Entry(product, versions, frozenset(catalog.resolve_os(item, f"{pointer}/os") for item in systems))


def _versions(raw: str | Sequence[str], product: str | None, catalog: Catalog, pointer: str) -> VersionSet:
    if isinstance(raw, str):
        return _range(raw, product, catalog, pointer) if raw.strip() else EVERY_VERSION
    if len(raw) > MAX_ITEMS:
        raise InvalidInput(f"At most {MAX_ITEMS} versions.", pointer)
    found = NO_VERSION if raw else EVERY_VERSION
    for index, item in enumerate(raw):
        found = found.union(_range(str(item), product, catalog, f"{pointer}/{index}"))
    return found


def _range(text: str, product: str | None, catalog: Catalog, pointer: str) -> VersionSet:
    if len(text) > MAX_RANGE:
        raise InvalidInput(f"A range has at most {MAX_RANGE} characters.", pointer)
    names = catalog.indexes.release_names.get(product or "")
    if flaw := find_flaw(text, is_line=True):
        raise InvalidInput(f"The text {flaw}.", pointer)
    try:
        is_name = names is not None and not _OPERATORS.search(text)
        named = names.get(text) if is_name and names else None
        return parse_versions(named or text, catalog.named_versions(product))
    except MalformedVersions as error:
        raise malformed(error, pointer) from None
