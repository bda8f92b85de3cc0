"""Who may come in: users, API keys, browser sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class User(Base):
    """A person who signs in. ``groups`` are further audience keys ("partner", "payroll")."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    role: Mapped[str]
    groups: Mapped[list[str]]
    password_hash: Mapped[str]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class ApiKey(Base):
    """A machine's key. Only its SHA-256 is kept; ``prefix`` recognises it. Publishable keys are for widgets."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    groups: Mapped[list[str]]
    scopes: Mapped[list[str]]
    is_publishable: Mapped[bool] = mapped_column(default=False)
    origins: Mapped[list[str]]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class BrowserSession(Base):
    """A signed-in browser: a user's, or a customer's who has no account. The cookie holds a random token, the row its SHA-256."""

    __tablename__ = "browser_session"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    name: Mapped[str] = mapped_column(default="", server_default="")
    reads: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """What a customer without an account may read beside what is public, as it was at the sign-in."""
    csrf_token: Mapped[str]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
