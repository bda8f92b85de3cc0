"""What the endpoints of users, keys and sessions take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from kb_service.auth.actors import Role, Scope

_TEXT = r"^[^\x00-\x1f\x7f]*$"
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$"),
]
Group = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
Groups = Annotated[list[Group], Field(max_length=50, description="Further audience keys, such as partner.")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120, pattern=_TEXT)]
Password = Annotated[SecretStr, Field(max_length=200)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Credentials(_In):
    """What a person signs in with."""

    email: Annotated[str, Field(max_length=254)]
    password: Password


class UserIn(_In):
    """A new person."""

    email: Email
    name: Name = ""
    role: Role
    groups: Groups = []
    password: Password


class UserOut(_Out):
    """A person who signs in."""

    id: int
    email: str
    name: str
    role: Role
    groups: list[str]
    disabled_at: datetime | None
    created_at: datetime


class KeyIn(_In):
    """A new key. Publishable keys search public articles from the named origins, and nothing else."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=_TEXT)]
    role: Role = Role.CUSTOMER
    groups: Groups = []
    scopes: Annotated[list[Scope], Field(max_length=20, description="Empty: all of the role's.")] = []
    is_publishable: bool = False
    origins: Annotated[
        list[Annotated[str, Field(max_length=300)]],
        Field(max_length=50, description="https://help.example.com; required for publishable keys."),
    ] = []
    expires_at: AwareDatetime | None = None


class KeyOut(_Out):
    """A key as far as it can be shown again."""

    id: int
    name: str
    prefix: str
    role: Role
    groups: list[str]
    scopes: list[str]
    is_publishable: bool
    origins: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


class KeyCreated(KeyOut):
    """A new key; ``key`` is shown this once."""

    key: str


class WidgetTokenIn(_In):
    """For whom a token is fetched, and in which page it will be used."""

    origin: Annotated[str, Field(max_length=300, description="The page's origin: https://crm.example.com.")]
    agent: Annotated[str | None, Field(max_length=300, description="The agent's e-mail address here.")] = None
    minutes: Annotated[int, Field(ge=1, le=60)] = 15


class WidgetTokenOut(BaseModel):
    """A token for the agent's browser; fetch another one before it ends."""

    token: str
    expires_at: datetime


class UserList(BaseModel):
    """All users."""

    users: list[UserOut]


class KeyList(BaseModel):
    """All keys."""

    keys: list[KeyOut]


class Me(BaseModel):
    """Who the caller is. ``csrf_token``: to be sent as X-CSRF-Token with changes made by cookie."""

    id: str
    name: str
    role: Role | None
    audiences: list[str]
    scopes: list[Scope]
    csrf_token: str | None
