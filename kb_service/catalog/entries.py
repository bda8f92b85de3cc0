"""Catalogue entries as values, as the in-memory view and its readers see them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class ReleaseEntry:
    """A known release. ``is_named``: equal or not, never ordered ("365")."""

    version: str
    name: str = ""
    is_named: bool = False
    released_on: date | None = None
    added_at: datetime | None = None

    @property
    def label(self) -> str:
        """For people: the version, and its name where it has one."""
        return f"{self.version} ({self.name})" if self.name and self.name != self.version else self.version


@dataclass(frozen=True, slots=True)
class ProductEntry:
    """A product with its releases, in the order of menus."""

    slug: str
    name: str
    description: str = ""
    releases: tuple[ReleaseEntry, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeEntry:
    """A node of the operating system or topic tree; ``path`` joins slugs."""

    path: str
    name: str
    aliases: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        """0 at the root."""
        return self.path.count("/")

    @property
    def parent(self) -> str | None:
        """The path of the node above."""
        return self.path.rpartition("/")[0] or None


@dataclass(frozen=True, slots=True)
class AliasEntry:
    """Another way to write an entry. ``kind``: product, release ("gateway:10.2"), os or topic."""

    kind: str
    text: str
    target: str


@dataclass(frozen=True, slots=True)
class CatalogEntries:
    """Everything that the catalogue holds."""

    products: tuple[ProductEntry, ...] = ()
    operating_systems: tuple[NodeEntry, ...] = ()
    topics: tuple[NodeEntry, ...] = ()
    aliases: tuple[AliasEntry, ...] = ()

    def aliases_of(self, kind: str) -> Iterator[AliasEntry]:
        """The aliases of one kind."""
        return (alias for alias in self.aliases if alias.kind == kind)
