"""Bookmark sets over both databases."""

from __future__ import annotations

import pytest
from sqlalchemy.orm.exc import StaleDataError

from kb_service.articles import moves
from kb_service.auth.actors import Role, actor_for
from kb_service.bookmarks import repository, service
from kb_service.bookmarks.schemas import BookmarkIn, BookmarkPatch, SetIn
from kb_service.bookmarks.signals import BookmarkSignals
from kb_service.bookmarks.views import Reader, view_set
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.session import Database
from kb_service.errors import NotFound
from tests.contract.repositories.cases import ADMIN, all_at_once, publish_article

MIA = actor_for("user:1", "Mia", Role.AGENT, ["gateway"])
BO = actor_for("user:2", "Bo", Role.AGENT)


def make(database: Database, *titles: str, team: str = "") -> tuple[int, list[int]]:
    with database.writing() as session:
        ids = [publish_article(session, title).id for title in titles]
        found = service.create_set(session, SetIn(name="Daily", team=team), Catalog(), MIA)
        for article in ids:
            service.add(session, found, BookmarkIn(article=str(article)), MIA)
        return found.id, ids


def test_a_set_keeps_its_order_and_an_article_stands_once(any_database: Database) -> None:
    set_id, (a, b, c) = make(any_database, "One", "Two", "Three")
    with any_database.writing() as session:
        found = service.for_change(session, set_id, MIA)
        service.add(session, found, BookmarkIn(article=str(a), note="first"), MIA)
        service.change_bookmark(session, found, c, BookmarkPatch(place=0))
        service.remove(session, found, b, MIA)
    with any_database.reading() as session:
        rows = repository.list_bookmarks(session, set_id)
    assert [(row.article_id, row.place, row.note) for row in rows] == [(c, 0, ""), (a, 1, "first")]


def test_what_was_archived_warns_and_is_not_copied(any_database: Database) -> None:
    set_id, (a, b) = make(any_database, "One", "Two", team="agents")
    with any_database.writing() as session:
        moves.archive(session, b, ADMIN)
    with any_database.writing() as session:
        theirs = repository.find_set(session, set_id, BO)
        view = view_set(session, theirs, Reader(BO, Catalog()))
        assert [(item.article, item.warnings) for item in view.items] == [(a, []), (b, ["archived"])]
        copied = service.copy_set(session, theirs, BO, Catalog())
        assert [row.article_id for row in repository.list_bookmarks(session, copied.id)] == [a]


def test_only_followed_sets_of_others_speak_to_search(any_database: Database) -> None:
    set_id, (a,) = make(any_database, "One", team="agents")
    signals = BookmarkSignals(any_database, Catalog(), keep_seconds=0)
    assert signals.stamp(BO) is None
    assert signals.signals([a], MIA)[a][0].detail == "in your set “Daily”"
    with any_database.writing() as session:
        service.subscribe(session, repository.find_set(session, set_id, BO), BO)
    assert signals.signals([a, 99], BO)[a][0].detail == "in Mia’s set “Daily”"
    assert signals.stamp(BO) is not None


def test_nobody_learns_of_a_set_that_is_not_shared(any_database: Database) -> None:
    set_id, _ = make(any_database, "One")
    with any_database.writing() as session:
        with pytest.raises(NotFound):
            repository.find_set(session, set_id, BO)
        service.delete_set(session, service.for_change(session, set_id, MIA), MIA)
        assert repository.list_sets(session, MIA) == []


def test_two_who_fill_one_set_at_once_lose_nothing(any_database: Database) -> None:
    set_id, _ = make(any_database, "Zero")
    with any_database.writing() as session:
        ids = [publish_article(session, f"More {number}").id for number in range(4)]

    def keep(article: int) -> None:
        for _ in range(20):
            try:
                any_database.write(
                    lambda session: service.add(
                        session, service.for_change(session, set_id, MIA), BookmarkIn(article=str(article)), MIA
                    )
                )
            except StaleDataError:
                continue
            return

    assert all_at_once(*(lambda a=a: keep(a) for a in ids)) == []  # type: ignore[misc]
    with any_database.reading() as session:
        rows = repository.list_bookmarks(session, set_id)
    assert sorted(row.article_id for row in rows)[1:] == sorted(ids)
    assert [row.place for row in rows] == [0, 1, 2, 3, 4]
