"""Gaps: needs that the knowledge base does not meet, and the questions that show it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class Gap(Base):
    """A need within one product and version ("": asked without). ``state``: watched (too few sessions), open, closed, dismissed.

    ``demand``: distinct sessions or customers whose question was not answered, within the time that questions are kept.
    ``strength`` in [0, 1]: how sure it is one need that is asked for in vain; ``weight``: demand × strength, the order.
    ``turned_at``: when it was last opened or closed; what is asked later decides whether that still holds.
    """

    __tablename__ = "gap"
    __table_args__ = (Index("ix_gap_rank", "state", "weight", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    product: Mapped[str] = mapped_column(default="")
    product_version: Mapped[str] = mapped_column(default="")
    label: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(default="watched")
    demand: Mapped[int] = mapped_column(default=0)
    strength: Mapped[float] = mapped_column(default=0.0)
    weight: Mapped[float] = mapped_column(default=0.0)
    reasons: Mapped[dict[str, Any]]
    draft_article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"))
    times_reopened: Mapped[int] = mapped_column(default=0)
    decided_by: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_at: Mapped[datetime] = mapped_column(default=utcnow)
    turned_at: Mapped[datetime | None]

    __mapper_args__ = {"version_id_col": version}


class GapSighting(Base):
    """One question that belongs to a gap: masked words, what was offered, and whether an answer was taken."""

    __tablename__ = "gap_sighting"
    __table_args__ = (Index("ix_gap_sighting_gap", "gap_id", "seen_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    gap_id: Mapped[int] = mapped_column(ForeignKey("gap.id"))
    reference: Mapped[str] = mapped_column(unique=True)
    """query:… or case:…"""
    asker: Mapped[str]
    """The session or customer; what demand counts."""
    text: Mapped[str] = mapped_column(Text)
    reason: Mapped[str]
    """empty, below_floor, no_click, reformulated, case; or taken: somebody took an answer."""
    os: Mapped[str] = mapped_column(default="")
    offered: Mapped[list[Any]]
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
