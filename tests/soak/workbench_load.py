"""The workbench with 10,000 articles and 100,000 revisions: milliseconds at the server and queries of every page.

`python -m tests.soak.workbench_load [ARTICLES]`: rows are written directly to SQLite in a directory of its own, then each page is
asked ROUNDS times in this process. Queries are counted on a tenth of the rows, too: a count that differs grows with rows.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import structlog
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, insert, select, update

from kb_service.app import create_app
from kb_service.articles.models import Article, Family, Feedback, Revision
from kb_service.articles.repository import store_applicability
from kb_service.assembly import Parts, assemble
from kb_service.auth import service
from kb_service.auth.actors import Role
from kb_service.auth.schemas import UserIn
from kb_service.authoring.models import AuthorTask, Notification, Proposal, Reuse, TaskReport
from kb_service.catalog.context import Applicability
from kb_service.catalog.service import add_release, create_product
from kb_service.db.base import utcnow
from kb_service.settings import Settings

ROUNDS, REVISIONS, CHUNK = 20, 10, 500
HOST, PASSWORD = "http://localhost", "correct horse battery"
PAGES = (
    "/workbench", "/workbench/articles", "/workbench/articles?page=100", "/workbench/articles?words=widget&product=p3",
    "/workbench/articles?status=changed", "/workbench/tasks", "/workbench/reviews", "/workbench/suggestions",
    "/workbench/freshness?product=p3", "/workbench/gaps", "/workbench/findings", "/workbench/applicability",
    "/workbench/bulk?all=1", "/workbench/new", "/workbench/articles/7/edit", "/workbench/articles/7/history",
    "/workbench/articles/7/renderings", "/workbench/suggest?article=7", "/a/KB000007",
)  # fmt: skip
WORDS = (
    "gateway",
    "tunnel",
    "widget",
    "export",
    "licence",
    "printer",
    "vault",
    "sync",
    "sleep",
    "error",
    "reset",
    "cable",
)


def rows_of(number: int, keys: list[str], rng: random.Random) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An article and its revisions; every seventh has a newer draft, every ninth is compliance-based."""
    at = utcnow() - timedelta(days=rng.randint(1, 1200))
    title, key = " ".join(rng.sample(WORDS, 4)) + f" {number}", rng.choice(keys)
    article = {
        "id": number, "number": f"KB{number:06d}", "family_id": number, "audience": ["public", "agent"] if number % 3 else ["agent"],
        "topics": [], "applicability_key": key, "title": title, "owner": f"user:{number % 5 + 1}", "confidence": "validated",
        "governance": "compliance" if number % 9 == 0 else "experience", "created_at": at, "updated_at": at, "published_at": at,
        "votes_up": rng.randint(0, 50), "type": "problem", "language": "en",
    }  # fmt: skip
    shown = REVISIONS - 1 if number % 7 == 0 else REVISIONS
    revisions = [
        {
            "id": (number - 1) * REVISIONS + n, "article_id": number, "number": n, "title": title, "keywords": ["one", "two"],
            "applicability_key": key, "author": f"user:{n % 5 + 1}", "created_at": at, "published_at": at if n <= shown else None,
            "state": "published" if n == shown else "draft" if n > shown else "superseded", "issue": "It stops. " * 20,
            "resolution": "1. Press the button.\n2. Wait a minute.\n" * 20, "short_answer": "Press it.",
        }
        for n in range(1, REVISIONS + 1)
    ]  # fmt: skip
    return article, revisions


def fill(parts: Parts, articles: int) -> None:
    """Write the rows."""
    rng = random.Random(20261124)
    with parts.database.writing() as session:
        for n in range(20):
            create_product(session, f"Product {n}", slug=f"p{n}")
            for version in ("10", "11", "12"):
                add_release(session, f"p{n}", version)
        versions = (">=10", "11", "10 - 11")
        meant = [Applicability.of([{"product": f"p{n}", "versions": v}]) for n in range(20) for v in versions]
        keys = [store_applicability(session, applies) for applies in meant]
        for n in range(1, 6):
            service.create_user(
                session, UserIn(email=f"a{n}@example.com", name=f"Author {n}", role=Role.AUTHOR, password=PASSWORD)
            )
    for first in range(1, articles + 1, CHUNK):
        made = [rows_of(number, keys, rng) for number in range(first, min(first + CHUNK, articles + 1))]
        with parts.database.writing() as session:
            session.execute(insert(Family), [{"id": article["id"], "slug": None} for article, _ in made])
            session.execute(insert(Article), [article for article, _ in made])
            session.execute(insert(Revision), [row for _, rows in made for row in rows])
    with parts.database.writing() as session:
        shown = (
            select(Revision.id)
            .where(Revision.article_id == Article.id, Revision.state == "published")
            .scalar_subquery()
        )
        session.execute(update(Article).values(published_revision_id=shown))
        add_work(session, articles)


