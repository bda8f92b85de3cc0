"""Case rows: queues, cases, their one thread of interactions, articles used, and the session that came along."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class Queue(Base):
    """Where cases wait. ``groups``: who works here besides leads; empty: every agent."""

    __tablename__ = "case_queue"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    groups: Mapped[list[str]]
    response_hours: Mapped[int] = mapped_column(default=8)
    time_zone: Mapped[str] = mapped_column(default="UTC")
    country: Mapped[str] = mapped_column(default="")
    """Whose public holidays are free (ISO 3166); empty: none."""
    frame: Mapped[dict[str, Any]]
    """greeting, closing, signature of replies with placeholders; ``channels``: what differs on a channel."""


class Case(Base):
    """What a customer asks. ``version`` guards concurrent edits (the ETag); the number comes from the id."""

    __tablename__ = "case"
    __table_args__ = (
        Index("ix_case_work", "queue_id", "status", "id"),
        Index("ix_case_customer", "customer_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    description: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(default="new")
    reason: Mapped[str] = mapped_column(default="")
    priority: Mapped[str] = mapped_column(default="normal")
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    queue_id: Mapped[int] = mapped_column(ForeignKey("case_queue.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    channel: Mapped[str]
    product: Mapped[str | None]
    product_version: Mapped[str | None]
    os: Mapped[str | None]
    preferred: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """product, version and os that only prefer: remembered from the visit, not stated."""
    category: Mapped[str] = mapped_column(default="")
    tags: Mapped[list[str]]
    fields: Mapped[dict[str, Any]]
    token: Mapped[str] = mapped_column(unique=True)
    """Random; threads a mail that lost its references."""
    due_at: Mapped[datetime | None]
    due_left_seconds: Mapped[int | None]
    """Business time left when the clock was stopped."""
    waiting_since: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    """Solved or closed since."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    __mapper_args__ = {"version_id_col": version}

    @property
    def number(self) -> str:
        """C-000123: what people call it."""
        return f"C-{self.id:06d}"


class Interaction(Base):
    """One message, note or event of a case. (channel, external_id) recognises a message that comes again."""

    __tablename__ = "interaction"
    __table_args__ = (UniqueConstraint("channel", "external_id"), Index("ix_interaction_case", "case_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    kind: Mapped[str]
    """message, note or event."""
    direction: Mapped[str]
    """in (from the customer), out (to the customer) or internal."""
    channel: Mapped[str]
    external_id: Mapped[str | None]
    author: Mapped[str]
    author_name: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(Text)
    quoted: Mapped[str] = mapped_column(Text, default="")
    """What the mail repeated of earlier ones; folded away."""
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    shown_at: Mapped[datetime | None]
    """The customer sees it from then on; until then it can be taken back. None: at once."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class CaseArticle(Base):
    """An article linked to or sent in a case: the exact revision, and the search that found it."""

    __tablename__ = "case_article"
    __table_args__ = (UniqueConstraint("case_id", "article_id", "use", "interaction_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    revision: Mapped[int]
    use: Mapped[str]
    """linked, or sent as link, passage or rendering."""
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"))
    """The reply that it was sent with."""
    query_id: Mapped[str | None]
    rank: Mapped[int | None]
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class PortalSession(Base):
    """The self-service session that a case came out of, copied when it was handed over."""

    __tablename__ = "portal_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), unique=True)
    started_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class SessionEvent(Base):
    """One step of such a session: searched, read (how long), voted."""

    __tablename__ = "session_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_session_id: Mapped[int] = mapped_column(ForeignKey("portal_session.id"), index=True)
    kind: Mapped[str]
    """searched, answered, read, helped or did_not_help."""
    text: Mapped[str] = mapped_column(Text, default="")
    article_id: Mapped[int | None]
    dwell_seconds: Mapped[int | None]
    detail: Mapped[dict[str, Any]]
    happened_at: Mapped[datetime]


class OutgoingMail(Base):
    """A mail that must leave once. Its Message-ID is fixed here, before anything is sent."""

    __tablename__ = "outgoing_mail"
    __table_args__ = (Index("ix_outgoing_mail_due", "state", "send_after"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"), unique=True)
    kind: Mapped[str]
    """reply, receipt, notice, question or sign_in."""
    message_id: Mapped[str] = mapped_column(unique=True)
    in_reply_to: Mapped[str] = mapped_column(default="")
    references: Mapped[str] = mapped_column(Text, default="")
    to_address: Mapped[str]
    to_name: Mapped[str] = mapped_column(default="")
    subject: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(default="waiting")
    """waiting, sending, sent, failed or taken_back."""
    send_after: Mapped[datetime] = mapped_column(default=utcnow)
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    sent_at: Mapped[datetime | None]


class SolvedAnswer(Base):
    """What the customer said to "Did this solve it?" under a reply; the last word counts."""

    __tablename__ = "solved_answer"

    interaction_id: Mapped[int] = mapped_column(ForeignKey("interaction.id"), primary_key=True)
    is_solved: Mapped[bool]
    words: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Snippet(Base):
    """A text for what is no answer ("please send the log"), with the same placeholders as a frame."""

    __tablename__ = "snippet"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(unique=True)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
