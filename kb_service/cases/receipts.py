"""The receipt of a request: its number, when we expect to answer, and its own address. It goes once, for a new case."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb_service.cases.composing import Frame, Letter, compose, first_question
from kb_service.cases.links import request_path
from kb_service.cases.mails import MailDraft, Site, enqueue_mail, make_message_id, reference_of
from kb_service.cases.models import Case, OutgoingMail

WORDS = "Your request {number} is with us. We expect to answer by {when}."
SOON = "the next working day"


def send_receipt(session: Session, case: Case, site: Site, address: str) -> OutgoingMail:
    """The number and the request's own address, by mail: only who reads that mailbox gets to the thread."""
    when = f"{case.due_at:%-d %B %Y, %H:%M} UTC" if case.due_at else SOON
    letter = Letter(
        WORDS.format(number=case.number, when=when),
        Frame("", site.name, ""),
        first_question(case.description),
        request_url=site.base_url + request_path(site.secret, case.id),
        reference=reference_of(case),
    )
    return enqueue_mail(session, case, MailDraft(address, compose(letter), "receipt"), make_message_id(case, site))
