"""Searches and publications without pause, through two processes' parts, while somebody breaks the cluster.

Counted: searches that failed and the longest time without an answer, published articles that a search did not bring, and
withdrawn ones that it did, from the acknowledgement of the withdrawal on.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from indexers.engine import EngineUnavailable
from indexers.reconcile import reconcile
from kb_service.articles import moves
from kb_service.articles.importing import import_article
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.assembly import Parts, assemble
from kb_service.auth.actors import ANONYMOUS, Role, actor_for
from kb_service.catalog.vocabulary import Catalog
from kb_service.indexing import IndexFeed, feed_status
from kb_service.search.request import SearchOptions, SearchRequest
from kb_service.settings import Settings

ADMIN = actor_for("tester", "Tester", Role.ADMIN)
SEARCHES_A_SECOND, PUBLICATIONS_A_SECOND = 20.0, 2.0
SETTLED_SECONDS = 5.0
"""A published article must be found so long after its commit, while a node is dying, too."""
WITHDRAW_EVERY = 5


@dataclass
class Outcome:
    """What was seen. ``late``: published, acknowledged as searchable or settled, and not found."""

    searches: int = 0
    published: int = 0
    withdrawn: int = 0
    failed: list[str] = field(default_factory=list)
    degraded: dict[str, int] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)
    shown_though_withdrawn: list[str] = field(default_factory=list)
    longest_gap_seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.searches} searches, {len(self.failed)} failed, longest gap {self.longest_gap_seconds:.2f} s; "
            f"{self.published} published, {len(self.late)} late; {self.withdrawn} withdrawn, "
            f"{len(self.shown_though_withdrawn)} shown all the same; degraded {self.degraded}"
        )


class Traffic:
    """``writer`` publishes and feeds, ``reader`` searches; both have parts of their own."""

    def __init__(self, settings: Settings, reader: Settings | None = None) -> None:
        self.outcome = Outcome()
        self.writer: Parts = assemble(settings)
        self.reader: Parts = assemble(reader or settings, writable=False)
        self.feed = IndexFeed.of(self.writer)
        self._live: dict[str, tuple[int, float]] = {}
        self._gone: dict[str, float] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._random = random.Random(7)
        self._threads: list[threading.Thread] = []

    def publish(self, name: str) -> int:
        """One article with a word that only it contains."""
        with self.writer.database.writing() as session:
            article = import_article(session, ImportedArticle("soak", name, text_of(name)), Catalog())[1]
            article_id = article.id
        with self._lock:
            self._live[name] = (article_id, time.monotonic())
        self.outcome.published += 1
        return article_id

    def stock(self, names: Sequence[str]) -> None:
        """Many at once, as an import brings them."""
        for start in range(0, len(names), 50):
            with self.writer.database.writing() as session:
                for name in names[start : start + 50]:
                    import_article(session, ImportedArticle("soak", name, text_of(name)), Catalog())

    def withdraw(self, name: str) -> None:
        """Withdraw one; from the acknowledgement on nobody may see it."""
        with self._lock:
            article_id, _ = self._live.pop(name)
        with self.writer.database.writing() as session:
            version = moves.unpublish(session, article_id, ADMIN).article.index_version
        self.feed.withdraw_now(article_id, version - 1)
        with self._lock:
            self._gone[name] = time.monotonic()
        self.outcome.withdrawn += 1

    def find(self, name: str) -> tuple[list[int], list[str]]:
        """(article ids, degraded) of a search for the article's word."""
        request = SearchRequest(
            f"reset {name}", actor=ANONYMOUS, options=SearchOptions(log=False, correct_spelling=False)
        )
        answer = self.reader.search.search(request)
        return [hit.article for hit in answer.hits if name in hit.title], list(answer.degraded)

    def start(self) -> None:
        """A first stock, found by the reader, then both kinds of traffic."""
        self.feed.start()
        for n in range(10):
            self.publish(f"stock{n}")
        wait(lambda: self._is_found("stock9"), 30.0)
        for work in (self._search, self._search, self._write):
            self._threads.append(threading.Thread(target=work, daemon=True))
            self._threads[-1].start()

    def _is_found(self, name: str) -> bool:
        try:
            return bool(self.find(name)[0])
        except EngineUnavailable:
            return False

    def stop(self) -> None:
        """End the traffic; the feed goes on."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)

    def _search(self) -> None:
        answered = time.monotonic()
        while not self._stopping.wait(2.0 / SEARCHES_A_SECOND):
            try:
                self._ask()
            except Exception as error:  # noqa: BLE001 - counted, whatever it is
                self.outcome.failed.append(repr(error)[:200])
            else:
                now = time.monotonic()
                self.outcome.longest_gap_seconds = max(self.outcome.longest_gap_seconds, now - answered)
                answered = now

    def _ask(self) -> None:
        started = time.monotonic()
        with self._lock:
            settled = [name for name, (_, at) in self._live.items() if started - at > SETTLED_SECONDS]
            gone = list(self._gone)
        is_gone = bool(gone) and self._random.random() < 0.3
        name = self._random.choice(gone if is_gone else settled or ["stock0"])
        found, degraded = self.find(name)
        self.outcome.searches += 1
        for reason in degraded:
            self.outcome.degraded[reason] = self.outcome.degraded.get(reason, 0) + 1
        with self._lock:
            is_live = name in self._live
        if is_gone and found:
            self.outcome.shown_though_withdrawn.append(name)
        elif not is_gone and is_live and not found:
            self.outcome.late.append(name)

    def _write(self) -> None:
        turn = 0
        while not self._stopping.wait(1.0 / PUBLICATIONS_A_SECOND):
            turn += 1
            self.publish(f"token{turn}x")
            if turn % WITHDRAW_EVERY == 0:
                self.withdraw(f"token{turn - WITHDRAW_EVERY + 1}x")

    def lags(self, count: int) -> list[float]:
        """Seconds from each commit until a search of the other process brings the article; sorted."""
        found = []
        for n in range(count):
            started = time.monotonic()
            self.publish(f"lag{n}x")
            wait(lambda: self._is_found(f"lag{n}x"), 60.0, pause=0.02)  # noqa: B023
            found.append(time.monotonic() - started)
        return sorted(found)

    def lost(self, patience_seconds: float = 60.0) -> tuple[list[str], Any]:
        """After the traffic: (acknowledged articles that are not found, what reconcile finds)."""
        wait(lambda: feed_status(self.writer.database, self.writer.engine).pending == 0, patience_seconds)
        wait(lambda: all(self._is_found(name) for name in list(self._live)[-3:]), patience_seconds)
        lost = [name for name in self._live if not self._is_found(name)]
        return lost, reconcile(self.feed.changes, self.writer.engine, lambda _: None)

    def close(self) -> None:
        """Stop everything."""
        self.stop()
        self.feed.stop()
        self.writer.close()
        self.reader.close()


def text_of(name: str) -> ArticleText:
    return ArticleText(f"Article {name}", body=f"Reset the {name} device. " * 4, audience=("public",))


def wait(condition: Callable[[], bool], seconds: float, pause: float = 0.1) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(pause)


@contextmanager
def traffic(settings: Settings, reader: Settings | None = None) -> Iterator[Traffic]:
    """Traffic that runs, and ends with the block."""
    made = Traffic(settings, reader)
    try:
        made.start()
        yield made
    finally:
        made.close()


def check(made: Traffic) -> None:
    """The sentences that must hold after any disturbance that leaves one copy of everything."""
    made.stop()
    lost, found = made.lost()
    outcome = made.outcome
    assert outcome.failed == [], f"{outcome}: {outcome.failed[:3]}"
    assert outcome.shown_though_withdrawn == [], str(outcome)
    assert outcome.late == [], f"{outcome}: {outcome.late[:5]}"
    assert lost == []
    assert found.is_clean, str(found)
