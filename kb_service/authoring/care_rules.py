"""When an article is to be looked at again, and which releases it reaches into unasked (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time

from kb_service.catalog.context import Applicability
from kb_service.catalog.entries import ProductEntry, ReleaseEntry
from kb_service.catalog.version import parse_version
from kb_service.catalog.versions import parse_versions

EVERYTHING = "*"
REVIEW_DAYS = 365


def review_days(rules: Mapping[str, int], kind: str, products: Iterable[str]) -> int:
    """The shortest of what is set for a type and its products; else what is set for all (``*``); else a year."""
    stated = [rules[name] for name in (kind, *products) if name in rules]
    return min(stated, default=rules.get(EVERYTHING, REVIEW_DAYS))


def numbered(product: ProductEntry) -> list[ReleaseEntry]:
    """Releases that have a place in the order, oldest first."""
    known = [release for release in product.releases if not release.is_named]
    return sorted(known, key=lambda release: parse_version(release.version))


def known_since(release: ReleaseEntry) -> datetime | None:
    """From when on an author could know of a release; None: nobody can say."""
    if release.released_on is not None:
        return datetime.combine(release.released_on, time(), UTC)
    return release.added_at


def open_ended(applies: Applicability, product: str, release: str) -> bool:
    """Whether it goes on into a release that nobody spoke of: versions with no end, or none at all."""
    below = parse_versions(f"<{release}")
    return any(
        entry.product == product
        and entry.versions.covers(parse_version(release)) is not None
        and (entry.versions.is_everything or not entry.versions.intersect(below).is_empty)
        for entry in applies.entries
    )


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A release that an article reaches into without anybody's word, and the last one that it was written for."""

    product: str
    release: str
    written_for: str


def unasked_release(
    applies: Applicability, product: ProductEntry, published_at: datetime, confirmed: Iterable[str]
) -> Unconfirmed | None:
    """The newest release, where it came after what was published and nobody has confirmed it."""
    known = numbered(product)
    if not known or known[-1].version in set(confirmed):
        return None
    newest, since = known[-1].version, known_since(known[-1])
    if since is None or published_at >= since or not open_ended(applies, product.slug, newest):
        return None
    earlier = [one.version for one in known[:-1] if (at := known_since(one)) is None or at <= published_at]
    said = [*earlier, *(one.version for one in known[:-1] if one.version in set(confirmed))]
    return Unconfirmed(product.slug, newest, max(said, key=parse_version, default=""))
