"""An applicability in words: "Harbour Gateway 11 and later · Windows 11". Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from kb_service.catalog.context import Applicability, Entry
from kb_service.catalog.versions import VersionSet

_BOUND = re.compile(r"(>=|<=|>|<|=)?(.*)")

NameOf = Callable[[str], str]


def describe_entry(entry: Entry, product_name: NameOf, os_name: NameOf, release_name: NameOf) -> str:
    """One line of applies_to for people; empty when the entry restricts nothing."""
    versions = describe_versions(entry.versions, release_name)
    product = product_name(entry.product) if entry.product else ""
    if not product and versions:
        versions = f"version {versions}"
    systems = " or ".join(sorted(os_name(path) for path in entry.os))
    return " · ".join(part for part in (f"{product} {versions}".strip(), systems) if part)


def describe(a: Applicability, line: Callable[[Entry], str]) -> list[str]:
    """One text for each entry; none when it applies to everything."""
    if a.is_nothing:
        return ["nothing"]
    return [text for entry in a.entries if (text := line(entry))]


def describe_versions(versions: VersionSet, release_name: NameOf) -> str:
    """Versions for people: "10.2 to before 12, 13 and later"; empty for every version."""
    if versions.is_everything:
        return ""
    return ", ".join(_describe_alternative(part, release_name) for part in versions.canonical().split(" || "))


def _describe_alternative(text: str, release_name: NameOf) -> str:
    if text.startswith('"'):
        return release_name(text.strip('"'))
    bounds = [_words(*match.groups()) for part in text.split(",") if (match := _BOUND.fullmatch(part))]
    if len(bounds) == 2 and bounds[0].endswith(" and later"):
        return f"{bounds[0].removesuffix(' and later')} to {bounds[1]}"
    return " and ".join(bounds)


def _words(operator: str | None, version: str) -> str:
    words = {">=": "{} and later", ">": "after {}", "<": "before {}", "<=": "{} and earlier"}
    return words.get(operator or "", "{}").format(version)
