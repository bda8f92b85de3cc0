"""Catalogue entries as files hold them (the demo's catalog.yaml, the first line of an export): added, never changed.

Invariants: an entry that exists by its slug or path stays as it is; only releases and aliases that are missing join it.
Works in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from kb_service.catalog.service import add_alias, add_release, create_product, find_product
from kb_service.catalog.trees import create_node, find_node
from kb_service.errors import Conflict, InvalidInput
from kb_service.text import fold


def load_entries(session: Session, catalog: Mapping[str, Any]) -> list[str]:
    """Add products, operating systems and topics; returns what was added. Raises InvalidInput for a malformed file."""
    try:
        return [
            *(text for i, entry in enumerate(catalog.get("products") or ()) for text in _product(session, entry, i)),
            *(text for kind, key in (("os", "operating_systems"), ("topic", "topics"))
              for node in _flat(catalog.get(key) or ()) for text in _node(session, kind, *node)),
        ]  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"The catalogue's entries cannot be read: {type(error).__name__} {error}", "/catalog"
        ) from None


def _product(session: Session, entry: Mapping[str, Any], position: int) -> Iterator[str]:
    slug, name = str(entry["slug"]), str(entry["name"])
    product = find_product(session, slug)
    if product is None:
        product = create_product(session, name, slug, str(entry.get("description") or ""), position)
        session.flush()
        yield f"product:{slug}"
    _aliases(session, "product", slug, entry.get("aliases"))
    for release in _releases(entry):
        version = str(release["version"])
        if any(fold(known.version) == fold(version) for known in product.releases):
            continue
        added = add_release(
            session, slug, version, str(release.get("name") or ""),
            is_named=bool(release.get("is_named")), released_on=_date(release.get("released_on")),
        )  # fmt: skip
        _aliases(session, "release", f"{slug}:{added.version}", release.get("aliases"))
        yield f"release:{slug}:{added.version}"


def _releases(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    named = [{"version": name, "is_named": True} for name in entry.get("named_versions") or ()]
    return [*(entry.get("releases") or ()), *named]


def _date(value: Any) -> date | None:
    return value if isinstance(value, date) or value is None else date.fromisoformat(str(value))


def _flat(nodes: Sequence[Mapping[str, Any]], above: str = "") -> Iterator[tuple[str, Mapping[str, Any], int]]:
    """(path, node, position) of nested nodes (slug, children) or flat ones (path), parents first."""
    for position, node in enumerate(nodes):
        path = str(node["path"]) if "path" in node else f"{above}{node['slug']}"
        yield path, node, position
        yield from _flat(node.get("children") or (), f"{path}/")


def _node(session: Session, kind: str, path: str, node: Mapping[str, Any], position: int) -> Iterator[str]:
    if find_node(session, kind, path) is None:
        parent, _, slug = path.rpartition("/")
        create_node(session, kind, str(node["name"]), parent or None, slug, position)
        yield f"{kind}:{path}"
    _aliases(session, kind, path, node.get("aliases"))


def _aliases(session: Session, kind: str, target: str, texts: Sequence[str] | None) -> None:
    for text in texts or ():
        try:
            add_alias(session, kind, str(text), target)
        except Conflict:
            continue  # it means another entry here already, and keeps meaning that
