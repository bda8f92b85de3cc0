"""Mails that must leave: written beside what they tell, in the same transaction. Callers commit.

Invariants: the Message-ID is fixed here, once; a mail waits TAKE_BACK_SECONDS when somebody may want it back; mails
of a case refer to what was said before, so that every mail program keeps one thread.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.cases.models import Case, Interaction, OutgoingMail
from kb_service.db.base import utcnow

if TYPE_CHECKING:
    from kb_service.settings import Settings

TAKE_BACK_SECONDS = 5
SIGN_IN_KIND = "sign_in"
"""A mail whose words are a secret: they go from the outbox when it has left or failed."""
MAX_REFERENCES = 20


@dataclass(frozen=True, slots=True)
class Site:
    """What a mail says of the site. ``base_url`` has no slash at its end."""

    name: str
    base_url: str
    secret: str
    mail_from: str
    ways: tuple[str, ...] = ()

    @property
    def mail_domain(self) -> str:
        """The domain of our Message-IDs."""
        return parseaddr(self.mail_from)[1].partition("@")[2] or "localhost"


def site_of(settings: Settings, requested_base: str = "") -> Site:
    """The site by its settings; ``requested_base``: its address where none is set."""
    ways = [settings.contact_phone, settings.contact_url]
    return Site(
        name=settings.site_name,
        base_url=(settings.base_url or requested_base or f"http://{settings.host}:{settings.port}").rstrip("/"),
        secret=settings.secret_key.get_secret_value(),
        mail_from=settings.effective_mail_from,
        ways=tuple(way for way in ways if way),
    )


@dataclass(frozen=True, slots=True)
class MailDraft:
    """A mail about a case: to whom, what. ``kind``: reply, receipt, notice or question."""

    to_address: str
    text: str
    kind: str = "reply"
    to_name: str = ""
    subject: str = ""
    interaction_id: int | None = None
    send_after: datetime | None = None


def make_message_id(case: Case, site: Site) -> str:
    """A Message-ID that nobody can guess and that names its case for us."""
    return f"<{case.number}.{case.token}.{secrets.token_hex(8)}@{site.mail_domain}>"


def reference_of(case: Case) -> str:
    """What threads a mail that lost its headers: the case's number with its random token."""
    return f"{case.number}-{case.token}"


def subject_of(case: Case) -> str:
    """The subject of a case's mails: the customer's own, with the number."""
    return f"Re: {case.subject} [{case.number}]"


def enqueue_mail(session: Session, case: Case, draft: MailDraft, message_id: str) -> OutgoingMail:
    """Put a mail into the outbox."""
    earlier = [known for known in thread_ids(session, case.id) if known != message_id]
    mail = OutgoingMail(
        case_id=case.id,
        interaction_id=draft.interaction_id,
        kind=draft.kind,
        message_id=message_id,
        in_reply_to=earlier[-1] if earlier else "",
        references=" ".join(earlier),
        to_address=draft.to_address,
        to_name=draft.to_name,
        subject=draft.subject or subject_of(case),
        text=draft.text,
        send_after=draft.send_after or utcnow(),
    )
    session.add(mail)
    session.flush()
    return mail


def thread_ids(session: Session, case_id: int) -> list[str]:
    """Message-IDs of a case's mails, both ways: the first and the last ones, in order."""
    statement = (
        select(Interaction.external_id)
        .where(Interaction.case_id == case_id, Interaction.channel == "email", Interaction.external_id.like("<%>"))
        .where(Interaction.kind != "taken_back")
        .order_by(Interaction.created_at, Interaction.id)
    )
    found = [value for value in session.scalars(statement) if value]
    return found if len(found) <= MAX_REFERENCES else [found[0], *found[-MAX_REFERENCES + 1 :]]


def moment_of_leaving() -> datetime:
    """When what is written now may leave."""
    return utcnow() + timedelta(seconds=TAKE_BACK_SECONDS)
