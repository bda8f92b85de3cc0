"""Rows of the authors' work. An article's texts and standing stay in `articles`; here is what is done about them.

``open_key`` is unique while something is open and null once it is closed, so that a database allows one open thing of
a kind and any number of closed ones.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class AutosavedDraft(Base):
    """What somebody is writing and has not saved yet. ``base_*``: the article as it was when the writing began."""

    __tablename__ = "autosaved_draft"
    __table_args__ = (UniqueConstraint("owner", "article_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), index=True)
    title: Mapped[str] = mapped_column(default="")
    fields: Mapped[dict[str, Any]]
    base_version: Mapped[int] = mapped_column(default=0)
    base_revision: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    __mapper_args__ = {"version_id_col": version}


class AuthorTask(Base):
    """One thing to do about an article: feedback on a revision, a review, a proposal. ``kind`` says which."""

    __tablename__ = "author_task"
    __table_args__ = (
        UniqueConstraint("article_id", "open_key"),
        Index("ix_author_task_open", "closed_at", "due_at"),
        Index("ix_author_task_owner", "owner", "closed_at", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    kind: Mapped[str]
    revision_number: Mapped[int]
    open_key: Mapped[str | None]
    owner: Mapped[str] = mapped_column(default="")
    due_at: Mapped[datetime]
    opened_at: Mapped[datetime] = mapped_column(default=utcnow)
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    outcome: Mapped[str | None]


class TaskReport(Base):
    """Who said what that belongs to a task. ``email``: left by somebody outside who wants to hear how it ends."""

    __tablename__ = "task_report"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("author_task.id"), index=True)
    kind: Mapped[str]
    """flag, words, votes, review or proposal."""
    reporter: Mapped[str] = mapped_column(default="")
    reason: Mapped[str | None]
    words: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None]
    feedback_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Proposal(Base):
    """A change that somebody without the licence wrote; an author accepts or declines it in one action."""

    __tablename__ = "proposal"
    __table_args__ = (Index("ix_proposal_article_state", "article_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"))
    base_revision: Mapped[int] = mapped_column(default=0)
    fields: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(Text, default="")
    author: Mapped[str]
    state: Mapped[str] = mapped_column(default="open", index=True)
    """open, accepted or declined."""
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Notification(Base):
    """One line for one person, shown on their pages until they have read it."""

    __tablename__ = "notification"
    __table_args__ = (Index("ix_notification_recipient", "recipient", "read_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str]
    kind: Mapped[str]
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"))
    detail: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    read_at: Mapped[datetime | None]


class Reuse(Base):
    """Somebody linked or sent an article: found right, on that revision and day."""

    __tablename__ = "article_reuse"
    __table_args__ = (Index("ix_article_reuse_article", "article_id", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    revision_number: Mapped[int]
    actor: Mapped[str]
    kind: Mapped[str]
    """link or send."""
    case_number: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class ScheduledMove(Base):
    """A move that waits for its time: publish or archive; or a review that is due (nothing moves by itself then)."""

    __tablename__ = "scheduled_move"
    __table_args__ = (
        UniqueConstraint("article_id", "open_key"),
        Index("ix_scheduled_move_due", "done_at", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    move: Mapped[str]
    open_key: Mapped[str | None]
    revision_number: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    actor: Mapped[str]
    scopes: Mapped[list[str]]
    """What the actor was licensed for when setting it."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class ReleaseConfirmation(Base):
    """Somebody found an open-ended article right for a release."""

    __tablename__ = "release_confirmation"
    __table_args__ = (UniqueConstraint("article_id", "product", "release"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    product: Mapped[str]
    release: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class BulkChange(Base):
    """A change of many articles with what stood before, so that it can be undone."""

    __tablename__ = "bulk_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    actor: Mapped[str] = mapped_column(index=True)
    change: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any]]
    """By article id: the version after the change, and the fields as they were."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    undone_at: Mapped[datetime | None]
