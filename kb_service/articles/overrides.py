"""A person's text in the place of a derived form, and when it holds.

Invariants: an override holds while short answer, issue, resolution and body are those that it was confirmed on; it
speaks for the whole article, so a context that leaves out a section gets the derived form; who may write one may
publish the article; of a compliance-based article another person confirms it. Services never commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kb_service.articles.access import get_for_change
from kb_service.articles.channel_forms import Addresses, Channel, Form, make_forms, overridden
from kb_service.articles.licences import COMPLIANCE, check_publishing, licence_of
from kb_service.articles.models import Article, RenderingOverride, Revision
from kb_service.articles.recording import audit
from kb_service.articles.renderings import RenderingAids
from kb_service.articles.repository import newest_revision, read_applicability, to_content
from kb_service.articles.sections import RevisionContent, sections_of
from kb_service.articles.service import standing_of
from kb_service.auth.actors import Actor
from kb_service.catalog.context import Context, covers
from kb_service.db.base import utcnow
from kb_service.errors import NotFound

ANSWER_FIELDS = ("short_answer", "issue", "resolution", "body")


def answer_digest(content: RevisionContent) -> str:
    """What an override was written for: the same while the answer says the same."""
    return hashlib.sha256("\0".join(getattr(content, name) for name in ANSWER_FIELDS).encode()).hexdigest()


def read_overrides(session: Session, article_ids: Iterable[int]) -> dict[int, list[RenderingOverride]]:
    """The overrides of articles, in one query."""
    found: dict[int, list[RenderingOverride]] = {}
    statement = select(RenderingOverride).where(RenderingOverride.article_id.in_(set(article_ids)))
    for row in session.scalars(statement.order_by(RenderingOverride.id)):
        found.setdefault(row.article_id, []).append(row)
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """In which context forms are wanted, and with what help."""

    context: Context
    aids: RenderingAids
    addresses: Addresses
    language: str = "en"


def forms_in_force(
    content: RevisionContent, asked: Asked, overrides: Iterable[RenderingOverride]
) -> dict[Channel, Form]:
    """Every channel's form: derived, or the override that holds."""
    forms = make_forms(content, asked.context, asked.aids, asked.addresses, asked.language)
    held = [row for row in overrides if holds(row, content) and row.channel in forms]
    if held and is_whole(content, asked):
        for row in held:
            forms[Channel(row.channel)] = overridden(forms[Channel(row.channel)], row.text, row.subject)
    return forms


def holds(row: RenderingOverride, content: RevisionContent) -> bool:
    """Whether the override was confirmed on what the article says now."""
    return bool(row.digest) and row.digest == answer_digest(content)


def is_whole(content: RevisionContent, asked: Asked) -> bool:
    """Whether the context leaves out no section."""
    return all(covers(section.applies, asked.context, asked.aids.named) is not None for section in sections_of(content))


def set_override(session: Session, article: Article, channel: Channel, words: Mapping[str, str], actor: Actor) -> None:
    """Write or replace an override on what readers see now; ``words``: text and subject."""
    check_publishing(licence_of(actor), standing_of(article), wrote_it=False)
    row = _find(session, article, channel) or RenderingOverride(article_id=article.id, channel=channel.value)
    row.text, row.subject, row.author = words["text"], words.get("subject", ""), actor.id
    _settle(session, article, row, is_waiting=article.governance == COMPLIANCE)
    session.add(row)
    _note(session, article, actor, "override", channel)


def confirm_override(session: Session, article: Article, channel: Channel, actor: Actor) -> None:
    """Say that an override is right for what readers see now."""
    row = _get(session, article, channel)
    check_publishing(licence_of(actor), standing_of(article), wrote_it=row.author == actor.id)
    _settle(session, article, row, is_waiting=False)
    _note(session, article, actor, "confirm_override", channel)


def remove_override(session: Session, article: Article, channel: Channel, actor: Actor) -> None:
    """Go back to the derived form."""
    check_publishing(licence_of(actor), standing_of(article), wrote_it=False)
    session.delete(_get(session, article, channel))
    _note(session, article, actor, "remove_override", channel)


def get_for_override(session: Session, reference: str, actor: Actor) -> Article:
    """The article, locked, for one who may change it."""
    return get_for_change(session, reference, actor)


def _settle(session: Session, article: Article, row: RenderingOverride, *, is_waiting: bool) -> None:
    shown = session.get(Revision, article.published_revision_id) if article.published_revision_id else None
    shown = shown or newest_revision(session, article.id)
    content = to_content(shown, read_applicability(session, shown.applicability_key))
    row.revision_number = shown.number
    row.digest = "" if is_waiting else answer_digest(content)
    row.updated_at = utcnow()


def _note(session: Session, article: Article, actor: Actor, action: str, channel: Channel) -> None:
    flag_modified(article, "updated_at")  # a new version, so that two who edit at once notice
    session.flush()
    audit(session, actor, action, article, channel=channel.value)


def _find(session: Session, article: Article, channel: Channel) -> RenderingOverride | None:
    return session.scalar(
        select(RenderingOverride).where(
            RenderingOverride.article_id == article.id, RenderingOverride.channel == channel.value
        )
    )


def _get(session: Session, article: Article, channel: Channel) -> RenderingOverride:
    row = _find(session, article, channel)
    if row is None:
        raise NotFound("This form has no override.")
    return row
