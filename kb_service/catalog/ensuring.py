"""What imports need: find an entry by whatever it is called, or add it; and say what was added.

Invariant: an entry that exists under the name, an alias or the slug is used as it is, never changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kb_service.catalog.repository import load_catalog
from kb_service.catalog.service import add_release, create_product, find_product
from kb_service.catalog.trees import create_node, find_node
from kb_service.catalog.vocabulary import Catalog
from kb_service.text import fold, slugify

_FAMILY_AND_REST = re.compile(r"(?P<family>[^\d]+?)\s*(?P<rest>\d.*)")


@dataclass(frozen=True, slots=True)
class Ensured:
    """The entry's slug or path, and what had to be added ("product:gateway", "os:windows/11")."""

    target: str
    added: tuple[str, ...] = ()


def ensure_product(session: Session, name: str, catalog: Catalog | None = None) -> Ensured:
    """A product by name, alias or slug; added when there is none."""
    known = (catalog or load_catalog(session)).indexes.product_names.get(name)
    slug = known or slugify(name)
    if known or find_product(session, slug):
        return Ensured(slug)
    create_product(session, name, slug)
    return Ensured(slug, (f"product:{slug}",))


def ensure_release(session: Session, slug: str, version: str, name: str = "", *, is_named: bool = False) -> Ensured:
    """A release of a product (a slug) by version or name; added when there is none."""
    names = load_catalog(session).indexes.release_names.get(slug)
    if names and (known := names.get(version)):
        return Ensured(known)
    release = add_release(session, slug, version, name, is_named=is_named)
    return Ensured(release.version, (f"release:{slug}:{release.version}",))


def ensure_os(session: Session, name: str, catalog: Catalog | None = None) -> Ensured:
    """An operating system by name, alias or path; "Windows 11" goes beneath windows where that is known."""
    known = (catalog or load_catalog(session)).indexes.os_names.get(name)
    if known:
        return Ensured(known)
    names = [part.strip() for part in name.split("/") if part.strip()]
    if len(names) > 1:
        return _ensure_path(session, "os", names)
    match = _FAMILY_AND_REST.fullmatch(name.strip())
    parent = (catalog or load_catalog(session)).indexes.os_names.get(match["family"]) if match else None
    if match is None or parent is None:
        return _ensure_node(session, "os", name, None, slugify(name))
    return _ensure_node(session, "os", name, parent, slugify(match["rest"]))


def ensure_topic(session: Session, path: str | Sequence[str], catalog: Catalog | None = None) -> Ensured:
    """A topic by path or name ("networking/vpn", or the names from the root); missing parents are added, too."""
    names = [part.strip() for part in path.split("/")] if isinstance(path, str) else list(path)
    names = [name for name in names if name]
    known = (catalog or load_catalog(session)).indexes.topic_names.get(names[0]) if len(names) == 1 else None
    return Ensured(known) if known else _ensure_path(session, "topic", names)


def _ensure_path(session: Session, kind: str, names: Sequence[str]) -> Ensured:
    target = ""
    added: list[str] = []
    for name in names:
        ensured = _ensure_node(session, kind, name, target or None, slugify(name))
        target = ensured.target
        added += ensured.added
    return Ensured(target, tuple(added))


def _ensure_node(session: Session, kind: str, name: str, parent: str | None, slug: str) -> Ensured:
    path = f"{parent}/{slug}" if parent else slug
    if find_node(session, kind, path):
        return Ensured(path)
    label = name if fold(name) != fold(slug) or name != name.lower() else name.replace("-", " ").capitalize()
    create_node(session, kind, label, parent, slug)
    return Ensured(path, (f"{kind}:{path}",))
