"""Bookmark rows: sets, what stands in them in order, and who follows them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class BookmarkSet(Base):
    """An ordered set of articles. ``version`` guards concurrent edits (the ETag)."""

    __tablename__ = "bookmark_set"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(index=True)
    """personal, team or starter."""
    owner: Mapped[str] = mapped_column(index=True)
    """The actor who made it; a personal set is changed by nobody else."""
    owner_name: Mapped[str] = mapped_column(default="")
    team: Mapped[str] = mapped_column(default="")
    """Whose a team's set is, or with whom a personal one is shared: a group; "agents": every agent; "": nobody."""
    product: Mapped[str | None]
    product_version: Mapped[str | None]
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    __mapper_args__ = {"version_id_col": version}


class Bookmark(Base):
    """One article in a set. ``revision``: what stood there when somebody last looked and kept it."""

    __tablename__ = "bookmark"
    __table_args__ = (UniqueConstraint("set_id", "article_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("bookmark_set.id"), index=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    place: Mapped[int]
    note: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int]
    added_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class BookmarkSubscription(Base):
    """Somebody who follows another's set: it stands beside their own."""

    __tablename__ = "bookmark_subscription"
    __table_args__ = (UniqueConstraint("set_id", "subscriber"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("bookmark_set.id"), index=True)
    subscriber: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
