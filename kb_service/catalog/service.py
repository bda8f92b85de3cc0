"""Changes of the catalogue: products, releases, operating systems, topics, aliases.

Invariants: a slug or path never changes (applicabilities carry it), a name may; what an article uses is not
deleted; every change raises the catalogue's counter; a changed name of a product or OS re-indexes the articles
that show it. Services never commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.catalog.models import Alias, Product, Release
from kb_service.catalog.repository import mark_changed
from kb_service.catalog.versions import MalformedVersions, parse_version
from kb_service.catalog.vocabulary import malformed
from kb_service.errors import Conflict, NotFound
from kb_service.text import clean_text, fold, slugify

MAX_NAME, MAX_DESCRIPTION = 200, 2000
ALIAS_KINDS = ("product", "release", "os", "topic")


@dataclass(frozen=True, slots=True)
class ArticleCounts:
    """Published articles that an actor may read, by product slug, OS path and topic path (ancestors included)."""

    products: Mapping[str, int]
    operating_systems: Mapping[str, int]
    topics: Mapping[str, int]


class CatalogUses(Protocol):
    """What articles make of the catalogue; implemented above (articles), wired where routers are built."""

    def count(self, session: Session, kind: str, target: str) -> int:
        """How many articles use a product, release ("slug:version"), os or topic."""

    def reindex(self, session: Session, kind: str, target: str) -> int:
        """Raise index_version of the articles that show a product or OS; returns how many."""

    def readable(self, session: Session, audiences: frozenset[str]) -> ArticleCounts:
        """Counts for menus."""


class NoUses:
    """A catalogue without articles."""

    def count(self, session: Session, kind: str, target: str) -> int:
        return 0

    def reindex(self, session: Session, kind: str, target: str) -> int:
        return 0

    def readable(self, session: Session, audiences: frozenset[str]) -> ArticleCounts:
        return ArticleCounts({}, {}, {})


def create_product(
    session: Session, name: str, slug: str | None = None, description: str = "", position: int = 0
) -> Product:
    """A new product; its slug is made of the name unless given. Raises Conflict when the slug is taken."""
    name = clean_name(name)
    slug = slug or slugify(name)
    if find_product(session, slug) is not None:
        raise Conflict(f"There already is a product with the slug {slug!r}.")
    text = clean_text(description, "/description", longest=MAX_DESCRIPTION)
    product = Product(slug=slug, name=name, description=text, position=position)
    session.add(product)
    mark_changed(session)
    return product


def update_product(session: Session, slug: str, changes: Mapping[str, object], uses: CatalogUses) -> Product:
    """Change ``name``, ``description``, ``position``; a new name re-indexes the articles that show it."""
    product = get_product(session, slug)
    if "name" in changes and (name := clean_name(str(changes["name"]))) != product.name:
        product.name = name
        uses.reindex(session, "product", slug)
    if "description" in changes:
        product.description = clean_text(str(changes["description"]), "/description", longest=MAX_DESCRIPTION)
    if "position" in changes:
        product.position = int(str(changes["position"]))
    mark_changed(session)
    return product


def delete_product(session: Session, slug: str, uses: CatalogUses) -> None:
    """Remove a product that no article uses, with its releases and aliases."""
    product = get_product(session, slug)
    refuse_when_used(session, uses, "product", slug)
    delete_aliases(session, "product", slug)
    for release in product.releases:
        delete_aliases(session, "release", f"{slug}:{release.version}")
    session.delete(product)
    mark_changed(session)


def add_release(
    session: Session,
    slug: str,
    version: str,
    name: str = "",
    *,
    is_named: bool = False,
    released_on: date | None = None,
) -> Release:
    """A known release of a product, behind those already there. Raises Conflict when the version is there."""
    product = get_product(session, slug)
    version = clean_text(version, "/version", longest=100, shortest=1, is_line=True)
    if not is_named:
        try:
            is_named = parse_version(version).is_named
        except MalformedVersions as error:
            raise malformed(error, "/version") from None
    if any(fold(release.version) == fold(version) for release in product.releases):
        raise Conflict(f"{product.name} already has the release {version}.")
    label = clean_text(name, "/name", longest=MAX_NAME, is_line=True)
    position = 1 + max((release.position for release in product.releases), default=-1)
    release = Release(version=version, name=label, is_named=is_named, released_on=released_on, position=position)
    product.releases.append(release)
    mark_changed(session)
    return release


def delete_release(session: Session, slug: str, version: str, uses: CatalogUses) -> None:
    """Forget a release; a named one only when no article uses it (its name would become a number)."""
    product = get_product(session, slug)
    release = next((r for r in product.releases if r.version == version), None)
    if release is None:
        raise NotFound(f"{product.name} has no release {version!r}.")
    if release.is_named:
        refuse_when_used(session, uses, "release", f"{slug}:{version}")
    delete_aliases(session, "release", f"{slug}:{version}")
    product.releases.remove(release)
    mark_changed(session)


def add_alias(session: Session, kind: str, text: str, target: str) -> Alias | None:
    """Another way to write an entry; None when it is there already. Raises Conflict when it means another."""
    text = clean_text(text, "/aliases", longest=MAX_NAME, shortest=1, is_line=True)
    folded = fold(text)
    alike = session.scalars(select(Alias).where(Alias.kind == kind, Alias.folded == folded)).all()
    if any(alias.target == target for alias in alike) or not folded:
        return None
    if alike and kind != "release":
        raise Conflict(f"{text!r} already stands for {alike[0].target}.")
    alias = Alias(kind=kind, text=text, folded=folded, target=target)
    session.add(alias)
    mark_changed(session)
    return alias


def set_aliases(session: Session, kind: str, target: str, texts: list[str]) -> None:
    """Make ``texts`` the aliases of an entry, exactly."""
    wanted = {fold(text) for text in texts}
    for alias in session.scalars(select(Alias).where(Alias.kind == kind, Alias.target == target)):
        if alias.folded not in wanted:
            session.delete(alias)
    session.flush()
    for text in texts:
        add_alias(session, kind, text, target)
    mark_changed(session)


def find_product(session: Session, slug: str) -> Product | None:
    """The product with this slug."""
    return session.scalar(select(Product).where(Product.slug == slug))


def get_product(session: Session, slug: str) -> Product:
    """The product with this slug. Raises NotFound."""
    product = find_product(session, slug)
    if product is None:
        raise NotFound(f"There is no product {slug!r}.")
    return product


def clean_name(name: str) -> str:
    """A name for people, checked."""
    return clean_text(name, "/name", longest=MAX_NAME, shortest=1, is_line=True)


def refuse_when_used(session: Session, uses: CatalogUses, kind: str, target: str) -> None:
    """Raise Conflict when articles use an entry."""
    if used := uses.count(session, kind, target):
        raise Conflict(f"{used} article{'s' * (used > 1)} still use it; change them first.", used_by=used)


def delete_aliases(session: Session, kind: str, target: str) -> None:
    """Forget every alias of an entry."""
    for alias in session.scalars(select(Alias).where(Alias.kind == kind, Alias.target == target)):
        session.delete(alias)
