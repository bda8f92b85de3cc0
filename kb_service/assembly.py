"""Where parts are put together, once, for HTTP (app.py) and the command line (cli.py) alike.

Heavy modules are imported here, when parts are made, and not when this module is.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kb_service.errors import Unavailable

if TYPE_CHECKING:
    from indexers.embedding.port import Encoder
    from indexers.engine import Engine
    from kb_service.catalog.vocabulary import Catalog
    from kb_service.db.session import Database
    from kb_service.search.reranking import Reranking
    from kb_service.search.service import SearchService
    from kb_service.settings import Settings


@dataclass
class Parts:
    """The parts of one running process. ``catalog`` is a cached, self-refreshing view of the catalogue."""

    settings: Settings
    """With ``secret_key`` filled in."""
    database: Database
    catalog: Catalog
    engine: Engine
    encoder: Encoder
    search: SearchService
    closing: ExitStack = field(default_factory=ExitStack, repr=False)
    """What ``close`` undoes, last first."""

    def close(self) -> None:
        """Release files, locks, threads and connections."""
        self.closing.close()


def assemble(settings: Settings, writable: bool = True) -> Parts:
    """Open every part. ``writable``: this process may write the index when nobody else does."""
    from kb_service.bookmarks.signals import BookmarkSignals
    from kb_service.catalog.repository import CatalogCache
    from kb_service.search.service import SearchService
    from kb_service.secret import with_secret_key

    settings = with_secret_key(settings)
    with ExitStack() as opened:
        database = open_database(settings)
        opened.callback(database.dispose)
        encoder = open_encoder(settings)
        engine = open_engine(settings, encoder, writable)
        opened.callback(engine.close)
        catalog = CatalogCache(database)
        search = SearchService(database, engine, encoder, catalog, settings)
        opened.callback(search.close)
        search.pipeline.sources.append(BookmarkSignals(database, catalog))
        search.pipeline.reranking = open_reranking(settings)
        return Parts(settings, database, catalog, engine, encoder, search, opened.pop_all())


def open_database(settings: Settings) -> Database:
    """The database at the schema of this code: SQLite migrates itself, another one must have been migrated."""
    from kb_service.db import migrate
    from kb_service.db.postgres import Limits
    from kb_service.db.session import Database

    limits = Limits(
        settings.database_pool_size,
        settings.database_statement_timeout_seconds,
        settings.database_lock_timeout_seconds,
    )
    database = Database(settings.effective_database_url, limits)
    migrate.import_models()
    if database.is_sqlite:
        migrate.upgrade(database)
    elif migrate.is_behind(database):
        database.dispose()
        raise Unavailable("The database's schema is not this version's. Run `kb migrate` once, then start again.")
    return database


def open_encoder(settings: Settings) -> Encoder:
    """The encoder that the settings name, behind the cache in the data directory.

    One that worked here before and is out now does not stop the start: words answer, and it is tried again.
    """
    from indexers.embedding.cache import VECTORS_FILE, CachedEncoder, VectorCache
    from indexers.embedding.loader import load_encoder
    from indexers.embedding.waiting import load_or_wait
    from indexers.vectors import name_passages

    def load() -> Encoder:
        return load_encoder(
            settings.encoder,
            cache_dir=settings.data_dir,
            threads=settings.encoder_threads,
            query_precision=settings.query_precision,
        )

    encoder = load_or_wait(load, settings.encoder, settings.data_dir / "encoder.json")
    return name_passages(CachedEncoder(encoder, VectorCache(settings.data_dir / VECTORS_FILE, encoder.recipe)))


def open_reranking(settings: Settings) -> Reranking | None:
    """The reranker that the settings name, if any. Raises EncoderUnavailable, which says what to do."""
    if not settings.reranker:
        return None
    from indexers.embedding.reranking import CrossEncoderReranker
    from kb_service.search.reranking import Reranking

    return Reranking(CrossEncoderReranker(settings.reranker), settings.reranker_timeout_seconds)


def open_engine(settings: Settings, encoder: Encoder, writable: bool) -> Engine:
    """The OpenSearch cluster that the settings name, else the embedded engine in the data directory."""
    from indexers.vectors import index_recipe

    if settings.opensearch_url:
        return _open_opensearch(settings, encoder)
    from indexers.embedded.engine import EmbeddedEngine

    engine = EmbeddedEngine(settings.index_dir, index_recipe(encoder), encoder.dimensions, writable=False)
    if writable:
        engine.try_acquire_writer()  # whoever comes second reads, and takes over when the first one is gone
    return engine


def _open_opensearch(settings: Settings, encoder: Encoder) -> Engine:
    """Asks nothing of the cluster yet: a service starts without it, and the feed makes the first index."""
    from indexers.opensearch.cluster import ClusterOptions
    from indexers.opensearch.engine import OpenSearchEngine
    from indexers.vectors import index_recipe

    options = ClusterOptions(
        settings.opensearch_url,
        user=settings.opensearch_user,
        password=settings.opensearch_password.get_secret_value(),
        verify=settings.opensearch_verify,
        ca_file=str(settings.opensearch_ca or ""),
        prefix=settings.opensearch_prefix,
        shards=settings.opensearch_shards,
        replicas=settings.opensearch_replicas,
        timeout_seconds=settings.opensearch_timeout_seconds,
    )
    return OpenSearchEngine(options, index_recipe(encoder), encoder.dimensions)
