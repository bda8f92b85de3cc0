"""What the checks keep: pairs of alike articles and what was decided, flawed links, how far the scan is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class DuplicatePair(Base):
    """Two articles that say the same for a common context. ``low_id`` < ``high_id``.

    ``state``: open, or what a person decided: kept, variant, merged. A decision outlives every later scan.
    """

    __tablename__ = "duplicate_pair"
    __table_args__ = (UniqueConstraint("low_id", "high_id"), Index("ix_duplicate_pair_open", "state", "likeness"))

    id: Mapped[int] = mapped_column(primary_key=True)
    low_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    high_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    likeness: Mapped[float]
    detail: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="open")
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    found_at: Mapped[datetime] = mapped_column(default=utcnow)


class DuplicateScan(Base):
    """Which state of an article was last compared with the others."""

    __tablename__ = "duplicate_scan"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    index_version: Mapped[int]


class LinkFinding(Base):
    """A flawed link of a published article, as the last nightly check found it."""

    __tablename__ = "link_finding"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    kind: Mapped[str]
    target: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    found_at: Mapped[datetime] = mapped_column(default=utcnow)
