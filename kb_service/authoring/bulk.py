"""One change of many articles: looked at first, then made, and taken back as long as nobody has changed them since.

Invariants: each article is changed by the same services as alone, so that a bulk change does nothing that its maker may not
do one by one; what cannot be changed stays as it is, with the reason; nothing is validated in bulk; what was published
before is published after, what was a draft stays one, and nobody's unfinished draft is published by the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from kb_service.articles import moves
from kb_service.articles.access import check_audience, get_for_change, is_published
from kb_service.articles.inputs import REVISION_FIELDS
from kb_service.articles.licences import check_publishing, licence_of
from kb_service.articles.models import Article, Revision
from kb_service.articles.recording import audit
from kb_service.articles.repository import is_readable, newest_revision, read_applicabilities
from kb_service.articles.service import Change, edit_article, standing_of
from kb_service.auth.actors import Actor, Role, Scope
from kb_service.authoring.bulk_rules import MOST, BulkEdit, Now, Planned, plan
from kb_service.authoring.models import BulkChange
from kb_service.authoring.repository import WorkFilter, select_ids
from kb_service.catalog.applies_to import read_applies_to
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.errors import Conflict, InvalidInput, KbError, NotAllowed, NotFound, StaleVersion

LOOKED_AT = 2000
WAITING = "A newer draft waits: change it there, or publish it first."


@dataclass(frozen=True, slots=True)
class Look:
    """One article in a preview. ``refused``: why it would stay as it is."""

    article: Article
    planned: Planned
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would change: at most MOST articles. ``left``: how many more would, in another go; ``same``: stay as they are."""

    looks: list[Look]
    left: int
    same: int


@dataclass(frozen=True, slots=True)
class Done:
    """What a bulk change did."""

    row: BulkChange
    changes: list[Change]
    refused: dict[int, str]


def preview(
    session: Session, chosen: WorkFilter | Sequence[int], edit: BulkEdit, catalog: Catalog, actor: Actor
) -> Preview:
    """What an edit would make of the articles of a filter (or of ids)."""
    key = _check(edit, catalog, actor)
    ids = select_ids(session, chosen, LOOKED_AT) if isinstance(chosen, WorkFilter) else list(chosen)[:LOOKED_AT]
    looks = []
    same = 0
    for article, newest, now in _stand(session, ids, actor):
        planned = plan(edit, now, key)
        if not planned.after and not edit.archive:
            same += 1
            continue
        looks.append(Look(article, planned, _refusal(article, newest, planned, edit, actor)))
    return Preview(looks[:MOST], max(0, len(looks) - MOST), same)


def _check(edit: BulkEdit, catalog: Catalog, actor: Actor) -> str | None:
    actor.require(Scope.ARTICLES_WRITE)
    if edit.is_nothing:
        raise InvalidInput("Say what to change: audience, owner, applies_to, keywords or archive.", "/change")
    if edit.audience is not None:
        check_audience(actor, edit.audience)
    if edit.archive:
        actor.require(Scope.ARTICLES_PUBLISH)
    return read_applies_to(edit.applies_to, catalog).key() if edit.applies_to is not None else None


def _stand(session: Session, ids: Sequence[int], actor: Actor) -> list[tuple[Article, Any, Now]]:
    """Articles with their newest revision's state, in three queries."""
    where = (Article.id.in_(ids), is_readable(actor.audiences))
    found = {article.id: article for article in session.scalars(select(Article).where(*where))}
    last = select(Revision.article_id, func.max(Revision.number)).where(Revision.article_id.in_(found))
    columns = select(Revision.article_id, Revision.state, Revision.keywords, Revision.applicability_key)
    newest_of = columns.where(tuple_(Revision.article_id, Revision.number).in_(last.group_by(Revision.article_id)))
    newest = {row.article_id: row for row in session.execute(newest_of)}
    meant = read_applicabilities(session, (row.applicability_key for row in newest.values()))
    stands = []
    for id in ids:
        if id in found and id in newest:
            article, row = found[id], newest[id]
            raw = meant[row.applicability_key].to_raw()
            stands.append(
                (article, row, Now(article.audience, article.owner, row.keywords, row.applicability_key, raw))
            )
    return stands


def _refusal(article: Article, newest: Any, planned: Planned, edit: BulkEdit, actor: Actor) -> str:
    if article.archived_at is not None:
        return "It is archived."
    if not is_published(article):
        return ""
    if set(planned.after) & REVISION_FIELDS:
        if newest.state == "draft":
            return WAITING
        try:
            check_publishing(licence_of(actor), standing_of(article), wrote_it=True)
        except KbError as error:
            return error.detail
    if "audience" in planned.after and not actor.may(Scope.ARTICLES_PUBLISH):
        return "Changing who reads a published article needs the scope articles:publish."
    return ""


