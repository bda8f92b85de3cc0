"""Importing articles: the same source and external id is the same article, the same content changes nothing.

Invariants: idempotent; what a person unpublished or archived by hand is not published again by the same content;
an archived article stays archived, whatever comes. The importer is trusted: scopes were checked where it started.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from sqlalchemy.orm import Session

from kb_service.articles.access import is_published
from kb_service.articles.inputs import ArticleText, ImportedArticle, Outcome
from kb_service.articles.licences import Standing, check_outside
from kb_service.articles.models import Article, Redirect, Revision
from kb_service.articles.moves import publish_revision
from kb_service.articles.recording import audit, raise_index_version, show_revision
from kb_service.articles.repository import find_imported, newest_revision
from kb_service.articles.service import add_revision, insert_article, join_family
from kb_service.articles.validation import ValidText, validate
from kb_service.auth.actors import SYSTEM, Actor
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.errors import Conflict, InvalidInput
from kb_service.text import clean_text


def upsert_imported(session: Session, item: ImportedArticle, catalog: Catalog, actor: Actor = SYSTEM) -> Outcome:
    """Create, update or leave an article as its source holds it. Raises InvalidInput for what cannot be used."""
    return import_article(session, item, catalog, actor)[0]


def import_article(
    session: Session, item: ImportedArticle, catalog: Catalog, actor: Actor = SYSTEM
) -> tuple[Outcome, Article]:
    """As `upsert_imported`, with the article itself."""
    source = clean_text(item.source, "/source", longest=100, shortest=1, is_line=True)
    external_id = clean_text(item.external_id, "/external_id", longest=300, shortest=1, is_line=True)
    article, digest = find_imported(session, source, external_id), _digest(item)
    if article is not None and article.import_digest == digest:
        return Outcome.UNCHANGED, article
    valid = validate(item.text, catalog)
    if item.publish or (article is not None and is_published(article)):
        _check_outside(valid.text)
    outcome = Outcome.CREATED if article is None else Outcome.UPDATED
    if article is None:
        article = insert_article(session, valid, item.author, source, external_id)
        revision = newest_revision(session, article.id)
    else:
        revision = _revise(session, article, valid, item.author)
    article.import_digest = digest
    _publish(session, article, revision, item.publish)
    if item.updated_at is not None:
        article.updated_at = item.updated_at
    _redirect(session, article, item.redirects)
    session.flush()
    audit(session, actor, "import", article, outcome=outcome.value, source=source)
    return outcome, article


def _check_outside(text: ArticleText) -> None:
    try:
        check_outside(Standing(text.confidence, text.governance, frozenset(text.audience)))
    except Conflict as error:  # what comes is at fault, not what is here
        raise InvalidInput(error.detail, "/confidence") from error


def _digest(item: ImportedArticle) -> str:
    content = asdict(item)
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()


def _revise(session: Session, article: Article, valid: ValidText, author: str) -> Revision:
    text, newest = valid.text, newest_revision(session, article.id)
    revision = add_revision(session, article, valid, author, newest.number + 1)
    if newest.state == "draft":
        newest.state = "superseded"
    article.topics, article.audience, article.type = list(text.topics), list(text.audience), text.type
    article.owner, article.confidence, article.governance = text.owner, text.confidence, text.governance
    if text.family:
        article.family_id = join_family(session, text.family)
    article.updated_at = utcnow()
    return revision


def _publish(session: Session, article: Article, revision: Revision, is_wanted: bool) -> None:
    if is_wanted and article.archived_at is None:
        publish_revision(session, article, revision)
    elif is_published(article):
        raise_index_version(session, article)  # audience or topics may have changed
    else:
        show_revision(article, revision)


def _redirect(session: Session, article: Article, paths: tuple[str, ...]) -> None:
    for path in dict.fromkeys(paths):
        path = clean_text(path, "/redirects", longest=1000, shortest=1, is_line=True)
        known = session.get(Redirect, path)
        if known is None:
            session.add(Redirect(path=path, article_id=article.id))
        else:
            known.article_id = article.id
