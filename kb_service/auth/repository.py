"""Queries over users, keys and browser sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from kb_service.auth.actors import Role
from kb_service.auth.models import ApiKey, BrowserSession, User


def get_user(session: Session, user_id: int) -> User | None:
    """One user by id."""
    return session.get(User, user_id)


def find_user(session: Session, email: str) -> User | None:
    """One user by e-mail address, whatever its case."""
    return session.scalar(select(User).where(User.email == email.strip().casefold()))


def list_users(session: Session) -> list[User]:
    """All users, by address."""
    return list(session.scalars(select(User).order_by(User.email)))


def lock_admins(session: Session) -> list[User]:
    """All admins, held until the transaction ends: two who leave at once see each other go."""
    admins = select(User).where(User.role == Role.ADMIN.value).order_by(User.id).with_for_update()
    return list(session.scalars(admins.execution_options(populate_existing=True)))


def list_keys(session: Session) -> list[ApiKey]:
    """All keys, the newest first, revoked ones too."""
    return list(session.scalars(select(ApiKey).order_by(ApiKey.id.desc())))


def find_key(session: Session, key_hash: str, now: datetime) -> ApiKey | None:
    """A key that is neither revoked nor expired, by its hash."""
    live = (ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now))
    return session.scalar(select(ApiKey).where(ApiKey.hash == key_hash, *live))


def list_origins(session: Session, now: datetime) -> frozenset[str]:
    """Origins allowed by any live publishable key."""
    live = (ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now))
    rows = session.scalars(select(ApiKey.origins).where(ApiKey.is_publishable, *live))
    return frozenset(origin for origins in rows for origin in origins)


def find_session(session: Session, token_hash: str, now: datetime) -> tuple[BrowserSession, User | None] | None:
    """A live browser session and its user, unless that one is disabled; a customer's session has no user."""
    is_known = or_(BrowserSession.customer_id.is_not(None), and_(User.id.is_not(None), User.disabled_at.is_(None)))
    row = session.execute(
        select(BrowserSession, User)
        .outerjoin(User, User.id == BrowserSession.user_id)
        .where(BrowserSession.token_hash == token_hash, BrowserSession.expires_at > now, is_known)
    ).first()
    return (row[0], row[1]) if row else None


def extend_session(session: Session, token_hash: str, expires_at: datetime) -> None:
    """Move a session's end."""
    session.execute(update(BrowserSession).where(BrowserSession.token_hash == token_hash).values(expires_at=expires_at))


def delete_session(session: Session, token_hash: str) -> None:
    """End one browser session."""
    session.execute(delete(BrowserSession).where(BrowserSession.token_hash == token_hash))


def delete_sessions_of(session: Session, user_id: int) -> None:
    """End every browser session of a user."""
    session.execute(delete(BrowserSession).where(BrowserSession.user_id == user_id))


def delete_expired_sessions(session: Session, now: datetime) -> int:
    """Remove sessions that have ended; returns how many."""
    result = session.execute(delete(BrowserSession).where(BrowserSession.expires_at <= now))
    return int(getattr(result, "rowcount", 0))
