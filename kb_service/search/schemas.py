"""What search accepts and answers over HTTP. The answers' shapes are the dataclasses of request.py."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from kb_service.auth.actors import Actor
from kb_service.catalog.vocabulary import Catalog, Pointers
from kb_service.search.request import SearchOptions, SearchRequest

Name = Annotated[str, Field(max_length=200)]
Channel = Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z0-9_-]*$")]
SessionId = Annotated[str, Field(max_length=80, pattern=r"^[A-Za-z0-9_-]+$")]
Language = Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]

_INFERRED = Pointers("/inferred/product", "/inferred/version", "/inferred/os")
_STATED = Pointers("/context/product", "/context/version", "/context/os")


class ContextBody(BaseModel):
    """Product, version and operating system, each by name, alias or slug."""

    model_config = ConfigDict(extra="forbid")

    product: Name | None = None
    version: Name | None = None
    os: Name | None = None


class QuestionBody(BaseModel):
    """A question. ``context`` filters (stated); ``inferred`` only prefers."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"query": "vpn drops after sleep", "context": {"product": "Harbour Gateway", "version": "11.2"}}
            ]
        },
    )

    query: str = Field(max_length=100_000, description="Any text: words, a sentence, an error code, a whole e-mail.")
    context: ContextBody = ContextBody()
    inferred: ContextBody = ContextBody()
    channel: Channel = "api"
    session_id: SessionId | None = None
    language: Language | None = None
    types: list[Name] = Field(default=[], max_length=20)
    topics: list[Name] = Field(default=[], max_length=20)


class SearchBody(QuestionBody):
    """A search."""

    limit: int = Field(default=10, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=8000)
    why: bool = Field(default=False, description="Explain each hit's place.")
    chips: bool = Field(default=False, description="Count what each stated axis hides.")
    correct_spelling: bool = True
    signals: Literal["on", "off"] = Field(default="on", description="off: by words and meaning alone.")


class EventBody(BaseModel):
    """What a person did with an answer."""

    model_config = ConfigDict(extra="forbid")

    action: Literal[
        "click", "view", "helpful", "not_helpful", "copied", "solved", "escalated", "clarified", "dismissed"
    ]
    query_id: str | None = Field(default=None, max_length=40)
    article: int | None = Field(default=None, ge=1, le=2**31 - 1)
    rank: int | None = Field(default=None, ge=1, le=1000)
    session_id: SessionId | None = None
    channel: Channel = "api"
    attributes: dict[str, str | int | bool | None] = Field(default={}, max_length=20)


def question(body: QuestionBody, actor: Actor, catalog: Catalog, **more: Any) -> SearchRequest:
    """The frozen request of a body; names resolved. Raises InvalidInput, UnknownCatalogEntry."""
    return SearchRequest(
        query=body.query,
        stated=catalog.resolve_context(body.context.product, body.context.version, body.context.os, _STATED),
        inferred=catalog.resolve_context(body.inferred.product, body.inferred.version, body.inferred.os, _INFERRED),
        actor=actor,
        channel=body.channel,
        session_id=body.session_id,
        language=body.language,
        types=frozenset(body.types),
        topics=frozenset(catalog.resolve_topic(t, f"/topics/{i}") for i, t in enumerate(body.topics)),
        **more,
    )


def search_request(body: SearchBody, actor: Actor, catalog: Catalog) -> SearchRequest:
    """The frozen request of a search body."""
    options = SearchOptions(
        why=body.why, chips=body.chips, correct_spelling=body.correct_spelling, signals=body.signals == "on"
    )
    return question(body, actor, catalog, limit=body.limit, cursor=body.cursor, options=options)


def to_dict(value: Any) -> dict[str, Any]:
    """A response dataclass as the API writes it."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(value))
    return found
