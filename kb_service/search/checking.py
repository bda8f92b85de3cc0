"""The check that every candidate passes before anything of it is shown: one set query against the database.

A candidate is authorised when its article is published at exactly the indexed revision and its audience meets the
reader's. (Its applicability was part of the filter, and a changed applicability is another revision.) What fails is
dropped and counted. Only AuthorizedCandidate leaves this module, so a bypass shows in the types.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.engine import Connection

from kb_service.search.fusion import Fused

_COLUMNS = """a.id, r.number, a.audience, a.number, a.family_id, a.type, a.topics, a.votes_up, a.votes_down,
 a.updated_at, a.applicability_key, a.language, r.title"""
_FROM = "FROM article a JOIN article_revision r ON r.id = a.published_revision_id"
_SQLITE = text(f"SELECT {_COLUMNS} {_FROM} WHERE a.archived_at IS NULL AND a.id IN (SELECT value FROM json_each(:ids))")
_OTHER = text(
    f"SELECT {_COLUMNS} {_FROM} WHERE a.archived_at IS NULL AND a.id IN (SELECT value::int FROM json_array_elements_text(:ids))"
)


class ArticleFacts(NamedTuple):
    """What the database says of a published article now."""

    article_id: int
    revision: int
    audience: frozenset[str]
    number: str
    family_id: int
    type: str
    topics: tuple[str, ...]
    votes_up: int
    votes_down: int
    updated_at: str
    key: str
    language: str
    title: str = ""


class AuthorizedCandidate(NamedTuple):
    """A candidate that this reader may see, with what the database knows of it."""

    fused: Fused
    facts: ArticleFacts

    @property
    def family_id(self) -> int:
        """The family now, as the database says."""
        return self.facts.family_id


def read_facts(connection: Connection, article_ids: Sequence[int]) -> dict[int, ArticleFacts]:
    """Facts of the published ones among ``article_ids``, by one query."""
    if not article_ids:
        return {}
    statement = _SQLITE if connection.dialect.name == "sqlite" else _OTHER
    rows = connection.execute(statement, {"ids": json.dumps(list(article_ids))}).fetchall()
    return {row[0]: _facts(row) for row in rows}


def authorise(
    candidates: Sequence[Fused], facts: dict[int, ArticleFacts], audiences: frozenset[str]
) -> tuple[list[AuthorizedCandidate], int]:
    """The candidates that this reader may see, in order, and how many were dropped."""
    passed = [
        AuthorizedCandidate(candidate, fact)
        for candidate in candidates
        if (fact := facts.get(candidate.article_id)) is not None
        and fact.revision == candidate.revision
        and fact.key == candidate.key
        and not fact.audience.isdisjoint(audiences)
    ]
    return passed, len(candidates) - len(passed)


_AUDIENCES: dict[str, frozenset[str]] = {}
_TOPICS: dict[str, tuple[str, ...]] = {}


def _facts(row: Sequence[Any]) -> ArticleFacts:
    article, revision, audience, number, family, type, topics, up, down, updated, key, language, title = row
    return ArticleFacts(
        article, revision, _audience(audience), number, family, type, _topics(topics), up, down, _iso(updated), key,
        language, title,
    )  # fmt: skip


def _audience(value: Any) -> frozenset[str]:
    if not isinstance(value, str):
        return frozenset(value)
    found = _AUDIENCES.get(value)
    if found is None:
        found = _AUDIENCES[value] = frozenset(json.loads(value))
    return found


def _topics(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str):
        return tuple(value)
    found = _TOPICS.get(value)
    if found is None:
        if len(_TOPICS) > 10_000:
            _TOPICS.clear()
        found = _TOPICS[value] = tuple(json.loads(value))
    return found


def _iso(value: Any) -> str:
    return value[:10] if isinstance(value, str) else value.date().isoformat()
