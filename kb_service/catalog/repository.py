"""Reading the catalogue: rows into a Catalog, and the cached view that follows the database.

Invariants: every change raises `CatalogState.revision` in its own transaction (`mark_changed`); a
CatalogCache is at most `CHECK_SECONDS` behind writes of other processes, and not at all behind
committed writes of its own.
"""

from __future__ import annotations

import itertools
import threading
import time

from sqlalchemy import event, select
from sqlalchemy.orm import Session, selectinload

from kb_service.catalog.entries import AliasEntry, CatalogEntries, NodeEntry, ProductEntry, ReleaseEntry
from kb_service.catalog.models import Alias, CatalogState, OperatingSystem, Product, Topic
from kb_service.catalog.vocabulary import Catalog, Indexes
from kb_service.db.failures import UNREACHABLE
from kb_service.db.once import insert_once
from kb_service.db.session import Database

CHECK_SECONDS = 0.5
_STATE_ID = 1
_CHANGED = "catalog_changed"


class _LocalWrites:
    """Counts committed catalogue writes of this process, so that its caches look again at once."""

    def __init__(self) -> None:
        self._counter = itertools.count(1)
        self.number = 0

    def note(self, session: Session) -> None:
        """Called after each commit; only sessions that changed the catalogue count."""
        if session.info.pop(_CHANGED, False):
            self.number = next(self._counter)


_LOCAL_WRITES = _LocalWrites()
event.listen(Session, "after_commit", _LOCAL_WRITES.note)


class CatalogCache(Catalog):
    """A Catalog that follows the database: reads again when the counter has risen. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._revision, self._local, self._checked_at = -1, -1, 0.0
        self._catalog = Catalog()

    def current(self) -> Catalog:
        """The catalogue as it is now, immutable: use one for one request."""
        if self._is_fresh():
            return self._catalog
        with self._lock:
            if not self._is_fresh():
                self._refresh()
            return self._catalog

    @property
    def indexes(self) -> Indexes:
        return self.current().indexes

    def _is_fresh(self) -> bool:
        is_recent = time.monotonic() - self._checked_at < CHECK_SECONDS
        return is_recent and self._local == _LOCAL_WRITES.number and self._revision >= 0

    def _refresh(self) -> None:
        local, started = _LOCAL_WRITES.number, time.monotonic()
        try:
            revision = self._read()
        except UNREACHABLE:
            if self._revision < 0:
                raise
            # While the database is out, what was known last answers; the counter is read again as soon as it may have risen.
            self._local, self._checked_at = local, time.monotonic()
            return
        self._revision, self._local, self._checked_at = revision, local, started

    def _read(self) -> int:
        with self._database.reading() as session:
            revision = read_revision(session)
            if revision != self._revision:
                self._catalog = load_catalog(session)
        return revision


def read_revision(session: Session) -> int:
    """The counter that rises with every change of the catalogue."""
    return session.scalar(select(CatalogState.revision).where(CatalogState.id == _STATE_ID)) or 0


def mark_changed(session: Session) -> None:
    """Raise the counter in the caller's transaction; call it once for each change."""
    if session.get(CatalogState, _STATE_ID) is None:
        insert_once(session, CatalogState, ["id"], id=_STATE_ID, revision=0)
    state = session.get_one(CatalogState, _STATE_ID, with_for_update=True)
    state.revision += 1
    session.info[_CHANGED] = True
    session.flush()


def load_catalog(session: Session) -> Catalog:
    """The catalogue as this session's transaction sees it, its own uncommitted changes included."""
    session.flush()
    aliases = tuple(
        AliasEntry(row.kind, row.text, row.target) for row in session.scalars(select(Alias).order_by(Alias.id))
    )
    products = session.scalars(
        select(Product).options(selectinload(Product.releases)).order_by(Product.position, Product.name, Product.id)
    )
    return Catalog(
        CatalogEntries(
            products=tuple(_product_entry(product, aliases) for product in products),
            operating_systems=_tree(_nodes(session, OperatingSystem), "os", aliases),
            topics=_tree(_nodes(session, Topic), "topic", aliases),
            aliases=aliases,
        )
    )


def _product_entry(product: Product, aliases: tuple[AliasEntry, ...]) -> ProductEntry:
    releases = tuple(ReleaseEntry(r.version, r.name, r.is_named, r.released_on, r.added_at) for r in product.releases)
    texts = tuple(a.text for a in aliases if a.kind == "product" and a.target == product.slug)
    return ProductEntry(product.slug, product.name, product.description, releases, texts)


def _nodes(session: Session, model: type[OperatingSystem | Topic]) -> dict[str, tuple[int, str]]:
    rows = session.execute(select(model.path, model.position, model.name))
    return {path: (position, name) for path, position, name in rows}


def _tree(nodes: dict[str, tuple[int, str]], kind: str, aliases: tuple[AliasEntry, ...]) -> tuple[NodeEntry, ...]:
    """Nodes in the order of menus: siblings by position and name, children right behind their parent."""
    texts: dict[str, list[str]] = {}
    for alias in aliases:
        if alias.kind == kind:
            texts.setdefault(alias.target, []).append(alias.text)
    ordered = sorted(nodes, key=lambda path: [(*nodes.get(part, (0, part)), part) for part in _lineage(path)])
    return tuple(NodeEntry(path, nodes[path][1], tuple(texts.get(path, ()))) for path in ordered)


def _lineage(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]
