"""Catalogue rows: what articles can be for (products, releases, operating systems) and about (topics)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb_service.db.base import Base, utcnow


class Product(Base):
    """A product. ``slug`` never changes (signatures carry it); ``name`` may."""

    __tablename__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    releases: Mapped[list[Release]] = relationship(
        order_by="Release.position", cascade="all, delete-orphan", back_populates="product"
    )

    __mapper_args__ = {"version_id_col": version}


class Release(Base):
    """A known release of a product; versions not listed here are compared all the same."""

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("product_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    version: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    is_named: Mapped[bool] = mapped_column(default=False)
    """A name, equal or not, never ordered ("365", "Subscription Edition")."""
    released_on: Mapped[date | None]
    added_at: Mapped[datetime | None] = mapped_column(default=utcnow)
    """When it became known here."""
    position: Mapped[int] = mapped_column(default=0)

    product: Mapped[Product] = relationship(back_populates="releases")


class OperatingSystem(Base):
    """A node of the operating system tree; ``path`` joins the slugs from the root ("windows/11")."""

    __tablename__ = "operating_system"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)


class Alias(Base):
    """Another way to write a catalogue entry: kind product, release ("gateway:10.2") or os, to its target."""

    __tablename__ = "alias"
    __table_args__ = (UniqueConstraint("kind", "folded", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    text: Mapped[str]
    folded: Mapped[str] = mapped_column(index=True)
    target: Mapped[str]


class Topic(Base):
    """A node of the topic tree; ``path`` joins the slugs ("networking/vpn")."""

    __tablename__ = "topic"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)


class CatalogState(Base):
    """One row (id 1): ``revision`` rises with every change of the catalogue, so that cached views notice."""

    __tablename__ = "catalog_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(default=0)
