"""Article rows. An article has identity and standing; its text lives in immutable revisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb_service.db.base import Base, utcnow


class Article(Base):
    """Identity, audience and which revision readers see.

    ``version`` guards concurrent edits (the ETag). ``index_version`` rises, under this row's lock, with
    whatever changes what is indexed. ``published_revision_id`` is null for what outsiders may not see.
    ``applicability_key``, ``title``, ``short_answer`` copy the published revision's (the newest draft's
    while unpublished), so that one set query checks and lists.
    """

    __tablename__ = "article"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_article_published", "published_revision_id", "updated_at"),
        Index("ix_article_updated_at", "updated_at", "id"),
        Index("ix_article_owner", "owner"),
        {"sqlite_autoincrement": True},  # numbers are never reused
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    source: Mapped[str | None]
    external_id: Mapped[str | None]
    import_digest: Mapped[str | None]
    """What the last import brought, as a hash: the same again changes nothing."""
    family_id: Mapped[int] = mapped_column(ForeignKey("family.id"), index=True)
    type: Mapped[str] = mapped_column(default="problem")
    language: Mapped[str] = mapped_column(default="en")
    audience: Mapped[list[str]]
    topics: Mapped[list[str]]
    confidence: Mapped[str] = mapped_column(default="validated")
    governance: Mapped[str] = mapped_column(default="experience")
    owner: Mapped[str] = mapped_column(default="")
    archived_at: Mapped[datetime | None]
    published_revision_id: Mapped[int | None] = mapped_column(ForeignKey("article_revision.id", use_alter=True))
    applicability_key: Mapped[str] = mapped_column(ForeignKey("applicability.key"), index=True)
    title: Mapped[str]
    short_answer: Mapped[str] = mapped_column(default="")
    votes_up: Mapped[int] = mapped_column(default=0)
    votes_down: Mapped[int] = mapped_column(default=0)
    views: Mapped[int] = mapped_column(default=0)
    index_version: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
    published_at: Mapped[datetime | None]

    revisions: Mapped[list[Revision]] = relationship(
        foreign_keys="Revision.article_id", order_by="Revision.number", back_populates="article"
    )
    published_revision: Mapped[Revision | None] = relationship(foreign_keys=[published_revision_id], post_update=True)

    __mapper_args__ = {"version_id_col": version}


class Family(Base):
    """Variants of one topic for different versions or systems. An article alone is a family of one."""

    __tablename__ = "family"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str | None] = mapped_column(unique=True)


class Revision(Base):
    """One immutable text of an article. ``state``: draft, published or superseded."""

    __tablename__ = "article_revision"
    __table_args__ = (
        UniqueConstraint("article_id", "number"),
        Index("ix_article_revision_author", "author", "state"),
        Index("ix_article_revision_state", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(default="draft")
    language: Mapped[str] = mapped_column(default="en")
    title: Mapped[str]
    short_answer: Mapped[str] = mapped_column(default="")
    issue: Mapped[str] = mapped_column(Text, default="")
    environment: Mapped[str] = mapped_column(Text, default="")
    cause: Mapped[str] = mapped_column(Text, default="")
    resolution: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text, default="")
    keywords: Mapped[list[str]]
    applicability_key: Mapped[str] = mapped_column(ForeignKey("applicability.key"))
    significance: Mapped[str] = mapped_column(default="major")
    based_on: Mapped[int | None]
    author: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    published_at: Mapped[datetime | None]

    article: Mapped[Article] = relationship(foreign_keys=[article_id], back_populates="revisions")


class ApplicabilityRow(Base):
    """A distinct applicability: canonical text under its short key. Rows never change."""

    __tablename__ = "applicability"

    key: Mapped[str] = mapped_column(primary_key=True)
    canonical: Mapped[str] = mapped_column(Text)


class Redirect(Base):
    """An old address ("/hc/en-us/articles/123-title") and the article that it leads to."""

    __tablename__ = "redirect"

    path: Mapped[str] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)


class Attachment(Base):
    """A file that an article shows, kept by its hash."""

    __tablename__ = "attachment"
    __table_args__ = (UniqueConstraint("article_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class RenderingOverride(Base):
    """A person's text for one channel. In force while ``digest`` is that of the revision which readers see.

    ``revision_number``: the revision that it was written for or last confirmed on; an empty ``digest`` waits for another
    person's confirmation.
    """

    __tablename__ = "rendering_override"
    __table_args__ = (UniqueConstraint("article_id", "channel"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    channel: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(default="")
    revision_number: Mapped[int]
    digest: Mapped[str] = mapped_column(default="")
    author: Mapped[str] = mapped_column(default="")
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)


class Feedback(Base):
    """The answer to "Did this help?" on a revision: a vote, a reason and words that only authors read."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    revision_number: Mapped[int]
    is_helpful: Mapped[bool]
    reason: Mapped[str | None]
    words: Mapped[str | None] = mapped_column(Text)
    query_id: Mapped[str | None]
    session_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class AuditEvent(Base):
    """Who did what to which thing, and when."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    actor: Mapped[str]
    action: Mapped[str]
    target: Mapped[str] = mapped_column(index=True)
    detail: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class IdempotencyRecord(Base):
    """The answer given to a creating POST, for its Idempotency-Key."""

    __tablename__ = "idempotency_record"

    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