def add_work(session: Any, articles: int) -> None:
    """Tasks, reports, suggestions, uses, votes and notifications."""
    now = utcnow()
    tasks = [
        {"id": n, "article_id": n * 10, "kind": "feedback" if n % 2 else "review", "revision_number": REVISIONS, "open_key": "open",
         "owner": f"user:{n % 5 + 1}", "due_at": now} for n in range(1, articles // 10)
    ]  # fmt: skip
    session.execute(insert(AuthorTask), tasks)
    said = [
        {"task_id": task["id"], "kind": "flag", "reporter": "user:2", "reason": "unclear", "words": "Which?"}
        for task in tasks
    ]
    session.execute(insert(TaskReport), said)
    fields = {"short_answer": "Press it twice.", "resolution": "1. Press.\n2. Wait.\n" * 20}
    proposals = [
        {"article_id": n, "base_revision": REVISIONS, "fields": fields, "author": "user:3"}
        for n in range(1, articles // 10)
    ]
    session.execute(insert(Proposal), proposals)
    uses = [
        {"article_id": n % articles + 1, "revision_number": 1, "actor": "user:2", "kind": "link"}
        for n in range(articles * 3)
    ]
    session.execute(insert(Reuse), uses)
    votes = [
        {"article_id": n % articles + 1, "revision_number": 1, "is_helpful": n % 4 > 0} for n in range(articles * 3)
    ]
    session.execute(insert(Feedback), votes)
    lines = [
        {"recipient": f"user:{n % 5 + 1}", "kind": "flagged", "article_id": n, "detail": {}}
        for n in range(1, articles // 10)
    ]
    session.execute(insert(Notification), lines)


@contextmanager
def counted(engine: Engine) -> Iterator[list[int]]:
    """Counts statements."""
    count = [0]

    def note(*_: object) -> None:
        count[0] += 1

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield count
    finally:
        event.remove(engine, "before_cursor_execute", note)


def measure(parts: Parts, rounds: int) -> dict[str, tuple[int, float, float]]:
    """Queries, median and p95 milliseconds of each page, as an author reads it."""
    client = TestClient(create_app(parts.settings, parts), base_url=HOST, headers={"Accept": "text/html"})
    token = client.get("/sign-in").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    client.post("/sign-in", data={"email": "a1@example.com", "password": PASSWORD, "csrf_token": token})
    found = {}
    for path in PAGES:
        client.get(path)
        taken = []
        with counted(parts.database.engine) as count:
            for _ in range(rounds):
                started = time.perf_counter()
                answer = client.get(path)
                taken.append((time.perf_counter() - started) * 1000)
                assert answer.status_code == 200, (path, answer.status_code, answer.text[-400:])
        found[path] = (round(count[0] / rounds), median(taken), quantiles(taken, n=20)[-1])
    return found


def run(articles: int, rounds: int) -> dict[str, tuple[int, float, float]]:
    """Fill a base of its own and measure."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder),
            encoder="hashing",
            run_worker=False,
            rate_limit_per_minute=0,
            sign_in_limit_per_minute=0,
        )
        parts = assemble(settings)
        try:
            fill(parts, articles)
            return measure(parts, rounds)
        finally:
            parts.close()


def main() -> None:
    """Print a table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    articles = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    few, many = run(articles // 10, 3), run(articles, ROUNDS)
    print(f"{articles} articles, {articles * REVISIONS} revisions\n{'page':48} queries (a tenth)   p50 ms   p95 ms")
    for path, (queries, middle, slow) in many.items():
        grows = " GROWS" if queries > few[path][0] + 2 else ""
        print(f"{path:48} {queries:7} {few[path][0]:9} {middle:9.0f} {slow:8.0f}{' SLOW' if slow > 200 else ''}{grows}")


if __name__ == "__main__":
    main()
