"""What stands in the way of publishing, for a saved article and for a text that is being written.

Near-duplicates with overlapping applicability, contradictions with them, links, personal data, empty parts. Checks never
refuse anything: they tell, and the author decides. Only what the author may read is ever named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kb_service.articles.models import Article
from kb_service.articles.repository import newest_revision, read_applicability, to_content
from kb_service.articles.sections import RevisionContent
from kb_service.auth.actors import Actor
from kb_service.authoring.checks_contradictions import find_contradictions
from kb_service.authoring.checks_text import Finding, check_text
from kb_service.authoring.duplicates_deciding import decided_with
from kb_service.authoring.duplicates_finding import Duplicate, Finder, Text, plain
from kb_service.authoring.links import LinkChecker, Origin


@dataclass(frozen=True, slots=True)
class Checked:
    """A text to be checked, with what the checks need of its article. ``article`` None: not saved yet."""

    content: RevisionContent
    type: str
    audience: frozenset[str]
    article: int | None = None
    family: int | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything found; empty: publish is one action."""

    findings: tuple[Finding, ...]
    duplicates: tuple[Duplicate, ...]


def checked_article(session: Session, article: Article) -> Checked:
    """The newest text of a saved article: what publishing would show."""
    revision = newest_revision(session, article.id)
    content = to_content(revision, read_applicability(session, revision.applicability_key))
    audience = frozenset(article.audience)
    return Checked(content, article.type, audience, article.id, article.family_id, article.source)


def check(session: Session, finder: Finder, checked: Checked, actor: Actor, ours: Sequence[str] = ()) -> Report:
    """Run every check."""
    text = Text(checked.content, actor.audiences, checked.article, checked.family)
    settled = decided_with(session, checked.article) if checked.article is not None else set()
    duplicates = [found for found in finder.find(text) if found.article not in settled]
    findings = [
        *check_text(checked.content, checked.type, ours),
        *LinkChecker(session).check(checked.content, Origin(checked.audience, checked.source, actor.audiences)),
        *(finding for duplicate in duplicates for finding in _contradictions(checked.content, duplicate)),
    ]
    return Report(tuple(findings), tuple(duplicates))


def _contradictions(content: RevisionContent, duplicate: Duplicate) -> list[Finding]:
    found = find_contradictions(plain(content), plain(duplicate.content))
    return [
        Finding(
            "contradiction",
            f"{duplicate.number} says otherwise: “{one.theirs}”",
            detail={"number": duplicate.number, "mine": one.mine, "theirs": one.theirs, "why": one.why},
        )
        for one in found
    ]
