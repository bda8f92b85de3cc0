"""Moves that wait for their time. A move is made by whoever set it, with the rights that they hold then.

Invariants: one waiting move of a kind for an article; a publication publishes the revision for which it was set, or
nothing; a move that cannot be made says so to who set it, and is not tried again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.articles import moves
from kb_service.articles.access import get_for_change
from kb_service.articles.models import Article
from kb_service.articles.recording import audit
from kb_service.articles.repository import newest_revision
from kb_service.auth.actors import Actor, Role, Scope, actor_for
from kb_service.auth.models import ApiKey, User
from kb_service.auth.service import actor_of_key
from kb_service.authoring.models import ScheduledMove
from kb_service.authoring.notifications import notify
from kb_service.db.base import utcnow
from kb_service.errors import Conflict, InvalidInput, KbError, NotFound

PUBLISH, ARCHIVE = "publish", "archive"
MOVES = (PUBLISH, ARCHIVE)
BATCH = 50


def schedule(session: Session, reference: int | str, move: str, due_at: datetime, actor: Actor) -> ScheduledMove:
    """Set a move, in the place of one of its kind that waits."""
    article = get_for_change(session, reference, actor)
    if due_at <= utcnow():
        raise InvalidInput("Choose a time to come; what shall happen now needs no schedule.", "/due_at")
    newest = newest_revision(session, article.id)
    if article.archived_at is not None:
        raise Conflict("It is archived. Possible now: restore.")
    if move == PUBLISH and newest.state != "draft":
        raise Conflict("Its newest revision is published already; edit it first.")
    if move == ARCHIVE:
        actor.require(Scope.ARTICLES_PUBLISH)
    row = session.scalar(
        select(ScheduledMove).where(ScheduledMove.article_id == article.id, ScheduledMove.open_key == move)
    )
    if row is None:
        row = ScheduledMove(article_id=article.id, move=move, open_key=move, actor=actor.id, scopes=[], due_at=due_at)
        session.add(row)
    row.actor, row.scopes, row.due_at, row.revision_number = actor.id, sorted(actor.scopes), due_at, newest.number
    session.flush()
    audit(session, actor, f"schedule_{move}", article, due_at=due_at.isoformat())
    return row


def waiting(session: Session, article_id: int) -> list[ScheduledMove]:
    """What waits for an article."""
    about = (ScheduledMove.article_id == article_id, ScheduledMove.open_key.is_not(None))
    return list(session.scalars(select(ScheduledMove).where(*about).order_by(ScheduledMove.due_at)))


def cancel(session: Session, reference: int | str, move: str, actor: Actor) -> None:
    """Take a waiting move back."""
    article = get_for_change(session, reference, actor)
    row = next((one for one in waiting(session, article.id) if one.move == move), None)
    if row is None:
        raise NotFound("No such move waits.")
    _end(row, "cancelled")
    audit(session, actor, f"unschedule_{move}", article)
    session.flush()


def run_due(session: Session, now: datetime | None = None) -> int:
    """Make every move whose time has come; how many were made."""
    due = (ScheduledMove.done_at.is_(None), ScheduledMove.due_at <= (now or utcnow()), ScheduledMove.move.in_(MOVES))
    late = select(ScheduledMove).where(*due)
    rows = session.scalars(late.order_by(ScheduledMove.due_at).limit(BATCH).with_for_update(skip_locked=True)).all()
    return sum(_run(session, row) for row in rows)


def _run(session: Session, row: ScheduledMove) -> int:
    article = session.get_one(Article, row.article_id)
    try:
        with session.begin_nested():
            _make(session, row)
        _end(row, "done")
    except KbError as error:
        _end(row, error.detail)
        notify(session, [row.actor], "schedule_refused", article, note=error.detail)
        return 0
    notify(session, [row.actor], f"schedule_{row.move}", article)
    return 1


def _make(session: Session, row: ScheduledMove) -> None:
    actor = actor_again(session, row)
    if row.move == ARCHIVE:
        moves.archive(session, row.article_id, actor)
        return
    newest = newest_revision(session, row.article_id)
    if newest.number != row.revision_number:
        raise Conflict(f"Revision {row.revision_number} was to be published, and there is a newer one now.")
    moves.publish(session, row.article_id, actor)


def actor_again(session: Session, row: ScheduledMove) -> Actor:
    """Who set it, with what they may do today and could do then."""
    kind, _, number = row.actor.partition(":")
    then = {Scope(scope) for scope in row.scopes}
    if kind == "user" and (user := session.get(User, int(number))) is not None and user.disabled_at is None:
        return actor_for(row.actor, user.name, Role(user.role), user.groups, then)
    if kind == "key" and (key := session.get(ApiKey, int(number))) is not None and key.revoked_at is None:
        held = actor_of_key(key)
        return Actor(held.id, held.name, held.role, held.audiences, held.scopes & then)
    raise Conflict("Who set this has no access any more.")


def _end(row: ScheduledMove, outcome: str) -> None:
    row.done_at, row.outcome, row.open_key = utcnow(), outcome[:500], None
