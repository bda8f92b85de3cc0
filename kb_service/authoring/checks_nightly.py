"""The periodic checks of everything: links every night, likeness of what changed every few minutes."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb_service.articles.changes import published_rows
from kb_service.articles.models import Article
from kb_service.articles.repository import is_published, to_content
from kb_service.authoring.checks_models import LinkFinding
from kb_service.authoring.duplicates_finding import Finder
from kb_service.authoring.duplicates_scanning import scan
from kb_service.authoring.links import LinkChecker, Origin
from kb_service.catalog.context import Applicability
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.jobs import Job
from kb_service.db.session import Database

DAY_SECONDS, SCAN_SECONDS, CHUNK = 86_400.0, 120.0, 200


def checking_jobs(database: Database, finder: Finder, catalog: Catalog) -> list[Job]:
    """The jobs of this room."""
    return [
        Job("authoring.links", DAY_SECONDS, lambda: check_all_links(database), lease_seconds=3600.0),
        Job("authoring.duplicates", SCAN_SECONDS, lambda: scan(database, finder, catalog)),
    ]


def check_all_links(database: Database) -> str:
    """Judge every link of every published article; what stood there before is replaced, chunk by chunk."""
    with database.reading() as session:
        ids = list(session.scalars(select(Article.id).where(is_published()).order_by(Article.id)))
    flawed = 0
    for start in range(0, len(ids), CHUNK):
        with database.reading() as session:
            found = [row for article in _flawed(session, ids[start : start + CHUNK]) for row in article]
        flawed += len(found)
        with database.writing() as session:
            session.execute(delete(LinkFinding).where(LinkFinding.article_id.in_(ids[start : start + CHUNK])))
            session.add_all(found)
    with database.writing() as session:
        live = select(Article.id).where(is_published())
        session.execute(delete(LinkFinding).where(LinkFinding.article_id.not_in(live)))
    return f"checked {len(ids)} articles, {flawed} links to mend"


def _flawed(session: Session, ids: list[int]) -> list[list[LinkFinding]]:
    checker = LinkChecker(session)
    found = []
    for article, revision, canonical in published_rows(session, ids):
        content = to_content(revision, Applicability.from_canonical(canonical))
        flaws = checker.check(content, Origin(frozenset(article.audience), article.source))
        found.append(
            [
                LinkFinding(article_id=article.id, kind=flaw.kind, target=flaw.detail["target"], message=flaw.message)
                for flaw in flaws
            ]
        )
    return found
