"""What imported rows need of the catalogue: found by whatever it is called, added where it is unknown, or refused.

Invariants: nothing of a row is added before its ranges have been read; under ``strict`` nothing is added at all;
every addition is told. Works in the caller's transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kb_service.catalog.ensuring import Ensured, ensure_os, ensure_product, ensure_topic
from kb_service.catalog.models import Product, Release
from kb_service.catalog.repository import load_catalog, mark_changed
from kb_service.catalog.service import add_release
from kb_service.catalog.version import parse_version
from kb_service.catalog.versions import MalformedVersions, parse_versions
from kb_service.catalog.vocabulary import Catalog
from kb_service.errors import InvalidInput
from kb_service.text import fold
from kb_service.transfer.rows import ImportRow, RowError

_RANGE = re.compile(r"[<>=≥≤~^*|,]|\s-\s|\.\s*x\b")


@dataclass
class CatalogFiller:
    """Finds or adds entries in one transaction; ``added`` as "product:gateway", "release:gateway:11", "os:windows"."""

    session: Session
    strict: bool = False
    added: list[str] = field(default_factory=list)
    _catalog: Catalog | None = None
    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        """The catalogue as of the last `refresh`, read when it is first needed."""
        if self._catalog is None:
            self._catalog = load_catalog(self.session)
        return self._catalog

    def refresh(self) -> Catalog:
        """Read the catalogue again, the additions included."""
        if self.added or self._catalog is None:
            self._catalog = load_catalog(self.session)
        return self._catalog

    def forget(self) -> None:
        """Somebody else has changed the catalogue."""
        self._catalog = None
        self._known.clear()

    def fill(self, row: ImportRow) -> tuple[list[dict[str, Any]], list[str]]:
        """The row's applies_to and topics in slugs and paths. Raises RowError, InvalidInput."""
        for index, entry in enumerate(row.text.applies_to):
            _check_versions(entry, f"applies_to/{index}/versions")
        entries = [self._entry(entry, f"applies_to/{index}") for index, entry in enumerate(row.text.applies_to)]
        return entries, [self._topic(names, f"topics/{index}") for index, names in enumerate(row.topics)]

    def _entry(self, entry: Mapping[str, Any], place: str) -> dict[str, Any]:
        product = self._product(entry["product"], f"{place}/product") if entry.get("product") else None
        versions = entry.get("versions") or []
        if product:
            for version in _single_versions(versions):
                self._release(product, version, f"{place}/versions")
        systems = [self._os(name, f"{place}/os") for name in entry.get("os") or ()]
        return {"product": product, "versions": versions, "os": systems}

    def _product(self, name: str, place: str) -> str:
        known = self.catalog.indexes.product_names.get(name)
        return known or self._ensure("product", name, place, lambda: ensure_product(self.session, name, self.catalog))

    def _os(self, name: str, place: str) -> str:
        known = self.catalog.indexes.os_names.get(name)
        return known or self._ensure("operating system", name, place, lambda: self._ensure_os(name))

    def _ensure_os(self, name: str) -> Ensured:
        # "Windows 11" goes beneath a Windows that this very import has just added.
        return ensure_os(self.session, name, self.refresh())

    def _topic(self, names: Sequence[str], place: str) -> str:
        path = "/".join(names)
        known = self.catalog.indexes.topic_names.get(path)
        if known:
            return known
        return self._ensure("topic", path, place, lambda: ensure_topic(self.session, names, self.catalog), is_free=True)

    def _release(self, product: str, version: str, place: str) -> None:
        names = self.catalog.indexes.release_names.get(product)
        if names is None or names.get(version) is None:
            self._ensure(f"release of {product}", version, place, lambda: self._add_release(product, version))

    def _add_release(self, product: str, version: str) -> Ensured:
        releases = select(Release).join(Product).where(Product.slug == product)
        known = next((r for r in self.session.scalars(releases) if fold(r.version) == fold(version)), None)
        if known is not None:
            return Ensured(known.version)
        release = add_release(self.session, product, version)
        return Ensured(release.version, (f"release:{product}:{release.version}",))

    def _ensure(self, kind: str, name: str, place: str, add: Any, *, is_free: bool = False) -> str:
        key = (kind, fold(name))
        if key not in self._known:
            if self.strict and not is_free:
                raise RowError(place, f"unknown {kind} {name!r} (--strict)")
            ensured: Ensured = add()
            self.added += ensured.added
            self._known[key] = ensured.target
        return self._known[key]


def _check_versions(entry: Mapping[str, Any], place: str) -> None:
    versions = entry.get("versions") or []
    if versions and not entry.get("product"):
        raise RowError(place, "versions need their product: name the product too")
    try:
        for item in [versions] if isinstance(versions, str) else versions:
            parse_versions(item)
    except MalformedVersions as error:
        raise RowError(place, " ".join(str(error).split())) from None


def _single_versions(versions: str | Sequence[str]) -> Iterable[str]:
    """The releases that a list names; a range ("11" means all of 11.*) names none."""
    items = () if isinstance(versions, str) else versions
    return (item for item in items if item.strip() and not _RANGE.search(item))


def sort_releases(session: Session, added: Iterable[str]) -> None:
    """Put releases of products that an import itself has added into natural order; names stand behind numbers."""
    slugs = [text.removeprefix("product:") for text in added if text.startswith("product:")]
    products = select(Product).where(Product.slug.in_(slugs)).options(selectinload(Product.releases))
    for product in session.scalars(products):
        for position, release in enumerate(sorted(product.releases, key=_release_order)):
            release.position = position
    if slugs:
        mark_changed(session)


def _release_order(release: Release) -> tuple[bool, Any, str]:
    try:
        version = parse_version(release.version)
    except (MalformedVersions, InvalidInput):
        return True, (), release.version
    return version.is_named, () if version.is_named else version.low, release.version
