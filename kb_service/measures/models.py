"""What a coach said of the articles of a sampled case."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class LinkJudgement(Base):
    """right, wrong or should_have_had_one; the last word of a coach counts."""

    __tablename__ = "link_judgement"

    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    verdict: Mapped[str]
    judged_by: Mapped[str]
    judged_at: Mapped[datetime] = mapped_column(default=utcnow)
