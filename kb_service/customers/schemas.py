"""What the endpoints of customers take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kb_service.text import Line

IdentityChannel = Literal["email", "phone", "chat", "social"]
ShortLine = Annotated[Line, StringConstraints(strip_whitespace=True, max_length=200)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Identity(_In):
    """How somebody is known on a channel."""

    channel: IdentityChannel
    value: Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]


class Owned(_In):
    """A product that a customer owns, by name, alias or slug."""

    product: ShortLine
    version: ShortLine | None = None
    os: ShortLine | None = None


class CustomerIn(_In):
    """A new customer."""

    name: ShortLine = ""
    organisation: ShortLine | None = None
    identities: Annotated[list[Identity], Field(max_length=20)] = []
    entitlements: Annotated[list[Owned], Field(max_length=100)] = []
    preferred_channel: IdentityChannel = "email"
    language: Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")] = "en"
    segment: ShortLine = ""
    sees_organisation: bool = False


class CustomerPatch(_In):
    """What to change of a customer; what is not given stays."""

    name: ShortLine | None = None
    preferred_channel: IdentityChannel | None = None
    segment: ShortLine | None = None
    sees_organisation: bool | None = None


class CustomerOut(BaseModel):
    """A customer with identities and entitlements (catalogue slugs and paths)."""

    id: int
    name: str
    organisation: str | None
    identities: list[Identity]
    entitlements: list[Owned]
    preferred_channel: str
    language: str
    segment: str
    sees_organisation: bool
    version: int
    created_at: datetime


class CustomerList(BaseModel):
    """Customers, the newest first."""

    items: list[CustomerOut]
