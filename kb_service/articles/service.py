"""Creating and editing articles. Moves (publish …) are in `moves`, imports in `importing`.

Invariants: a text never changes: an edit makes a new revision; what takes effect at once (audience, topics, family,
type) re-indexes a published article in the same transaction. Services never commit.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified, set_committed_value

from kb_service.articles.access import check_audience, get_for_change, is_published
from kb_service.articles.inputs import REVISION_FIELDS, TEXT_FIELDS, ArticleText
from kb_service.articles.licences import COMPLIANCE, Standing, check_outside, check_review, is_author_among, licence_of
from kb_service.articles.lifecycle import Move, next_state, state_of
from kb_service.articles.models import Article, Family, Revision
from kb_service.articles.recording import audit, raise_index_version, show_revision
from kb_service.articles.repository import (
    find_family,
    newest_revision,
    read_applicability,
    store_applicability,
    waiting_authors,
)
from kb_service.articles.validation import ValidText, validate
from kb_service.auth.actors import Actor, Scope
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.db.once import insert_once
from kb_service.errors import NotAllowed

_AT_ONCE = ("type", "topics", "audience", "owner", "confidence", "governance")
_INDEXED_AT_ONCE = frozenset({"type", "topics", "audience", "family"})


@dataclass(frozen=True, slots=True)
class Change:
    """A changed article. ``withdrawn``: the index must forget what it holds before the caller is answered."""

    article: Article
    withdrawn: bool = False


def create_article(session: Session, text: ArticleText, catalog: Catalog, actor: Actor) -> Article:
    """A new article with its first draft revision."""
    actor.require(Scope.ARTICLES_WRITE)
    valid = validate(text, catalog)
    check_audience(actor, valid.text.audience)
    article = insert_article(session, valid, actor.id)
    audit(session, actor, "create", article)
    return article


def insert_article(
    session: Session, valid: ValidText, author: str, source: str | None = None, external_id: str | None = None
) -> Article:
    """The rows of a new article; its number is made of its id."""
    text = valid.text
    article = Article(
        number=f"new-{uuid.uuid4().hex}",
        source=source,
        external_id=external_id,
        family_id=join_family(session, text.family),
        applicability_key=store_applicability(session, valid.applies),
        title=text.title,
        short_answer=text.short_answer,
        language=text.language,
        **_at_once(text),
    )
    session.add(article)
    session.flush()
    number = f"KB{article.id:06d}"
    session.execute(update(Article).where(Article.id == article.id).values(number=number))
    set_committed_value(article, "number", number)
    add_revision(session, article, valid, author, 1)
    return article


def _at_once(text: ArticleText) -> dict[str, Any]:
    values = {name: getattr(text, name) for name in _AT_ONCE}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def join_family(session: Session, slug: str | None) -> int:
    """The id of the family with this slug, made when there is none; None: a family of one."""
    family = find_family(session, slug) if slug else None
    if family is None and slug:
        insert_once(session, Family, ["slug"], slug=slug)
        family = find_family(session, slug)
    if family is None:
        family = Family(slug=None)
        session.add(family)
        session.flush()
    return family.id


def add_revision(session: Session, article: Article, valid: ValidText, author: str, number: int) -> Revision:
    """A new draft revision."""
    text = valid.text
    revision = Revision(
        article_id=article.id,
        number=number,
        language=text.language,
        title=text.title,
        short_answer=text.short_answer,
        keywords=list(text.keywords),
        applicability_key=store_applicability(session, valid.applies),
        significance=text.significance,
        based_on=number - 1 or None,
        author=author,
        **{name: getattr(text, name) for name in TEXT_FIELDS},
    )
    session.add(revision)
    session.flush()
    return revision


def current_text(session: Session, article: Article, revision: Revision) -> ArticleText:
    """An article's text as it could be sent in again. Its family stands by slug."""
    family = session.get(Family, article.family_id)
    applies = read_applicability(session, revision.applicability_key)
    return ArticleText(
        title=revision.title,
        short_answer=revision.short_answer,
        **{name: getattr(revision, name) for name in TEXT_FIELDS},
        keywords=tuple(revision.keywords),
        applies_to=tuple(applies.to_raw()),
        topics=tuple(article.topics),
        audience=tuple(article.audience),
        type=article.type,
        language=revision.language,
        family=family.slug if family else None,
        owner=article.owner,
        confidence=article.confidence,
        governance=article.governance,
        significance=revision.significance,
    )


def edit_article(
    session: Session, reference: int | str, changes: Mapping[str, Any], catalog: Catalog, actor: Actor
) -> Change:
    """Apply changed fields (of `inputs.ArticleText`). A changed text makes a new draft revision."""
    article = get_for_change(session, reference, actor)
    newest = newest_revision(session, article.id)
    state = state_of(is_archived=article.archived_at is not None, is_published=is_published(article))
    next_state(state, Move.EDIT, has_draft=newest.state == "draft")
    before = current_text(session, article, newest)
    valid = validate(replace(before, **changes), catalog)
    changed = {name for name in changes if getattr(valid.text, name) != getattr(before, name)}
    if "applies_to" in changes:
        changed -= {"applies_to"} if valid.applies.key() == newest.applicability_key else set()
    if not changed:
        return Change(article)
    _check_rights(actor, article, valid.text, changed)
    if "governance" in changed and article.governance == COMPLIANCE:  # else review is one edit away from being skipped
        check_review(licence_of(actor), wrote_it=is_author_among(actor, waiting_authors(session, article)))
    if changed & REVISION_FIELDS:
        _revise(session, article, newest, valid, actor)
    is_withdrawn = _apply_at_once(session, article, valid.text, changed)
    if is_published(article) and not changed & _INDEXED_AT_ONCE:
        flag_modified(article, "updated_at")  # a new version for writers; readers see neither the draft nor its time
    else:
        article.updated_at = utcnow()
    session.flush()
    audit(session, actor, "edit", article, fields=sorted(changed))
    return Change(article, is_withdrawn)


def standing_of(article: Article) -> Standing:
    """What the licences look at."""
    return Standing(article.confidence, article.governance, frozenset(article.audience))


def _check_rights(actor: Actor, article: Article, text: ArticleText, changed: set[str]) -> None:
    if is_published(article) and changed & {"audience", "confidence"}:
        check_outside(Standing(text.confidence, text.governance, frozenset(text.audience)))
    if "audience" not in changed:
        return
    check_audience(actor, text.audience)
    if is_published(article) and not actor.may(Scope.ARTICLES_PUBLISH):
        raise NotAllowed("Changing who reads a published article needs the scope articles:publish.")


def _revise(session: Session, article: Article, newest: Revision, valid: ValidText, actor: Actor) -> None:
    revision = add_revision(session, article, valid, actor.id, newest.number + 1)
    if newest.state == "draft":
        newest.state = "superseded"
    if not is_published(article):
        show_revision(article, revision)


def _apply_at_once(session: Session, article: Article, text: ArticleText, changed: set[str]) -> bool:
    """Set what needs no revision; whether readers lost the article by it."""
    was_readable_by = set(article.audience)
    for name, value in _at_once(text).items():
        if name in changed:
            setattr(article, name, value)
    if "family" in changed:
        article.family_id = join_family(session, text.family)
    is_narrowed = not was_readable_by <= set(article.audience)
    if is_published(article) and changed & _INDEXED_AT_ONCE:
        raise_index_version(session, article, is_withdrawal=is_narrowed)
        return is_narrowed
    return False
