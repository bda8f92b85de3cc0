"""Rows of mail that came in, and of the files that came with what was said."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class IncomingMail(Base):
    """A mail that came in, once. ``raw`` (compressed) is kept while the mail is in no case."""

    __tablename__ = "incoming_mail"
    __table_args__ = (Index("ix_incoming_mail_outcome", "outcome", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(unique=True)
    """Its Message-ID, or a hash of what was sent."""
    fingerprint: Mapped[str]
    """Of writer and date: another mail under the same Message-ID is another mail."""
    kind: Mapped[str]
    outcome: Mapped[str] = mapped_column(default="")
    """opened, added, followed_up, noted, set_aside or ours."""
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"), index=True)
    from_address: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    html: Mapped[str] = mapped_column(Text, default="")
    """As it was formatted, made safe."""
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(default=utcnow)


class CaseFile(Base):
    """A file of an interaction."""

    __tablename__ = "case_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    interaction_id: Mapped[int] = mapped_column(ForeignKey("interaction.id"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    content_id: Mapped[str] = mapped_column(default="")
    is_active: Mapped[bool] = mapped_column(default=False)
    """Opening it can run something."""
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
