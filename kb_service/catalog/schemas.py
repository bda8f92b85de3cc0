"""The catalogue on the wire. Requests are strict; responses only ever gain fields."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb_service.text import Block, Line

Name = Annotated[Line, Field(min_length=1, max_length=200)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
Position = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Aliases = Annotated[list[Name], Field(max_length=100)]


class Strict(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class ProductIn(Strict):
    """A new product. Its slug never changes; it is made of the name unless given."""

    name: Name
    slug: Slug | None = None
    description: Annotated[Block, Field(max_length=2000)] = ""
    position: Position = 0
    aliases: Aliases = Field(default_factory=list)


class ProductPatch(Strict):
    """Changes of a product: only what is sent changes."""

    name: Name = ""
    description: Annotated[Block, Field(max_length=2000)] = ""
    position: Position = 0
    aliases: Aliases = Field(default_factory=list)


class ReleaseIn(Strict):
    """A known release. ``is_named``: its version is a name, equal or not, never ordered ("365")."""

    version: Annotated[Line, Field(min_length=1, max_length=100)]
    name: Annotated[Line, Field(max_length=200)] = ""
    is_named: bool = False
    released_on: date | None = None
    aliases: Aliases = Field(default_factory=list)


class NodeIn(Strict):
    """A new operating system or topic beneath ``parent`` (a path)."""

    name: Name
    parent: Annotated[Line, Field(max_length=700)] | None = None
    slug: Slug | None = None
    position: Position = 0
    aliases: Aliases = Field(default_factory=list)


class NodePatch(Strict):
    """Changes of a node: only what is sent changes."""

    name: Name = ""
    position: Position = 0
    aliases: Aliases = Field(default_factory=list)


class ReleaseOut(BaseModel):
    """A known release."""

    version: str
    name: str
    is_named: bool
    released_on: date | None


class ProductOut(BaseModel):
    """A product. ``articles``: published ones that you may read and that name it."""

    slug: str
    name: str
    description: str
    releases: list[ReleaseOut]
    aliases: list[str]
    articles: int = 0


class ProductDetail(ProductOut):
    """A product with the version to send as If-Match."""

    version: int


class NodeOut(BaseModel):
    """A node of a tree. ``articles``: published ones that you may read, here and beneath."""

    path: str
    name: str
    parent: str | None
    aliases: list[str]
    articles: int = 0