def apply(session: Session, versions: dict[int, int], edit: BulkEdit, catalog: Catalog, actor: Actor) -> Done:
    """Change articles that are still as they were looked at (``versions`` by id)."""
    key = _check(edit, catalog, actor)
    if len(versions) > MOST:
        raise InvalidInput(f"At most {MOST} in one go; make the change again for the rest.", "/articles")
    row = BulkChange(actor=actor.id, change=edit.plain(), before={})
    session.add(row)
    session.flush()
    changes: list[Change] = []
    refused: dict[int, str] = {}
    kept: dict[str, Any] = {}
    for article, newest, now in _stand(session, sorted(versions), actor):
        id, planned = article.id, plan(edit, now, key)
        if not planned.after and not edit.archive:
            continue
        try:
            if article.version != versions[id]:
                raise StaleVersion("It was changed after the preview.")
            if reason := _refusal(article, newest, planned, edit, actor):
                raise Conflict(reason)
            was_shown = is_published(article)
            with session.begin_nested():
                changes.append(_change(session, id, planned.after, edit.archive, catalog, actor))
        except KbError as error:
            refused[id] = error.detail
            continue
        kept[str(id)] = {"fields": planned.before, "was_shown": was_shown, "archived": edit.archive}
    for change in changes:
        kept[str(change.article.id)]["version"] = change.article.version
    refused |= {
        id: "There is no such article." for id in versions if id not in refused and not _is_known(session, id, actor)
    }
    row.before = kept
    session.flush()
    return Done(row, changes, refused)


def _is_known(session: Session, id: int, actor: Actor) -> bool:
    article = session.get(Article, id)
    return article is not None and actor.may_read(article.audience)


def _change(session: Session, id: int, fields: dict[str, Any], archive: bool, catalog: Catalog, actor: Actor) -> Change:
    """Edit one article (what was published stays published), archive it where that is asked."""
    article = get_for_change(session, id, actor)
    change = Change(article)
    if fields:
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
        was_shown, had_draft = is_published(article), newest_revision(session, id).state == "draft"
        if set(given) & REVISION_FIELDS:
            if was_shown and had_draft:
                raise Conflict(WAITING)
            given["significance"] = "minor"
        change = edit_article(session, id, given, catalog, actor)
        if set(given) & REVISION_FIELDS and was_shown:
            change = Change(article, moves.publish(session, id, actor).withdrawn or change.withdrawn)
    if archive:
        change = Change(article, moves.archive(session, id, actor).withdrawn or change.withdrawn)
    audit(session, actor, "bulk", article, fields=sorted(fields))
    return change


def undo(session: Session, id: int, catalog: Catalog, actor: Actor) -> Done:
    """Take a change back where nobody has changed the article since."""
    actor.require(Scope.ARTICLES_WRITE)
    row = session.scalar(select(BulkChange).where(BulkChange.id == id).with_for_update())
    if row is None or (row.actor != actor.id and actor.role is not Role.ADMIN):
        raise NotFound("There is no such change.")
    if row.undone_at is not None:
        raise Conflict("This change has been taken back already.")
    changes: list[Change] = []
    refused: dict[int, str] = {}
    for key, before in row.before.items():
        try:
            with session.begin_nested():
                changes.append(_take_back(session, int(key), before, catalog, actor))
        except KbError as error:
            refused[int(key)] = error.detail
    if row.before and not changes:
        raise NotAllowed("Nothing could be taken back: " + "; ".join(sorted(set(refused.values())))[:400])
    row.undone_at = utcnow()
    session.flush()
    return Done(row, changes, refused)


def _take_back(session: Session, id: int, before: dict[str, Any], catalog: Catalog, actor: Actor) -> Change:
    article = get_for_change(session, id, actor)
    if article.version != before["version"]:
        raise StaleVersion("It was changed since.")
    if before["archived"]:
        moves.restore(session, id, actor)
    change = _change(session, id, before["fields"], False, catalog, actor)
    if before["archived"] and before["was_shown"]:
        change = moves.publish(session, id, actor)
    return change


def list_changes(session: Session, actor: Actor, limit: int = 20) -> list[BulkChange]:
    """The actor's own, newest first."""
    mine = select(BulkChange).where(BulkChange.actor == actor.id)
    return list(session.scalars(mine.order_by(BulkChange.id.desc()).limit(limit)))
