"""Reuse, review dates, releases and schedules over both databases."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from kb_service.articles import moves, service
from kb_service.articles.inputs import ArticleText
from kb_service.articles.models import Article, Revision
from kb_service.authoring import bulk, freshness, scheduling, suggestions
from kb_service.authoring.bulk_rules import BulkEdit
from kb_service.authoring.repository import WorkFilter
from kb_service.authoring.reuse import badges_of, record_reuse
from kb_service.catalog.ensuring import ensure_product, ensure_release
from kb_service.catalog.repository import load_catalog
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from tests.contract.repositories.cases import ADMIN, publish_article, write_article


def test_a_use_validates_and_is_counted_once_per_case(any_database: Database) -> None:
    with any_database.writing() as session:
        article = publish_article(session, confidence="not_validated")
        for case in ("C-1", "C-1", "C-2"):
            record_reuse(session, article.id, ADMIN, "link", case)
        badge = badges_of(session, [article])[article.id]
        assert (badge.confidence, badge.uses) == ("validated", 2)


def test_overdue_reviews_are_found_told_once_and_set_again(any_database: Database) -> None:
    with any_database.writing() as session:
        article = publish_article(session)
        session.execute(update(Revision).values(published_at=utcnow() - timedelta(days=90)))
        session.execute(update(Article).values(governance="compliance"))
        session.refresh(article)
        rules = {"problem": 60}
        assert [due.article.id for due in freshness.overdue(session, ADMIN, rules)] == [article.id]
        assert [freshness.tell_overdue(session, rules) for _ in range(2)] == [1, 0]
        freshness.set_review(session, article.id, utcnow() + timedelta(days=30), ADMIN)
        assert freshness.overdue(session, ADMIN, rules) == []


def test_a_release_asks_about_what_was_there_before(any_database: Database) -> None:
    with any_database.writing() as session:
        ensure_product(session, "Gateway")
        ensure_release(session, "gateway", "11")
    with any_database.reading() as session:
        catalog = load_catalog(session)
    open_ended = ({"product": "gateway", "versions": ">=11"},)
    with any_database.writing() as session:
        made = service.create_article(session, ArticleText(title="Old", applies_to=open_ended), catalog, ADMIN)
        old = moves.publish(session, made.id, ADMIN).article.id
        ensure_release(session, "gateway", "12")
    with any_database.writing() as session:
        catalog = load_catalog(session)
        later = service.create_article(session, ArticleText(title="New", applies_to=open_ended), catalog, ADMIN)
        moves.publish(session, later.id, ADMIN)
        found = freshness.unconfirmed(session, "gateway", "12", catalog, ADMIN)
        assert [due.article.id for due in found] == [old]
        freshness.confirm(session, old, "gateway", "12", ADMIN)
        assert freshness.unconfirmed(session, "gateway", "12", catalog, ADMIN) == []


def test_what_is_old_and_unused_is_found_and_what_was_used_is_not(any_database: Database) -> None:
    with any_database.writing() as session:
        used, unused = publish_article(session, "Used"), publish_article(session, "Unused")
        session.execute(update(Article).values(updated_at=utcnow() - timedelta(days=600)))
        record_reuse(session, used.id, ADMIN)
        assert [due.article.id for due in freshness.unused(session, ADMIN)] == [unused.id]


def test_a_schedule_whose_maker_is_gone_is_refused_and_not_tried_again(any_database: Database) -> None:
    with any_database.writing() as session:
        article = write_article(session)
        due = utcnow() + timedelta(minutes=1)
        scheduling.schedule(session, article.id, "publish", due, ADMIN)
        assert [scheduling.run_due(session, due + timedelta(seconds=1)) for _ in range(2)] == [0, 0]
        assert scheduling.waiting(session, article.id) == []


def test_suggestions_are_listed_and_decided_once(any_database: Database) -> None:
    with any_database.writing() as session:
        article = publish_article(session)
        catalog = load_catalog(session)
        row = suggestions.suggest(session, article.id, {"short_answer": "Press it."}, "", catalog, ADMIN)
        assert [(one.id, about.id if about else 0) for one, about in suggestions.list_suggestions(session, ADMIN)] == [
            (row.id, article.id)
        ]
        suggestions.accept(session, row.id, catalog, ADMIN)
        assert suggestions.list_suggestions(session, ADMIN) == []
        assert suggestions.list_mine(session, ADMIN)[0][0].state == "accepted"


def test_a_bulk_change_keeps_what_stood_before_and_goes_back(any_database: Database) -> None:
    with any_database.writing() as session:
        article = publish_article(session, keywords=("old",))
        edit, chosen = BulkEdit(owner="user:1", add_keywords=("new",)), WorkFilter(ADMIN.audiences, words="Reset")
        seen = bulk.preview(session, chosen, edit, load_catalog(session), ADMIN)
        assert [look.planned.after for look in seen.looks] == [{"owner": "user:1", "keywords": ["old", "new"]}]
        done = bulk.apply(session, {article.id: article.version}, edit, load_catalog(session), ADMIN)
        assert (article.owner, done.refused) == ("user:1", {})
    with any_database.writing() as session:
        bulk.undo(session, done.row.id, load_catalog(session), ADMIN)
        again = bulk.preview(session, chosen, edit, load_catalog(session), ADMIN)
        assert [look.planned.before for look in again.looks] == [{"owner": "", "keywords": ["old"]}]
