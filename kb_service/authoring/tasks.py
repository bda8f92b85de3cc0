"""Tasks about articles: what readers and agents report, and what waits for a review.

Invariants: at most one feedback task is open for a revision, whoever reports and however often; words are read by
authors alone; a task ends with the next revision (or with somebody's word), and who reported it is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from kb_service.articles.access import get_known
from kb_service.articles.inputs import REASONS
from kb_service.articles.models import Article, Revision
from kb_service.articles.recording import audit
from kb_service.articles.repository import is_readable, newest_revision
from kb_service.articles.views import shown_revision
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.due import next_working_day
from kb_service.authoring.models import AuthorTask, TaskReport
from kb_service.authoring.notifications import notify
from kb_service.db.base import utcnow
from kb_service.db.once import insert_once
from kb_service.errors import Conflict, InvalidInput, NotFound
from kb_service.text import clean_text

FEEDBACK, REVIEW = "feedback", "review"
KINDS = (FEEDBACK, REVIEW)


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody says about a revision. ``kind``: flag, words, votes or review."""

    kind: str
    reporter: str = ""
    reason: str | None = None
    words: str | None = None
    feedback_id: int | None = None


def report(session: Session, article: Article, revision: Revision, said: Report, kind: str = FEEDBACK) -> AuthorTask:
    """Add a report to the revision's open task, made when there is none."""
    key = f"{kind}:{revision.number}"
    insert_once(
        session, AuthorTask, ["article_id", "open_key"],
        article_id=article.id, open_key=key, kind=kind, revision_number=revision.number,
        owner=owner_of(article, revision), due_at=next_working_day(utcnow()), opened_at=utcnow(),
    )  # fmt: skip
    task = session.scalars(
        select(AuthorTask).where(AuthorTask.article_id == article.id, AuthorTask.open_key == key)
    ).one()
    session.add(
        TaskReport(
            task_id=task.id, kind=said.kind, reporter=said.reporter, reason=said.reason, words=said.words,
            feedback_id=said.feedback_id,
        )
    )  # fmt: skip
    session.flush()
    return task


def owner_of(article: Article, revision: Revision) -> str:
    """Whose task it is: the article's owner, else who wrote the revision; empty: whoever takes it."""
    people = [name for name in (article.owner, revision.author) if name.partition(":")[0] in ("user", "key")]
    return people[0] if people else ""


def flag(session: Session, reference: int | str, reason: str, words: str, actor: Actor) -> AuthorTask:
    """An agent's word that something is wrong: a task at once."""
    actor.require(Scope.ARTICLES_PROPOSE)
    article = get_known(session, reference, actor)
    if reason not in REASONS:
        raise InvalidInput(f"One of {', '.join(REASONS)}.", "/reason")
    said = Report("flag", actor.id, reason, clean_text(words, "/words", longest=4000) or None)
    task = report(session, article, shown_revision(session, article), said)
    if task.owner != actor.id:
        notify(session, [task.owner], "flagged", article, reason=reason)
    audit(session, actor, "flag", article, reason=reason)
    return task


def request_review(session: Session, reference: int | str, note: str, actor: Actor) -> AuthorTask:
    """Ask that somebody else looks at the newest draft and publishes it."""
    actor.require(Scope.ARTICLES_WRITE)
    article = get_known(session, reference, actor)
    newest = newest_revision(session, article.id)
    if newest.state != "draft" or article.archived_at is not None:
        raise Conflict("Nothing waits to be reviewed: its newest revision is published. Edit it first.")
    said = Report("review", actor.id, None, clean_text(note, "/note", longest=2000) or None)
    task = report(session, article, newest, said, REVIEW)
    task.owner = ""
    audit(session, actor, "request_review", article, revision=newest.number)
    return task


def list_tasks(
    session: Session, actor: Actor, *, kind: str = "", mine: bool = False, limit: int = 100
) -> list[tuple[AuthorTask, Article]]:
    """Open tasks that the actor may know of, due first. Those whose revision is not the newest any more are over."""
    conditions: list[ColumnElement[bool]] = [is_open(), is_readable(actor.audiences)]
    if kind:
        conditions.append(AuthorTask.kind == kind)
    if mine:
        conditions.append(AuthorTask.owner == actor.id)
    statement = select(AuthorTask, Article).join(Article, Article.id == AuthorTask.article_id)
    statement = statement.outerjoin(Revision, Revision.id == Article.published_revision_id)
    rows = session.execute(statement.where(*conditions).order_by(AuthorTask.due_at, AuthorTask.id).limit(limit))
    return [(task, article) for task, article in rows]


def is_open() -> ColumnElement[bool]:
    """SQL over task, article and published revision: still to do, even if `settle` has not come by yet."""
    feedback = and_(
        AuthorTask.kind == FEEDBACK, or_(Revision.id.is_(None), Revision.number <= AuthorTask.revision_number)
    )
    review = and_(AuthorTask.kind == REVIEW, or_(Revision.id.is_(None), Revision.number < AuthorTask.revision_number))
    return and_(AuthorTask.closed_at.is_(None), Article.archived_at.is_(None), or_(feedback, review))


def reports_of(session: Session, tasks: list[AuthorTask]) -> dict[int, list[TaskReport]]:
    """What was said, by task, in one query."""
    found: dict[int, list[TaskReport]] = {task.id: [] for task in tasks}
    rows = session.scalars(select(TaskReport).where(TaskReport.task_id.in_(found)).order_by(TaskReport.id))
    for row in rows:
        found[row.task_id].append(row)
    return found


def get_task(session: Session, task_id: int, actor: Actor) -> tuple[AuthorTask, Article]:
    """An open task, its row locked. Raises NotFound."""
    actor.require(Scope.ARTICLES_WRITE)
    task = session.scalar(select(AuthorTask).where(AuthorTask.id == task_id).with_for_update())
    article = session.get(Article, task.article_id) if task else None
    if task is None or article is None or not actor.may_read(article.audience):
        raise NotFound("There is no such task.")
    return task, article


def take(session: Session, task_id: int, actor: Actor) -> AuthorTask:
    """Make it one's own."""
    task, _ = get_task(session, task_id, actor)
    task.owner = actor.id
    session.flush()
    return task


def dismiss(session: Session, task_id: int, note: str, actor: Actor) -> AuthorTask:
    """Close it without a change; who reported it hears why."""
    task, article = get_task(session, task_id, actor)
    if task.closed_at is not None:
        raise Conflict("This task is closed already.")
    note = clean_text(note, "/note", longest=2000)
    close(session, task, article, "dismissed", actor.id, note)
    audit(session, actor, "dismiss_task", article, task=task.id)
    return task


def close(session: Session, task: AuthorTask, article: Article, outcome: str, by: str, note: str = "") -> None:
    """End a task and tell those who reported."""
    task.closed_at, task.closed_by, task.outcome, task.open_key = utcnow(), by, outcome, None
    told = {row.reporter for row in reports_of(session, [task])[task.id]} - {by}
    notify(session, told, f"{task.kind}_{outcome}", article, note=note)
