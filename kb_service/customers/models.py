"""Customer rows: people, their organisations, identities per channel, and what they own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb_service.db.base import Base, utcnow


class Organisation(Base):
    """A company that customers belong to."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Customer(Base):
    """A person. ``sees_organisation``: may read the cases of colleagues at the same organisation."""

    __tablename__ = "customer"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="", index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    sees_organisation: Mapped[bool] = mapped_column(default=False)
    preferred_channel: Mapped[str] = mapped_column(default="email")
    language: Mapped[str] = mapped_column(default="en")
    segment: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    __mapper_args__ = {"version_id_col": version}


class CustomerIdentity(Base):
    """How a customer is known on a channel: an address, a number, a handle. Nobody shares one."""

    __tablename__ = "customer_identity"
    __table_args__ = (UniqueConstraint("channel", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    channel: Mapped[str]
    value: Mapped[str]


class Entitlement(Base):
    """A product that a customer owns. It prefers in search, and never filters by itself."""

    __tablename__ = "entitlement"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    product: Mapped[str]
    product_version: Mapped[str | None]
    os: Mapped[str | None]
