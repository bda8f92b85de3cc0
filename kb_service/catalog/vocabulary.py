"""The catalogue in memory: names, aliases and slugs resolved to entries, contexts read, applicabilities put into words.

Invariants: a Catalog never changes once built and touches no database; resolving ignores case, spaces and
punctuation; nothing unknown is guessed (UnknownCatalogEntry names the nearest known), except that an unknown
*version* of a known product is fine: versions are compared, not looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb_service.catalog.context import Applicability, Context, Entry
from kb_service.catalog.entries import CatalogEntries, NodeEntry, ProductEntry
from kb_service.catalog.mentions import find_mentions
from kb_service.catalog.names import Names
from kb_service.catalog.versions import NO_NAMES, MalformedVersions, parse_version
from kb_service.catalog.wording import describe, describe_entry
from kb_service.errors import InvalidInput, UnknownCatalogEntry
from kb_service.text import find_flaw, fold


@dataclass(frozen=True, slots=True)
class Pointers:
    """Where each axis stands in the request, for errors."""

    product: str = "/product"
    version: str = "/version"
    os: str = "/os"


DESCRIBED = 20_000


class Indexes:
    """The lookups over one state of the catalogue."""

    def __init__(self, entries: CatalogEntries) -> None:
        self.entries = entries
        self.products = {product.slug: product for product in entries.products}
        self.systems = {node.path: node for node in entries.operating_systems}
        self.topics = {node.path: node for node in entries.topics}
        self.product_names = self._names("product", [(p.slug, p.name) for p in entries.products])
        self.os_names = self._names("os", [(n.path, n.name) for n in entries.operating_systems])
        self.topic_names = self._names("topic", [(n.path, n.name) for n in entries.topics])
        self.release_names = {p.slug: self._release_names(p) for p in entries.products}
        self.named = {p.slug: frozenset(r.version for r in p.releases if r.is_named) for p in entries.products}
        self.all_named = frozenset().union(*self.named.values())
        self.described: dict[Applicability, tuple[str, ...]] = {}
        """Applicabilities in words, as they were asked for: few are asked for often."""

    def _names(self, kind: str, pairs: Sequence[tuple[str, str]]) -> Names:
        labels = dict(pairs)
        aliases = [(alias.text, alias.target) for alias in self.entries.aliases_of(kind) if alias.target in labels]
        return Names([*((name, target) for target, name in pairs), *((t, t) for t in labels), *aliases], labels)

    def _release_names(self, product: ProductEntry) -> Names:
        prefix = product.slug + ":"
        pairs = [(r.version, r.version) for r in product.releases]
        pairs += [(r.name, r.version) for r in product.releases if r.name]
        aliases = self.entries.aliases_of("release")
        pairs += [(a.text, a.target.removeprefix(prefix)) for a in aliases if a.target.startswith(prefix)]
        return Names(pairs, {r.version: r.label for r in product.releases})


class Catalog:
    """A view of the catalogue. `repository.CatalogCache` is the one that follows the database."""

    def __init__(self, entries: CatalogEntries | None = None) -> None:
        self._fixed = Indexes(entries or CatalogEntries())

    def current(self) -> Catalog:
        """As it is now, immutable: one for one request."""
        return self

    @property
    def indexes(self) -> Indexes:
        """The lookups to use now."""
        return self._fixed

    @property
    def products(self) -> tuple[ProductEntry, ...]:
        """Every product, in the order of menus."""
        return self.indexes.entries.products

    @property
    def operating_systems(self) -> tuple[NodeEntry, ...]:
        """Every node of the OS tree, parents before their children."""
        return self.indexes.entries.operating_systems

    @property
    def topics(self) -> tuple[NodeEntry, ...]:
        """Every node of the topic tree, parents before their children."""
        return self.indexes.entries.topics

    def product(self, slug: str) -> ProductEntry | None:
        """The product with this very slug."""
        return self.indexes.products.get(slug)

    def resolve_product(self, text: str, pointer: str = "/product") -> str:
        """The slug of a product given by slug, name or alias. Raises UnknownCatalogEntry."""
        return _resolve("product", text, self.indexes.product_names, pointer)

    def resolve_os(self, text: str, pointer: str = "/os") -> str:
        """The path of an operating system given by path, name or alias ("Win 11"). Raises UnknownCatalogEntry."""
        return _resolve("operating system", text, self.indexes.os_names, pointer)

    def resolve_topic(self, text: str, pointer: str = "/topics") -> str:
        """The path of a topic given by path, name or alias. Raises UnknownCatalogEntry."""
        return _resolve("topic", text, self.indexes.topic_names, pointer)

    def resolve_version(self, product: str, text: str, pointer: str = "/version") -> str:
        """A version of the product (a slug), release names and aliases resolved. Raises InvalidInput with the place."""
        text = _usable(text, pointer)
        known = self.indexes.release_names.get(product)
        if known and (version := known.get(text)):
            return version
        try:
            parse_version(text, self.named_versions(product))
        except MalformedVersions as error:
            raise malformed(error, pointer) from None
        return text

    def resolve_context(
        self,
        product: str | None = None,
        version: str | None = None,
        os: str | None = None,
        pointers: Pointers = Pointers(),
    ) -> Context:
        """The context that a caller gives; blank axes are not given. Raises InvalidInput, UnknownCatalogEntry."""
        slug = self.resolve_product(product, pointers.product) if product and product.strip() else None
        path = self.resolve_os(os, pointers.os) if os and os.strip() else None
        if not version or not version.strip():
            return Context(slug, None, path)
        if slug is None:
            raise InvalidInput(
                "A version means something only with its product: name the product too.", pointers.version
            )
        return Context(slug, self.resolve_version(slug, version, pointers.version), path)

    def find_in_text(self, text: str) -> Context:
        """What a free text mentions (an *inferred* context); empty axes where it says nothing or several things."""
        indexes = self.indexes
        return find_mentions(text, indexes.product_names, indexes.os_names, self._mentioned_version)

    def _mentioned_version(self, product: str, phrase: str) -> str | None:
        if version := self.indexes.release_names[product].get(phrase):
            return version
        if not phrase.lstrip("v")[:1].isdigit():
            return None
        try:
            parse_version(phrase, self.named_versions(product))
        except MalformedVersions:
            return None
        return phrase.removeprefix("v")

    def named_versions(self, product: str | None = None) -> frozenset[str]:
        """Versions that are equal or not, never ordered: of one product, or of all."""
        return self.indexes.all_named if product is None else self.indexes.named.get(product, NO_NAMES)

    def product_name(self, slug: str) -> str:
        """The product's name for people; the slug itself when it is unknown."""
        found = self.indexes.products.get(slug)
        return found.name if found else slug

    def os_name(self, path: str) -> str:
        """The operating system's name for people; the path itself when it is unknown."""
        found = self.indexes.systems.get(path)
        return found.name if found else path

    def topic_name(self, path: str) -> str:
        """The topic's name for people; the path itself when it is unknown."""
        found = self.indexes.topics.get(path)
        return found.name if found else path

    def describe(self, a: Applicability) -> list[str]:
        """An applicability for people, one text an entry: "Harbour Gateway 11 and later · Windows 11"."""
        known = self.indexes.described
        found = known.get(a)
        if found is None:
            if len(known) >= DESCRIBED:
                known.clear()
            found = known[a] = tuple(describe(a, self._describe_entry))
        return list(found)

    def describe_context(self, context: Context) -> str:
        """A context for people: "Harbour Gateway 11.2 · Windows 11"; empty when nothing is given."""
        product = self.product_name(context.product) if context.product else ""
        named = f"{product} {context.version or ''}".strip()
        return " · ".join(part for part in (named, self.os_name(context.os) if context.os else "") if part)

    def _describe_entry(self, entry: Entry) -> str:
        return describe_entry(entry, self.product_name, self.os_name, lambda name: self._release_name(entry, name))

    def _release_name(self, entry: Entry, name: str) -> str:
        found = self.indexes.products.get(entry.product or "")
        releases = found.releases if found else ()
        return next((release.label for release in releases if fold(release.version) == fold(name)), name)


def malformed(error: MalformedVersions, pointer: str) -> InvalidInput:
    """A range or version that cannot be read, as an error with the place marked."""
    return InvalidInput(str(error), pointer, place=error.pointer(), position=error.position)


def _resolve(kind: str, text: str, names: Names, pointer: str) -> str:
    text = _usable(text, pointer)
    found = names.get(text)
    if found is None:
        raise UnknownCatalogEntry(kind, text[:200], names.nearest(text), pointer)
    return found


def _usable(text: str, pointer: str) -> str:
    if flaw := find_flaw(text, is_line=True):
        raise InvalidInput(f"The text {flaw}.", pointer)
    return text.strip()
