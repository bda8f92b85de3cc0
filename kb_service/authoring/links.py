"""Links between articles: broken, to what is archived or not published, to what some readers may not read.

Invariant: a link is judged for the readers of the article that it stands in, never for its author.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.articles.inputs import TEXT_FIELDS
from kb_service.articles.markdown import read_sections
from kb_service.articles.models import Article, Attachment, Revision
from kb_service.articles.repository import find_article, find_link_target, read_applicability, to_content
from kb_service.articles.sections import RevisionContent, sections_of
from kb_service.auth.actors import PUBLIC
from kb_service.authoring.checks_text import Finding

_PAGE = re.compile(r"/(?:a|articles)/(KB\d+)(?:/|$)", re.IGNORECASE)
_FILE = re.compile(r"/attachments/([0-9a-f]{64})/")
_HELD = {"customer": frozenset({PUBLIC, "customer"}), "agent": frozenset({PUBLIC, "customer", "agent"}),
         "author": frozenset({PUBLIC, "customer", "agent", "author"})}  # fmt: skip
MESSAGES = {
    "link_broken": "“{target}” leads nowhere.",
    "link_archived": "“{target}” leads to an archived article, {number}.",
    "link_unpublished": "“{target}” leads to {number}, which is not published.",
    "link_less_public": "“{target}” leads to {number}, which not everybody who reads this article may read.",
    "link_place": "{number} has no place “{place}”.",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a text: its target as written."""

    field: str
    line: int
    target: str


@dataclass(frozen=True, slots=True)
class Origin:
    """The article that links stand in, as far as its links depend on it."""

    audience: frozenset[str]
    source: str | None = None
    reader: frozenset[str] | None = None
    """Who is told; what they may not read does not exist for them. None: the nightly check."""


def links_of(content: RevisionContent) -> Iterator[Link]:
    """Every link and image of a text."""
    for name in TEXT_FIELDS:
        text = getattr(content, name)
        for section in read_sections(text) if text.strip() else ():
            for token in section.tokens:
                line = token.map[0] + 1 if token.map else section.line
                for child in token.children or ():
                    target = child.attrGet("href" if child.type == "link_open" else "src")
                    if child.type in ("link_open", "image") and target:
                        yield Link(name, line, unquote(str(target)))


def can_all_read(readers: Iterable[str], target: Iterable[str]) -> bool:
    """Whether everybody who reads by one of ``readers`` may read what is for ``target`` (pure)."""
    wanted = frozenset(target)
    return all(_HELD.get(key, frozenset({PUBLIC, key})) & wanted for key in readers)


class LinkChecker:
    """Judges links within one session; what was looked up once is kept."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._targets: dict[tuple[str, str | None], Article | None] = {}
        self._places: dict[int, frozenset[str]] = {}

    def check(self, content: RevisionContent, origin: Origin) -> list[Finding]:
        """Findings of every link of a text."""
        found: list[Finding] = []
        for link in links_of(content):
            flaw = self._flaw(link.target, origin)
            if flaw:
                kind, detail = flaw
                text = MESSAGES[kind].format(
                    target=link.target, number=detail.get("number", ""), place=detail.get("place", "")
                )
                found.append(Finding(kind, text, link.field, link.line, {"target": link.target, **detail}))
        return found

    def _flaw(self, target: str, origin: Origin) -> tuple[str, dict[str, str]] | None:
        if file := _FILE.search(target):
            return None if self._has_file(file[1]) else ("link_broken", {})
        reference, place = _reference(target)
        if reference is None:
            return None
        article = self._article(reference, origin.source)
        if article is None or (origin.reader is not None and origin.reader.isdisjoint(article.audience)):
            return "link_broken", {}
        number = {"number": article.number}
        if article.archived_at is not None:
            return "link_archived", number
        if article.published_revision_id is None:
            return "link_unpublished", number
        if not can_all_read(origin.audience, article.audience):
            return "link_less_public", number
        if place and place not in self._anchors(article):
            return "link_place", {**number, "place": place}
        return None

    def _article(self, reference: str, source: str | None) -> Article | None:
        key = (reference, source)
        if key not in self._targets:
            number = find_link_target(self._session, reference, source)
            self._targets[key] = find_article(self._session, number) if number else None
        return self._targets[key]

    def _anchors(self, article: Article) -> frozenset[str]:
        if article.id not in self._places:
            revision = self._session.get_one(Revision, article.published_revision_id)
            content = to_content(revision, read_applicability(self._session, revision.applicability_key))
            self._places[article.id] = frozenset(section.anchor for section in sections_of(content))
        return self._places[article.id]

    def _has_file(self, digest: str) -> bool:
        return self._session.scalar(select(Attachment.id).where(Attachment.sha256 == digest).limit(1)) is not None


def _reference(target: str) -> tuple[str | None, str]:
    """What a link names of ours, and the place in it; None: it is not ours to judge."""
    if target.lower().startswith("kb:"):
        reference, _, place = target[3:].partition("#")
        return reference, place
    parts = urlsplit(target)
    if not parts.netloc and (match := _PAGE.match(parts.path)):
        return match[1].upper(), parts.fragment
    return None, ""
