"""Threads that edit, publish and unpublish the same articles of a served process while others search.

Used by a short test here and for longer in tests/soak.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from sqlalchemy import func, select

from indexers.planning import outdated
from kb_service.articles.models import Article, AuditEvent, Revision
from kb_service.db.outbox import OutboxRow
from tests.integration.served import Served

EDITORS, SEARCHERS, ARTICLES = 8, 3, 5
PATIENCE_SECONDS = 60.0
ALLOWED = {200, 202, 404, 409, 412}


@dataclass
class Traffic:
    """What was answered, over all threads. ``winners``: (article, version that was changed) of each successful change."""

    served: Served
    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    winners: Counter[tuple[int, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """All threads, for the given time."""
        ids = self._create()
        deadline = time.monotonic() + self.seconds
        threads = [threading.Thread(target=self._edit, args=(ids, n, deadline)) for n in range(EDITORS)]
        threads += [threading.Thread(target=self._search, args=(n, deadline)) for n in range(SEARCHERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _create(self) -> list[int]:
        with self.served.client(is_admin=True) as client:
            bodies = [
                {"title": f"Tunnel {n}", "body": "# A\n\ntunnel", "audience": ["public"]} for n in range(ARTICLES)
            ]
            return [int(client.post("/v1/articles", json=body).json()["id"]) for body in bodies]

    def _edit(self, ids: list[int], seed: int, deadline: float) -> None:
        choice = random.Random(seed)
        with self.served.client(is_admin=True) as client:
            while time.monotonic() < deadline:
                self._change(client, choice.choice(ids), choice)

    def _change(self, client: httpx.Client, article: int, choice: random.Random) -> None:
        address = f"/v1/articles/{article}"
        tag = client.get(address).headers["etag"]
        headers = {"If-Match": tag}
        kind = choice.choice(("edit", "edit", "publish", "publish", "unpublish", "archive", "restore"))
        if kind == "edit":
            body = {"title": f"Tunnel {choice.random()}", "body": f"tunnel {choice.random()}"}
            answer = client.patch(address, json=body, headers=headers)
        else:
            answer = client.post(f"{address}/{kind}", headers=headers)
        self._note(answer, kind, (article, tag))

    def _note(self, answer: httpx.Response, kind: str, changed: tuple[int, str]) -> None:
        with self.lock:
            self.statuses[answer.status_code] += 1
            if answer.status_code not in ALLOWED:
                self.faults.append(f"{kind} {answer.status_code} {answer.text[:300]}")
            if answer.status_code in (200, 202):
                self.winners[changed] += 1

    def run_beside(self, work: Callable[[], None]) -> None:
        """Searchers alone, for as long as ``work`` takes."""
        deadline = time.monotonic() + self.seconds
        threads = [threading.Thread(target=self._search, args=(n, deadline)) for n in range(SEARCHERS)]
        for thread in threads:
            thread.start()
        while time.monotonic() < deadline:
            work()
        for thread in threads:
            thread.join()

    def _search(self, seed: int, deadline: float) -> None:
        addresses = (
            "/v1/search?query=tunnel",
            "/search?query=tunnel",
            "/v1/suggest?query=tun",
            "/",
            "/v1/articles",
            "/v1/search",
        )
        with self.served.client() as client:
            for turn in range(seed, 1_000_000):
                if time.monotonic() > deadline:
                    return
                answer = client.get(addresses[turn % len(addresses)], headers={"Accept": "text/html, */*"})
                if answer.status_code != 200:
                    with self.lock:
                        self.faults.append(f"GET {answer.url} {answer.status_code} {answer.text[:300]}")


def check_outcome(traffic: Traffic) -> None:
    """One winner for each version, whole histories, an empty feed, an index that says what the database says."""
    assert not traffic.faults, traffic.faults[:5]
    assert traffic.served.crashes() == []
    assert max(traffic.winners.values()) == 1, "two changes of the same version succeeded"
    assert traffic.statuses[412] > 0, "nobody ever met another one"
    _check_rows(traffic)
    check_index(traffic.served)


def _check_rows(traffic: Traffic) -> None:
    with traffic.served.database.reading() as session:
        moves = session.scalar(select(func.count(AuditEvent.id)).where(AuditEvent.action != "article.create"))
        assert moves == sum(traffic.winners.values()), "an acknowledged change left no audit row, or a refused one did"
        for article in session.scalars(select(Article)):
            revisions = session.scalars(select(Revision).where(Revision.article_id == article.id)).all()
            assert sorted(r.number for r in revisions) == list(range(1, len(revisions) + 1))
            states = Counter(revision.state for revision in revisions)
            assert states["published"] == (article.published_revision_id is not None)
            assert states["draft"] <= 1


def check_index(served: Served) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with served.database.reading() as session:
            if not session.scalar(select(func.count(OutboxRow.id))):
                break
        time.sleep(0.1)
    with served.database.reading() as session:
        assert session.scalar(select(func.count(OutboxRow.id))) == 0, "the feed is not drained"
        is_live = Article.published_revision_id.is_not(None) & Article.archived_at.is_(None)
        live = set(session.scalars(select(Article.id).where(is_live)))
    with served.client() as client:
        found = client.get("/v1/search?query=&limit=100").json()
    assert {hit["article"] for hit in found["hits"]} == live
    _check_versions(served)


def _check_versions(served: Served) -> None:
    from indexers.embedded.engine import EmbeddedEngine
    from indexers.embedding.port import HashingEncoder
    from indexers.vectors import index_recipe
    from kb_service.articles.changes import ArticleChanges

    encoder = HashingEncoder()
    engine = EmbeddedEngine(served.directory / "var/index", index_recipe(encoder), encoder.dimensions, writable=False)
    try:
        engine.snapshot()
        wanted = dict(ArticleChanges(served.database).wanted_versions())
        held = dict(engine.indexed_versions(engine.generations()[0]))
        assert list(outdated(wanted, held)) == [], "the index differs from the database"
    finally:
        engine.close()
