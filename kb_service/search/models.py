"""Search rows: the query log and its events (UBI 1.3 shape), curation, and the site notice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class QueryLogRow(Base):
    """One question on any path: text cut and masked, context, what was answered and how long it took."""

    __tablename__ = "query_log"
    __table_args__ = (Index("ix_query_log_session", "session_id", "created_at"),)

    query_id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    channel: Mapped[str]
    kind: Mapped[str]
    """search, answer, suggest or browse."""
    role: Mapped[str]
    session_id: Mapped[str | None]
    text: Mapped[str] = mapped_column(Text)
    context: Mapped[dict[str, Any]]
    total: Mapped[int]
    outcome: Mapped[str]
    """hits, no_answer, empty or error."""
    article_ids: Mapped[list[Any]]
    degraded: Mapped[list[str]]
    took_ms: Mapped[float]


class QueryEvent(Base):
    """What a person did with an answer: click, helpful, not_helpful, copied, solved …"""

    __tablename__ = "query_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    query_id: Mapped[str | None] = mapped_column(index=True)
    session_id: Mapped[str | None]
    action: Mapped[str]
    article_id: Mapped[int | None] = mapped_column(index=True)
    rank: Mapped[int | None]
    channel: Mapped[str]
    attributes: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Pin(Base):
    """An article pinned first for a phrase, within a context and dates."""

    __tablename__ = "pin"

    id: Mapped[int] = mapped_column(primary_key=True)
    phrase: Mapped[str]
    folded: Mapped[str] = mapped_column(index=True)
    article_id: Mapped[int]
    product: Mapped[str | None]
    versions: Mapped[str | None]
    """A canonical range of the product's versions."""
    os: Mapped[str | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    created_by: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class SynonymSet(Base):
    """Words that mean the same here, approved by a person; scoped to a context when one is given."""

    __tablename__ = "synonym_set"

    id: Mapped[int] = mapped_column(primary_key=True)
    terms: Mapped[list[str]]
    product: Mapped[str | None]
    versions: Mapped[str | None]
    """A canonical range of the product's versions."""
    os: Mapped[str | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    created_by: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class ArticleWord(Base):
    """A word of a published article's title, keywords or issue: what the database can search by (article_words.py)."""

    __tablename__ = "article_word"
    __table_args__ = (Index("ix_article_word_article_id", "article_id"), {"sqlite_with_rowid": False})

    word: Mapped[str] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    weight: Mapped[int]


class WordedArticle(Base):
    """Of which revision an article's words are; a search believes only those of the published one."""

    __tablename__ = "worded_article"

    article_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision_id: Mapped[int]


class SiteState(Base):
    """Small things that an admin sets on a page: the notice, the floor of no-answer."""

    __tablename__ = "site_state"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
