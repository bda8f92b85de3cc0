"""The loop from what readers say to what authors do: run every few seconds, and after a publication at once.

Invariants: a vote alone is a count, not a task; each word to the author is in exactly one task; what a newer revision
answers is closed.
"""

from __future__ import annotations

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from kb_service.articles.models import Article, Feedback, Revision
from kb_service.articles.repository import find_revision
from kb_service.authoring.due import is_clearly_worse
from kb_service.authoring.models import AuthorTask, TaskReport
from kb_service.authoring.notifications import notify
from kb_service.authoring.tasks import FEEDBACK, REVIEW, Report, close, report

BATCH = 200


def settle(session: Session, least_votes: int) -> str:
    """Everything that is due; one line about what was done."""
    closed, opened = close_answered(session), open_for_words(session) + open_for_votes(session, least_votes)
    return f"closed {closed}, opened {opened}"


def close_answered(session: Session, article_id: int | None = None) -> int:
    """Close what a newer revision answers, what was approved, and what is archived."""
    statement = (
        select(AuthorTask, Article, Revision)
        .join(Article, Article.id == AuthorTask.article_id)
        .outerjoin(Revision, Revision.id == Article.published_revision_id)
        .where(AuthorTask.closed_at.is_(None))
        .with_for_update(of=AuthorTask, skip_locked=True)
    )
    if article_id is not None:
        statement = statement.where(AuthorTask.article_id == article_id)
    count = 0
    for task, article, shown in session.execute(statement).all():
        outcome = _outcome(task, article, shown)
        if outcome:
            by = shown.author if shown and task.kind == FEEDBACK else ""  # who mended it knows
            close(session, task, article, outcome, by)
            count += 1
    return count


def _outcome(task: AuthorTask, article: Article, shown: Revision | None) -> str:
    if article.archived_at is not None:
        return "archived"
    if shown is None:
        return ""
    if task.kind == FEEDBACK and shown.number > task.revision_number:
        return "revised"
    return "approved" if task.kind == REVIEW and shown.number >= task.revision_number else ""


def open_for_words(session: Session) -> int:
    """A task for every word to the author that is in none yet, unless the revision has been replaced."""
    known = select(TaskReport.id).where(TaskReport.feedback_id == Feedback.id)
    rows = session.scalars(
        select(Feedback).where(Feedback.words.is_not(None), ~known.exists()).order_by(Feedback.id).limit(BATCH)
    )
    count = 0
    for row in rows.all():
        article = session.get(Article, row.article_id)
        revision = find_revision(session, row.article_id, row.revision_number)
        if article is None or revision is None:
            continue
        task = report(session, article, revision, Report("words", "", row.reason, row.words, row.id))
        notify(session, [task.owner], "words", article)
        count += 1
    return count


def open_for_votes(session: Session, least: int) -> int:
    """A task for each published revision whose share of "no" is clearly above the base's."""
    no = func.sum(case((Feedback.is_helpful, 0), else_=1))
    all_no, all_votes = session.execute(select(no, func.count(Feedback.id))).one()
    if not all_votes:
        return 0
    statement = (
        select(Feedback.article_id, Feedback.revision_number, no, func.count(Feedback.id))
        .join(Article, Article.id == Feedback.article_id)
        .join(Revision, Revision.id == Article.published_revision_id)
        .where(Revision.number == Feedback.revision_number)
        .group_by(Feedback.article_id, Feedback.revision_number)
        .having(func.count(Feedback.id) >= least)
    )
    count = 0
    for article_id, number, against, total in session.execute(statement).all():
        if is_clearly_worse(int(against), int(total), int(all_no) / int(all_votes), least):
            count += _report_votes(session, article_id, number, f"{against}/{total}")
    return count


def _report_votes(session: Session, article_id: int, number: int, counted: str) -> int:
    known = select(TaskReport.id).join(AuthorTask, AuthorTask.id == TaskReport.task_id)
    about = (AuthorTask.article_id == article_id, AuthorTask.revision_number == number, TaskReport.kind == "votes")
    if session.scalar(known.where(*about).limit(1)) is not None:
        return 0
    article, revision = session.get_one(Article, article_id), find_revision(session, article_id, number)
    if revision is None:
        return 0
    task = report(session, article, revision, Report("votes", words=counted))
    notify(session, [task.owner], "votes", article, counted=counted)
    return 1
