"""Cases that wait for their customer too long close by themselves, with a notice by mail: a periodic job.

Invariants: each case in a transaction of its own, judged again under its lock, so that a reply that comes meanwhile wins
and a second runner changes nothing; one audit row and one notice each.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.auth.actors import SYSTEM
from kb_service.cases.composing import Letter, compose, filled, first_question, frame_for
from kb_service.cases.lifecycle import REOPEN_DAYS, WAIT_DAYS, Status, closes_by_itself
from kb_service.cases.links import request_path
from kb_service.cases.mails import MailDraft, Site, enqueue_mail, make_message_id, reference_of
from kb_service.cases.models import Case, Interaction, Queue
from kb_service.cases.service import set_status
from kb_service.customers.models import Customer
from kb_service.customers.service import email_of
from kb_service.db.base import utcnow
from kb_service.db.session import Database

EVERY_SECONDS = 600.0
REASON = f"no answer for {WAIT_DAYS} days"
NOTICE = (
    f"We have not heard from you for {WAIT_DAYS} days, so we closed your request {{number}}. "
    f"If it is not solved, answer this mail within {REOPEN_DAYS} days and it is open again."
)
MOST = 1000


def close_waiting(database: Database, site: Site, moment: datetime | None = None) -> str:
    """Close what has waited long enough; returns a line for the job's record."""
    now = moment or utcnow()
    with database.reading() as session:
        waited = select(Case.id).where(
            Case.status == Status.WAITING_CUSTOMER.value, Case.waiting_since <= now - timedelta(days=WAIT_DAYS)
        )
        ids = list(session.scalars(waited.order_by(Case.id).limit(MOST)))
    closed = 0
    for case_id in ids:
        with database.writing() as session:
            closed += _close(session, case_id, site, now)
    return f"closed {closed} cases"


def _close(session: Session, case_id: int, site: Site, now: datetime) -> bool:
    locked = select(Case).where(Case.id == case_id).with_for_update().execution_options(populate_existing=True)
    case = session.scalar(locked)
    if case is None or not closes_by_itself(Status(case.status), case.waiting_since, now):
        return False
    set_status(session, case, Status.CLOSED, REASON, SYSTEM)
    _notice(session, case, site)
    return True


def _notice(session: Session, case: Case, site: Site) -> None:
    """In the thread, and by mail where there is an address."""
    address = (email_of(session, case.customer_id) if case.customer_id else None) or ""
    customer = session.get(Customer, case.customer_id) if case.customer_id else None
    text = NOTICE.format(number=case.number)
    message_id = make_message_id(case, site) if address else None
    told = Interaction(
        case_id=case.id, kind="message", direction="out", channel="email" if address else "portal",
        external_id=message_id, author=SYSTEM.id, author_name=site.name, text=text, detail={"notice": "closed"},
    )  # fmt: skip
    session.add(told)
    session.flush()
    if message_id is None:
        return
    name = customer.name if customer else ""
    draft = MailDraft(address, _letter(session, case, site, text, name), "notice", name, interaction_id=told.id)
    enqueue_mail(session, case, draft, message_id)


def _letter(session: Session, case: Case, site: Site, text: str, name: str) -> str:
    queue = session.get(Queue, case.queue_id)
    values = {
        "customer_name": name, "first_name": name.split()[0] if name else "", "number": case.number,
        "subject": case.subject, "queue_name": queue.name if queue else "", "site_name": site.name,
    }  # fmt: skip
    return compose(
        Letter(
            body=text,
            frame=filled(frame_for(queue.frame if queue else {}, "email"), values),
            question=first_question(case.description),
            request_url=site.base_url + request_path(site.secret, case.id),
            reference=reference_of(case),
        )
    )
