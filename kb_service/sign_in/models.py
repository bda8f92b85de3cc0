"""What signing in without a password keeps."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class SignInLink(Base):
    """A link that somebody asked for, whether or not we know the address. The mail holds a random token, the row its SHA-256."""

    __tablename__ = "sign_in_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(index=True)
    next_path: Mapped[str]
    """Where to go afterwards."""
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    decided_at: Mapped[datetime | None] = mapped_column(index=True)
    """When it was mailed, or found to be for nobody."""
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
