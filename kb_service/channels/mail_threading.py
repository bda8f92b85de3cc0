"""Which case a mail goes on: by Message-IDs, our reference in address, subject or text, or the customer's own subject.

Invariants: a number alone threads only for the case's own customer, since anybody can guess it; a case that became
part of another one leads there; a case that ended too long ago leads to the one that follows it, where there is one.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.cases.lifecycle import REOPEN_DAYS, ReplyEffect, Status, effect_of_reply
from kb_service.cases.models import Case, Interaction, OutgoingMail
from kb_service.channels.mail_parsing import Mail, base_subject
from kb_service.db.base import utcnow

MIN_SUBJECT = 8
MAX_STEPS = 20
_OURS = re.compile(r"<?C-(\d{6,9})\.([0-9a-f]{20})\.[0-9a-f]{16}@", re.IGNORECASE)
_REFERENCE = re.compile(r"\bC-(\d{6,9})[-.]([0-9a-f]{20})\b", re.IGNORECASE)
_NUMBER = re.compile(r"\bC-(\d{6,9})\b", re.IGNORECASE)


def find_thread(session: Session, mail: Mail, customer_id: int | None) -> Case | None:
    """The case that a mail goes on, locked; None: it opens one."""
    found = find_by_ids(session, mail.reply_to_ids) or find_by_reference(session, mail)
    if found is None and customer_id is not None:
        found = _by_number(session, mail.subject, customer_id) or _by_subject(session, mail, customer_id)
    return where_it_goes_on(session, found) if found else None


def find_by_ids(session: Session, message_ids: Iterable[str]) -> Case | None:
    """The case of the first of these Message-IDs that is known, in their order."""
    wanted = list(message_ids)
    if not wanted:
        return None
    inward = select(Interaction.external_id, Interaction.case_id).where(
        Interaction.channel == "email", Interaction.external_id.in_(wanted)
    )
    outward = select(OutgoingMail.message_id, OutgoingMail.case_id).where(OutgoingMail.message_id.in_(wanted))
    known = {one: case_id for one, case_id in (*session.execute(inward), *session.execute(outward)) if case_id}
    for one in wanted:
        if one in known:
            return session.get(Case, known[one])
    return _first_trusted(session, (match for one in wanted if (match := _OURS.match(one))))


def find_by_reference(session: Session, mail: Mail) -> Case | None:
    """The case whose number stands with its token in an address, the subject or the text."""
    places = (*mail.recipients, mail.subject, mail.text, mail.quoted)
    return _first_trusted(session, _references(places))


def _references(places: Iterable[str]) -> Iterator[re.Match[str]]:
    for place in places:
        yield from _REFERENCE.finditer(place)


def _first_trusted(session: Session, matches: Iterator[re.Match[str]]) -> Case | None:
    for _, match in zip(range(MAX_STEPS), matches, strict=False):
        case = session.get(Case, int(match[1]))
        if case is not None and hmac.compare_digest(case.token, match[2].lower()):
            return case
    return None


def _by_number(session: Session, subject: str, customer_id: int) -> Case | None:
    for match in _NUMBER.finditer(subject):
        case = session.get(Case, int(match[1]))
        if case is not None and case.customer_id == customer_id:
            return case
    return None


def _by_subject(session: Session, mail: Mail, customer_id: int) -> Case | None:
    """A reply whose program kept no reference: the customer's one recent case of this subject."""
    subject = mail.base_subject.casefold()
    if not mail.is_reply or len(subject) < MIN_SUBJECT:
        return None
    since = utcnow() - timedelta(days=REOPEN_DAYS)
    recent = select(Case).where(Case.customer_id == customer_id, Case.updated_at >= since).order_by(Case.id.desc())
    found = [case for case in session.scalars(recent.limit(50)) if base_subject(case.subject).casefold() == subject]
    return found[0] if len(found) == 1 else None


def where_it_goes_on(session: Session, case: Case) -> Case:
    """The case itself, locked; or what it became part of; or what follows it, when it ended too long ago."""
    for _ in range(MAX_STEPS):
        locked = select(Case).where(Case.id == case.id).with_for_update().execution_options(populate_existing=True)
        case = session.scalars(locked).one()
        following = case.merged_into_id
        if following is None and effect_of_reply(Status(case.status), case.ended_at, utcnow()) is ReplyEffect.FOLLOW_UP:
            newest = select(Case.id).where(Case.follows_id == case.id).order_by(Case.id.desc()).limit(1)
            following = session.scalar(newest)
        if following is None:
            return case
        case = session.get_one(Case, following)
    return case
