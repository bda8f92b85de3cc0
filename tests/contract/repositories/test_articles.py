"""Articles over both databases: lifecycle, readers, texts of every script, files, feedback, redirects."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from kb_service.articles import feedback, moves, repository, service
from kb_service.articles.access import get_known
from kb_service.articles.attachments import find_attachment, keep_attachments
from kb_service.articles.changes import ArticleChanges
from kb_service.articles.importing import import_article
from kb_service.articles.inputs import ArticleText, ImportedArticle, Outcome
from kb_service.articles.lifecycle import State
from kb_service.articles.models import Article, Family
from kb_service.articles.repository import ListFilter, Place
from kb_service.articles.uses import ArticleUses
from kb_service.auth.actors import ANONYMOUS
from kb_service.catalog.repository import load_catalog
from kb_service.catalog.service import create_product
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.outbox import OutboxRow
from kb_service.db.session import Database
from kb_service.errors import NotFound
from kb_service.search.checking import read_facts
from tests.contract.repositories.cases import ADMIN, all_at_once, publish_article, write_article

PUBLIC = frozenset({"public"})
TEXT = "Größe – “quoted” 你好 🙂 100 % under_score back\\slash ' \" ;--"


def imported(external_id: str, title: str, **more: object) -> ImportedArticle:
    return ImportedArticle("faq", external_id, ArticleText(title=title, body="x", audience=("public",)), **more)  # type: ignore[arg-type]


def test_every_move_reaches_the_change_feed(any_database: Database) -> None:
    with any_database.writing() as session:
        article = write_article(session)
        assert session.scalars(select(OutboxRow)).all() == [], "a draft is nothing to the index"
        moves.publish(session, article.id, ADMIN)
        service.edit_article(session, article.id, {"title": "Restart the gateway"}, Catalog(), ADMIN)
        moves.publish(session, article.id, ADMIN)
        moves.unpublish(session, article.id, ADMIN)
        moves.archive(session, article.id, ADMIN)
        moves.restore(session, article.id, ADMIN)
    with any_database.reading() as session:
        assert session.scalars(select(OutboxRow.index_version).order_by(OutboxRow.id)).all() == [1, 2, 4]
        assert [r.number for r in repository.list_revisions(session, article.id)] == [2, 1]


def test_texts_and_lists_come_back_as_they_went_in(any_database: Database) -> None:
    with any_database.writing() as session:
        article = publish_article(session, TEXT, keywords=("größe", 'a"b'), short_answer=TEXT)
    with any_database.reading() as session:
        found = get_known(session, article.number, ANONYMOUS)
        assert (found.title, found.short_answer, found.audience) == (TEXT, TEXT, ["public"])
        assert found.published_revision is not None
        assert found.published_revision.keywords == ["größe", 'a"b']
        assert found.created_at.utcoffset() == timedelta(0)


def test_times_are_kept_to_the_microsecond_whatever_their_zone(any_database: Database) -> None:
    moment = datetime(2024, 3, 31, 1, 59, 59, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with any_database.writing() as session:
        import_article(session, imported("t", "T", updated_at=moment), Catalog())
    with any_database.reading() as session:
        article = session.scalars(select(Article)).one()
        assert article.updated_at == moment
        assert article.updated_at.tzinfo is UTC


def test_the_check_before_families_reads_the_same_facts(any_database: Database) -> None:
    late = datetime(2024, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    with any_database.writing() as session:
        _, article = import_article(session, imported("t", "T", updated_at=late), Catalog())
        hidden = write_article(session)
    with any_database.engine.connect() as connection:
        facts = read_facts(connection, [article.id, hidden.id, 999_999])
    assert set(facts) == {article.id}
    assert (facts[article.id].updated_at, facts[article.id].audience) == ("2023-12-31", PUBLIC)
    assert facts[article.id].topics == ()


def test_lists_filter_page_and_count_alike(any_database: Database) -> None:
    with any_database.writing() as session:
        made = [publish_article(session, f"T{n}", audience=("public",) if n % 2 else ("agent",)) for n in range(6)]
        write_article(session, "draft")
        for article in made:
            article.updated_at = made[0].updated_at
    wanted = ListFilter(PUBLIC, State.PUBLISHED)
    with any_database.reading() as session:
        first = repository.list_articles(session, wanted, 2)
        rest = repository.list_articles(session, wanted, 9, Place(first[-1].updated_at, first[-1].id))
        assert [a.title for a in (*first, *rest)] == ["T5", "T3", "T1"]
        assert repository.count_articles(session, wanted) == 3
        assert repository.count_articles(session, ListFilter(frozenset({"pub", "public_"}))) == 0


def test_a_product_finds_its_articles_and_reindexes_them(any_database: Database) -> None:
    with any_database.writing() as session:
        create_product(session, "Gateway", "gateway")
        create_product(session, "Gate", "gate")
        text = ArticleText(title="A", applies_to=({"product": "Gateway"},), audience=("public",))
        article = service.create_article(session, text, load_catalog(session), ADMIN)
        moves.publish(session, article.id, ADMIN)
        assert ArticleUses().count(session, "product", "gateway") == 1
        assert ArticleUses().count(session, "product", "gate") == 0
        assert ArticleUses().reindex(session, "product", "gateway") == 1
        assert ArticleUses().readable(session, PUBLIC).products == {"gateway": 1}
    with any_database.reading() as session:
        assert session.scalars(select(OutboxRow.index_version).order_by(OutboxRow.id)).all() == [1, 2]


def save_late(session: Session, stale: Article) -> None:
    session.add(stale)
    stale.owner = "late"
    session.flush()


def test_of_two_edits_of_one_version_the_second_is_refused(any_database: Database) -> None:
    with any_database.writing() as session:
        article_id = write_article(session).id
    with any_database.reading() as reader:
        stale = reader.get_one(Article, article_id)
        reader.expunge(stale)
    with any_database.writing() as session:
        service.edit_article(session, article_id, {"title": "New title"}, Catalog(), ADMIN)
    with pytest.raises(StaleDataError):
        any_database.write(lambda session: save_late(session, stale))


def test_an_import_says_created_updated_unchanged(any_database: Database) -> None:
    for item, outcome in (
        (imported("a", "A", redirects=("/old/a",)), Outcome.CREATED),
        (imported("a", "A", redirects=("/old/a",)), Outcome.UNCHANGED),
        (imported("a", "B", redirects=("/old/a",)), Outcome.UPDATED),
    ):
        with any_database.writing() as session:
            found, article = import_article(session, item, Catalog())
            assert found is outcome
    with any_database.reading() as session:
        assert repository.find_redirect(session, "/old/a") == article.id
        assert repository.find_link_target(session, "a", "other") == article.number
        wanted = ArticleChanges(any_database).wanted_versions()
        assert wanted == {article.id: 2}


def test_the_same_article_imported_twice_at_once_is_one_article(any_database: Database) -> None:
    def bring() -> None:
        any_database.write(lambda session: import_article(session, imported("a", "A"), Catalog()))

    errors = all_at_once(bring, bring, bring)
    assert all(type(error).__name__ == "IntegrityError" for error in errors), errors
    with any_database.reading() as session:
        assert len(session.scalars(select(Article)).all()) == 1


def test_one_family_is_made_however_many_begin_it(any_database: Database) -> None:
    def join(number: int) -> None:
        with any_database.writing() as session:
            write_article(session, f"T{number}", family="vpn")

    assert all_at_once(*(lambda n=n: join(n) for n in range(4))) == []  # type: ignore[misc]
    with any_database.reading() as session:
        assert session.scalars(select(Family.slug)).all() == ["vpn"]


def test_a_file_belongs_to_who_may_read_its_article(any_database: Database) -> None:
    class File:
        name, media_type, content = "a.png", "image/png", bytes(range(256))

    with any_database.writing() as session:
        article = write_article(session)
        assert keep_attachments(session, article.id, [File()])
        assert not keep_attachments(session, article.id, [File()])
        digest = hashlib.sha256(File.content).hexdigest()
        with pytest.raises(NotFound):
            find_attachment(session, digest, "a.png", ANONYMOUS)
        moves.publish(session, article.id, ADMIN)
        assert find_attachment(session, digest, "a.png", ANONYMOUS).content == File.content
        assert keep_attachments(session, article.id, [])


def test_votes_at_once_all_count_and_change_no_version(any_database: Database) -> None:
    with any_database.writing() as session:
        article = publish_article(session)

    def vote(is_helpful: bool) -> None:
        with any_database.writing() as session:
            feedback.give_feedback(session, article.id, feedback.Vote(is_helpful, words="größer 🙂"), ANONYMOUS)

    assert all_at_once(*(lambda n=n: vote(n % 4 != 0) for n in range(8))) == []  # type: ignore[misc]
    with any_database.reading() as session:
        found = session.get_one(Article, article.id)
        assert (found.votes_up, found.votes_down, found.version) == (6, 2, article.version)
