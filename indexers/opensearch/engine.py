"""The engine on an OpenSearch cluster: see the port for its promises.

Invariants: every process may read and write; one at a time, the holder of the lease, feeds and builds. A commit refreshes
the index and then changes its commit mark, which readers look at twice a second; a snapshot is a point in time of the
marked state. Errors: EngineUnavailable (errors.py has the tree), PoisonDocument.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from indexers.document import IndexedArticle
from indexers.engine import Engine, EngineUnavailable, IndexStatus, PoisonDocument, Vector
from indexers.opensearch import documents
from indexers.opensearch.bulk import Write, make_write, write_all
from indexers.opensearch.catalog import GenerationCatalog
from indexers.opensearch.cluster import Cluster, ClusterOptions
from indexers.opensearch.counting import TermCounts
from indexers.opensearch.errors import NotInCluster
from indexers.opensearch.lease import WriterLease
from indexers.opensearch.reading import PointInTime
from indexers.opensearch.snapshot import OpenSearchSnapshot

FOLLOW_SECONDS = 0.4
RETIRE_SECONDS = 10.0
PAGE = 10_000
GET_MANY = 1_000
NO_INDEX = "there is no index yet; start the indexing worker, which makes it"


class OpenSearchEngine(Engine):
    """Thread-safe. Nothing is asked of the cluster before the first use, so a service starts without it."""

    writes_anywhere = True
    """External versions order the writes of all processes; the lease only says who feeds and builds."""

    def __init__(self, options: ClusterOptions, recipe: Mapping[str, object], dimensions: int) -> None:
        """``recipe`` and ``dimensions`` are used for the first generation; an existing one keeps its own."""
        self._cluster = Cluster(options)
        self._catalog = GenerationCatalog(self._cluster)
        self._lease = WriterLease(self._cluster, f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}")
        self._recipe = dict(recipe)
        self._dimensions = dimensions
        self._lock = threading.RLock()
        self._polling = threading.Lock()
        self._snapshot: OpenSearchSnapshot | None = None
        self._checked_at = -1e9
        self._retired: list[tuple[float, OpenSearchSnapshot]] = []
        self._counts: dict[str, TermCounts] = {}

    # -- the lease -------------------------------------------------------------------------------------------------

    @property
    def is_writer(self) -> bool:
        """Whether this process feeds the index."""
        return self._lease.is_held

    def try_acquire_writer(self) -> bool:
        """Take or renew the lease, and make the first generation if there is none."""
        if self._lease.is_held:
            return self._lease.try_acquire()
        with self._lock:
            if not self._lease.try_acquire():
                return False
            current = self._catalog.read()
            if current is None:
                self._catalog.create(self._recipe, self._dimensions, serves=True)
            else:
                self._catalog.collect_garbage(current)
            return True

    def describe_writer(self) -> str:
        """Who feeds the index."""
        return self._lease.describe_holder()

    def describe_cluster(self) -> tuple[str, str]:
        """(green, yellow or red, what it is), for people. Raises EngineUnavailable."""
        health = self._cluster.read("GET", "/_cluster/health")
        version = self._cluster.read("GET", "/")["version"]["number"]
        text = f"{health['cluster_name']}, OpenSearch {version}, {health['number_of_nodes']} nodes, {health['status']}"
        return str(health["status"]), text

    # -- reading ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> OpenSearchSnapshot:
        """See the port; one thread looks for news, the others go on meanwhile with what they have."""
        current = self._snapshot
        if current is not None and time.monotonic() - self._checked_at < FOLLOW_SECONDS:
            return current
        if not self._polling.acquire(blocking=current is None):
            assert current is not None
            return current
        try:
            self._checked_at = time.monotonic()
            return self._follow()
        finally:
            self._polling.release()

    def _follow(self) -> OpenSearchSnapshot:
        try:
            mark = self._cluster.read("GET", f"/{self._catalog.read_alias}/_doc/{documents.COMMIT}")
        except NotInCluster:
            raise EngineUnavailable(NO_INDEX) from None
        former, identity = self._snapshot, f"{mark['_index']}:{mark['_source']['commit']}"
        if former is not None and former.id == identity:
            return former
        generation = self._catalog.generation_of(mark["_index"])
        digest = str(self._catalog.meta(generation)["recipe_digest"])
        at = PointInTime(self._cluster, mark["_index"])
        at.open()
        made = OpenSearchSnapshot(identity, digest, at, self._counts_of(generation))
        self._snapshot = made
        self._retire(former)
        return made

    def _counts_of(self, generation: str) -> TermCounts:
        with self._lock:
            return self._counts.setdefault(generation, TermCounts())

    def _retire(self, former: OpenSearchSnapshot | None) -> None:
        """Close former states once nobody can be in the middle of a search any more."""
        now = time.monotonic()
        if former is not None:
            self._retired.append((now, former))
        while self._retired and now - self._retired[0][0] > RETIRE_SECONDS:
            self._retired.pop(0)[1].close()

    def generations(self) -> tuple[str, ...]:
        """See the port."""
        current = self._catalog.read()
        if current is None:
            raise EngineUnavailable(NO_INDEX)
        return current.live

    def previous_generation(self) -> str | None:
        """See the port."""
        current = self._catalog.read()
        return None if current is None else current.previous

    def recipe_of(self, generation: str) -> Mapping[str, Any]:
        """The recipe that a generation was begun with."""
        return dict(self._catalog.meta(generation)["recipe"])

    def held_versions(self, generation: str, article_ids: Sequence[int]) -> Mapping[int, int]:
        """See the port; sees writes that are not yet committed, which are durable all the same."""
        held: dict[int, int] = {}
        path, params = f"/{self._catalog.index(generation)}/_mget", {"_source": "false"}
        for start in range(0, len(article_ids), GET_MANY):
            ids = [str(article) for article in article_ids[start : start + GET_MANY]]
            found = self._cluster.write("POST", path, {"ids": ids}, params)["docs"]
            held |= {int(one["_id"]): documents.signed_version(one["_version"]) for one in found if one.get("found")}
        return held

    def indexed_versions(self, generation: str) -> Mapping[int, int]:
        """See the port: a scan."""
        index = self._catalog.index(generation)
        self._cluster.write("POST", f"/{index}/_refresh")
        at = PointInTime(self._cluster, index)
        held: dict[int, int] = {}
        try:
            while found := self._page(at.open(), max(held, default=None)):
                held |= {hit["fields"]["article_id"][0]: hit["fields"]["version"][0] for hit in found}
        finally:
            at.close()
        return held

    def _page(self, identity: str, after: int | None) -> list[dict[str, Any]]:
        body: dict[str, Any] = {
            "size": PAGE, "_source": False, "track_total_hits": False, "docvalue_fields": ["article_id", "version"],
            "query": {"exists": {"field": "article_id"}}, "sort": [{"article_id": "asc"}],
            "pit": {"id": identity, "keep_alive": "5m"},
        }  # fmt: skip
        if after is not None:
            body["search_after"] = [after]
        found: list[dict[str, Any]] = self._cluster.write("POST", "/_search", body)["hits"]["hits"]
        return found

    def status(self) -> IndexStatus:
        """See the port."""
        generations = self.generations()
        index = self._catalog.index(generations[0])
        live = {"filter": {"term": {"live": True}}, "aggs": {"passages": {"sum": {"field": "passages"}}}}
        body = {
            "size": 0, "track_total_hits": True, "query": {"exists": {"field": "article_id"}}, "aggs": {"live": live},
        }  # fmt: skip
        found = self._cluster.read("POST", f"/{index}/_search", body)
        articles = int(found["aggregations"]["live"]["doc_count"])
        passages = int(found["aggregations"]["live"]["passages"]["value"])
        size = self._cluster.read("GET", f"/{index}/_stats/store")["_all"]["total"]["store"]["size_in_bytes"]
        tombstones = int(found["hits"]["total"]["value"]) - articles
        recipe = self.recipe_of(generations[0])
        return IndexStatus("opensearch", generations[0], recipe, articles, passages, tombstones, size, generations)

    # -- writing ---------------------------------------------------------------------------------------------------

    def upsert(self, generation: str, articles: Sequence[tuple[IndexedArticle, Vector]]) -> None:
        """See the port."""
        target, dimensions = self._catalog.target(generation), int(self._catalog.meta(generation)["dimensions"])
        writes: list[Write] = []
        poison: dict[int, str] = {}
        for article, vectors in articles:
            version = documents.external_version(article.index_version, is_tombstone=False)
            try:
                document = documents.document(article, vectors, dimensions)
                writes.append(make_write(target, article.article_id, version, document))
            except (TypeError, ValueError) as error:
                poison[article.article_id] = f"{type(error).__name__}: {error}"
        poison |= write_all(self._cluster, writes)
        if poison:
            raise PoisonDocument(poison)

    def withdraw(self, generation: str, articles: Sequence[tuple[int, int]]) -> None:
        """See the port."""
        target = self._catalog.target(generation)
        writes = [
            make_write(
                target, article, documents.external_version(version, is_tombstone=True),
                documents.tombstone(article, version),
            )
            for article, version in articles
        ]  # fmt: skip
        poison = write_all(self._cluster, writes)
        if poison:
            raise EngineUnavailable(f"OpenSearch refuses to withdraw {poison}")

    def commit(self, generation: str) -> None:
        """See the port: writes were durable before, now they are visible."""
        index = self._catalog.index(generation)
        self._cluster.write("POST", f"/{index}/_refresh")
        mark = {"live": False, "commit": uuid.uuid4().hex}
        params = {"require_alias": "true"}
        self._cluster.write("PUT", f"/{self._catalog.target(generation)}/_doc/{documents.COMMIT}", mark, params)
        self._counts_of(generation).forget()
        self._checked_at = -1e9

    def begin_generation(self, recipe: Mapping[str, object]) -> str:
        """See the port."""
        dimensions = recipe.get("dimensions", self._dimensions)
        if not isinstance(dimensions, int) or dimensions < 8:
            raise ValueError(f"a recipe with {dimensions!r} dimensions cannot be indexed")
        with self._lock:
            return self._catalog.create(recipe, dimensions, serves=self._catalog.read() is None)

    def activate(self, generation: str) -> None:
        """See the port; what was staged is committed first. The generation before the former one is removed."""
        with self._lock:
            current = self._catalog.read()
            if current is None or generation not in current.kept:
                there = ", ".join(sorted(current.kept)) if current else "none"
                raise EngineUnavailable(f"there is no generation {generation}; there are {there}")
            self.commit(generation)
            self._catalog.swap(current, current.activated(generation))
            self._checked_at = -1e9

    def discard(self, generation: str) -> None:
        """See the port; raises ValueError for the serving one."""
        with self._lock:
            current = self._catalog.read()
            if current is not None:
                self._catalog.swap(current, current.without(generation))
            self._counts.pop(generation, None)

    def prune_tombstones(self, generation: str, older_than_seconds: float) -> int:
        """See the port."""
        index = self._catalog.index(generation)
        old = {"range": {"withdrawn_at": {"lte": time.time() - older_than_seconds}}}
        body = {"query": {"bool": {"filter": [{"term": {"live": False}}, old]}}}
        self._cluster.write("POST", f"/{index}/_refresh")
        params = {"conflicts": "proceed", "refresh": "true"}
        return int(self._cluster.write("POST", f"/{index}/_delete_by_query", body, params)["deleted"])

    def close(self) -> None:
        """See the port: points in time and the lease are given back, as far as the cluster can be reached."""
        with self._lock:
            for snapshot in [*(one for _, one in self._retired), *([self._snapshot] if self._snapshot else [])]:
                snapshot.close()
            self._retired.clear()
            self._snapshot = None
            with contextlib.suppress(EngineUnavailable):
                self._lease.release()
            self._cluster.close()
