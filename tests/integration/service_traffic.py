"""Searches and publications over HTTP without pause, while somebody stops the database, kills processes or fills the disk.

Counted: searches that failed (a broken connection is tried once more, as a browser or a balancer does), acknowledged
changes that are lost, and withdrawn articles that are shown after the acknowledgement.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from indexers.reconcile import reconcile
from kb_service.assembly import assemble
from kb_service.db.outbox import pending
from kb_service.indexing import IndexFeed
from kb_service.settings import Settings
from tests.integration.test_serving_processes import Served, until
from tests.support.databases import opened

SEARCHERS, SEARCHES_A_SECOND, PUBLICATIONS_A_SECOND = 2, 20.0, 2.0
WITHDRAW_EVERY = 4
SETTLE_SECONDS = 60.0


@dataclass
class Outcome:
    """What was seen. ``refused``: changes that were not acknowledged (503, or the connection broke)."""

    searches: int = 0
    retried: int = 0
    published: int = 0
    withdrawn: int = 0
    refused: int = 0
    failed: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    degraded: Counter[str] = field(default_factory=Counter)
    longest_gap_seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.searches} searches, {len(self.failed)} failed, {self.retried} asked twice, longest gap "
            f"{self.longest_gap_seconds:.2f} s; {self.published} published, {self.withdrawn} withdrawn, "
            f"{self.refused} refused, {len(self.shown)} shown all the same; {dict(self.degraded)}"
        )


class ServiceTraffic:
    """Two searchers and one writer."""

    def __init__(self, served: Served) -> None:
        self.outcome = Outcome()
        self._served = served
        self._token = served.make_key()
        self._live: dict[str, tuple[int, str]] = {}
        self._gone: list[str] = []
        self._stopping = threading.Event()
        self._random = random.Random(11)
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in [self._search] * SEARCHERS + [self._write]
        ]

    def start(self) -> None:
        """A first article, found; then all threads."""
        with self._client(self._token) as client:
            self._publish(client, "stock")
            until(lambda: self._finds(client, "stock"), 20)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the traffic."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)

    def _client(self, token: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        once = httpx.Limits(max_keepalive_connections=0)  # every request meets another process
        return httpx.Client(base_url=self._served.url, headers=headers, timeout=20.0, limits=once)

    def _search(self) -> None:
        answered = time.monotonic()
        with self._client() as client:
            while not self._stopping.wait(SEARCHERS / SEARCHES_A_SECOND):
                if self._ask(client):
                    now = time.monotonic()
                    self.outcome.longest_gap_seconds = max(self.outcome.longest_gap_seconds, now - answered)
                    answered = now

    def _ask(self, client: httpx.Client) -> bool:
        gone = list(self._gone)
        word = self._random.choice(gone) if gone and self._random.random() < 0.4 else "stock"
        answer = self._get(client, word)
        if answer is None or answer.status_code != 200:
            what = "no connection" if answer is None else f"{answer.status_code} {answer.text[:200]}"
            self.outcome.failed.append(f"{word}: {what}")
            return False
        found = answer.json()
        self.outcome.searches += 1
        self.outcome.degraded.update(found["degraded"])
        if word in gone and _holds(found, word):
            self.outcome.shown.append(word)
        return True

    def _get(self, client: httpx.Client, word: str) -> httpx.Response | None:
        for _ in range(3):
            try:
                return client.get("/v1/search", params={"query": f"reset {word}"})
            except httpx.TransportError:
                self.outcome.retried += 1
                time.sleep(0.1)
        return None

    def _finds(self, client: httpx.Client, word: str) -> bool:
        answer = self._get(client, word)
        return answer is not None and answer.status_code == 200 and _holds(answer.json(), word)

    def _write(self) -> None:
        turn = 0
        with self._client(self._token) as client:
            while not self._stopping.wait(1.0 / PUBLICATIONS_A_SECOND):
                turn += 1
                try:
                    self._publish(client, f"token{turn}x")
                    if turn % WITHDRAW_EVERY == 0:
                        self._withdraw(client, next(name for name in self._live if name != "stock"))
                except (httpx.TransportError, StopIteration):
                    self.outcome.refused += 1

    def _publish(self, client: httpx.Client, word: str) -> None:
        text = {"title": f"About the {word}", "body": f"Reset the {word} by its button.", "audience": ["public"]}
        made = client.post("/v1/articles", json=text)
        if not self._is_done(made, 201):
            return
        article = made.json()["id"]
        done = client.post(f"/v1/articles/{article}/publish", headers={"If-Match": made.headers["ETag"]})
        if self._is_done(done, 200, 202):
            self._live[word] = (article, done.headers["ETag"])
            self.outcome.published += 1

    def _withdraw(self, client: httpx.Client, word: str) -> None:
        article, tag = self._live.pop(word)  # without an answer nobody knows which state holds
        done = client.post(f"/v1/articles/{article}/unpublish", headers={"If-Match": tag})
        if self._is_done(done, 200, 202):
            self.outcome.withdrawn += 1
            if done.status_code == 200:
                self._gone.append(word)

    def _is_done(self, answer: httpx.Response, *wanted: int) -> bool:
        if answer.status_code in wanted:
            return True
        self.outcome.refused += 1
        if answer.status_code != 503 or "Retry-After" not in answer.headers:
            self.outcome.failed.append(f"change: {answer.status_code} {answer.text[:200]}")
        return False

    def check(self, wanted_degraded: set[str]) -> None:
        """What must hold after everything is healed."""
        self.stop()
        with self._client(self._token) as client, opened(self._served.database_url) as database:

            def is_settled() -> bool:
                with database.reading() as session:
                    return pending(session)[0] == 0

            until(is_settled, SETTLE_SECONDS)
            until(lambda: all(self._finds(client, word) for word in list(self._live)[-3:]), SETTLE_SECONDS)
            lost = [word for word in self._live if not self._finds(client, word)]
            shown = [word for word in self._gone if self._finds(client, word)]
        assert (self.outcome.failed, self.outcome.shown, lost, shown) == ([], [], [], []), str(self.outcome)
        assert set(self.outcome.degraded) <= wanted_degraded, str(self.outcome)
        assert differences(self._served) == 0


def differences(served: Served) -> int:
    """What reconcile finds, in both directions."""
    parts = assemble(Settings(data_dir=served.data_dir, database_url=served.database_url, encoder="hashing"), False)
    try:
        found = reconcile(IndexFeed.of(parts).changes, parts.engine, lambda _: None)
        return 0 if found.is_clean else 1
    finally:
        parts.close()


def _holds(found: dict[str, Any], word: str) -> bool:
    return any(word in hit["title"] for hit in found["hits"])


@contextmanager
def traffic(served: Served) -> Iterator[ServiceTraffic]:
    """Traffic that runs, and ends with the block."""
    made = ServiceTraffic(served)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        print(made.outcome)
