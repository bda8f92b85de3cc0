"""What comes into an article, as values: from the API, the editor and importers alike. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

TYPES: Final = ("problem", "howto", "faq", "error", "policy", "reference")
CONFIDENCES: Final = ("work_in_progress", "not_validated", "validated")
GOVERNANCES: Final = ("experience", "compliance")
SIGNIFICANCES: Final = ("minor", "major")
REASONS: Final = (
    "wrong_version", "did_not_work", "unclear", "not_asked", "not_relevant", "incorrect", "outdated", "incomplete", "other",
)  # fmt: skip
OUTSIDE_AUDIENCES: Final = frozenset({"public", "customer"})
TEXT_FIELDS: Final = ("issue", "environment", "cause", "resolution", "body")
MAX_TITLE, MAX_SHORT_ANSWER, MAX_BODY_BYTES = 300, 300, 200_000
MAX_KEYWORDS, MAX_KEYWORD, MAX_TOPICS, MAX_AUDIENCES = 50, 100, 20, 50
AUDIENCE = re.compile(r"[a-z0-9_-]{1,40}")
LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-([a-zA-Z]{2}|[0-9]{3}))?(-[a-zA-Z0-9]{5,8})*")
FAMILY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class ArticleText:
    """All that an author decides about an article. ``applies_to`` as written (names, aliases, ranges)."""

    title: str
    short_answer: str = ""
    issue: str = ""
    environment: str = ""
    cause: str = ""
    resolution: str = ""
    body: str = ""
    keywords: tuple[str, ...] = ()
    applies_to: tuple[Mapping[str, Any], ...] = ()
    topics: tuple[str, ...] = ()
    audience: tuple[str, ...] = ("agent",)
    type: str = "problem"
    language: str = "en"
    family: str | None = None
    owner: str = ""
    confidence: str = "validated"
    governance: str = "experience"
    significance: str = "major"


REVISION_FIELDS: Final = frozenset(
    {"title", "short_answer", *TEXT_FIELDS, "keywords", "applies_to", "language", "significance"}
)
"""What a change of makes a new revision; everything else takes effect at once."""
ALL_FIELDS: Final = frozenset(field.name for field in fields(ArticleText))


@dataclass(frozen=True, slots=True)
class ImportedArticle:
    """An article as a source holds it; (source, external_id) recognises it the next time."""

    source: str
    external_id: str
    text: ArticleText
    publish: bool = True
    redirects: tuple[str, ...] = ()
    """Old addresses (paths) that lead to it."""
    updated_at: datetime | None = None
    author: str = "import"


class Outcome(StrEnum):
    """What an import did with an article."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
