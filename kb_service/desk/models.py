"""Rows of the desk: saved views, who is away, who works on what now, cases put off, colleagues called, "not this"."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class SavedView(Base):
    """A list of cases that somebody keeps: a name and what the cases have in common."""

    __tablename__ = "desk_view"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    wanted: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Colleague(Base):
    """Whether somebody is away. No row: present."""

    __tablename__ = "desk_colleague"

    actor: Mapped[str] = mapped_column(primary_key=True)
    is_away: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)


class Presence(Base):
    """Somebody looks at a case or replies to it; true for a few seconds after ``seen_at``."""

    __tablename__ = "desk_presence"

    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    actor: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    doing: Mapped[str]
    """looking or replying."""
    seen_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)


class Snooze(Base):
    """A case that somebody put off until a moment; it is out of their views until then, or until the customer writes."""

    __tablename__ = "desk_snooze"

    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    actor: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class Mention(Base):
    """A colleague called into a case by a note."""

    __tablename__ = "desk_mention"
    __table_args__ = (UniqueConstraint("interaction_id", "actor"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    interaction_id: Mapped[int] = mapped_column(ForeignKey("interaction.id"))
    actor: Mapped[str] = mapped_column(index=True)
    by_name: Mapped[str]
    seen_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class NotThis(Base):
    """An article that somebody said does not answer this case."""

    __tablename__ = "desk_not_this"

    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
