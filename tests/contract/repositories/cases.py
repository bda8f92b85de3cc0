"""What the contract tests of the repositories share."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy.orm import Session

from kb_service.articles import moves, service
from kb_service.articles.inputs import ArticleText
from kb_service.articles.models import Article
from kb_service.auth.actors import Role, actor_for
from kb_service.catalog.vocabulary import Catalog

ADMIN = actor_for("tester", "Tester", Role.ADMIN)
READER = actor_for("reader", "Reader", Role.CUSTOMER)


def write_article(session: Session, title: str = "Reset the gateway", **fields: object) -> Article:
    text = ArticleText(title=title, body="Hold the button.", **{"audience": ("public",), **fields})  # type: ignore[arg-type]
    return service.create_article(session, text, Catalog(), ADMIN)


def publish_article(session: Session, title: str = "Reset the gateway", **fields: object) -> Article:
    return moves.publish(session, write_article(session, title, **fields).id, ADMIN).article


def all_at_once(*works: Callable[[], object], timeout: float = 60.0) -> list[BaseException]:
    """Run in threads that start together; returns what they raised."""
    errors: list[BaseException] = []
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            gate.wait(timeout)
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout)
    assert not any(thread.is_alive() for thread in threads), "a transaction waits for ever"
    return errors
