"""The context picker's choices and the errors of forms, as values. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from kb_service.catalog.entries import NodeEntry, ProductEntry
from kb_service.catalog.vocabulary import Catalog
from kb_service.errors import InvalidInput, KbError
from kb_service.web.messages import message
from kb_service.web.search_state import UNKNOWN_VERSION, SearchState


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a select. ``versions``: JSON of [value, label] pairs, of a product."""

    value: str
    label: str
    is_selected: bool = False
    versions: str = ""


@dataclass(frozen=True, slots=True)
class ContextChoices:
    """What the picker offers. ``versions`` is empty until a product is chosen."""

    products: list[Option]
    versions: list[Option]
    systems: list[Option]


def context_choices(catalog: Catalog, state: SearchState) -> ContextChoices:
    """The picker for an address."""
    products = [Option(p.slug, p.name, p.slug == state.product, _releases(p)) for p in catalog.products]
    systems = [Option(n.path, indented(n), n.path == state.os) for n in catalog.operating_systems]
    return ContextChoices(products, _versions(catalog, state), systems)


def _releases(product: ProductEntry) -> str:
    return json.dumps([[release.version, release.label] for release in reversed(product.releases)])


def _versions(catalog: Catalog, state: SearchState) -> list[Option]:
    product = catalog.product(state.product)
    if product is None:
        return []
    known = [Option(r.version, r.label, r.version == state.version) for r in reversed(product.releases)]
    if state.version and not state.is_version_unknown and not any(option.is_selected for option in known):
        known.insert(0, Option(state.version, state.version, is_selected=True))
    return [Option(UNKNOWN_VERSION, message("picker.unknown_version"), state.is_version_unknown), *known]


def indented(node: NodeEntry) -> str:
    """A tree node's name as a menu shows it."""
    return "\u2003" * node.depth + node.name


def field_of(error: KbError) -> str:
    """The form field that an error is about: the last part of its pointer; empty: the whole form."""
    pointer = error.pointer if isinstance(error, InvalidInput) else ""
    return pointer.strip("/").split("/")[-1] if pointer else ""
