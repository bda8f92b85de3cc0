"""Proposed applicability of imported articles."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class ApplicabilityProposal(Base):
    """A product proposed for an article that applies to everything. ``state``: open, accepted, rejected."""

    __tablename__ = "applicability_proposal"
    __table_args__ = (Index("ix_applicability_proposal_group", "state", "product", "evidence"),)

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    product: Mapped[str]
    evidence: Mapped[str]
    """What named the product: "title, section, text". With the product it makes the group."""
    margin: Mapped[float]
    reasons: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(default="open")
    decided_by: Mapped[str] = mapped_column(default="")
    proposed_at: Mapped[datetime] = mapped_column(default=utcnow)
