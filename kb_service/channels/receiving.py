"""A mail comes in: known already, opens a case, goes on in one, is noted in one, or is set aside. Callers commit.

Invariants: the same message, however often and by however many at once, is one interaction; nothing is dropped: what
belongs to no case is set aside, whole, where agents look; automatic mail changes no status but that of what did not
arrive, and nothing answers it.
"""

from __future__ import annotations

import random
import time
import zlib
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from kb_service.auth.actors import SYSTEM, Actor, Role, actor_for
from kb_service.cases import files, repository, service
from kb_service.cases.lifecycle import Status
from kb_service.cases.mail_models import IncomingMail
from kb_service.cases.mails import Site
from kb_service.cases.models import Case, Interaction, OutgoingMail, Queue
from kb_service.cases.receipts import send_receipt
from kb_service.channels.mail_automatic import MACHINES, Kind
from kb_service.channels.mail_parsing import Envelope, Mail, parse_mail
from kb_service.channels.mail_threading import find_by_ids, find_by_reference, find_thread, where_it_goes_on
from kb_service.customers.models import Customer
from kb_service.customers.service import find_by_identity, find_or_create
from kb_service.db.base import utcnow
from kb_service.db.failures import UNREACHABLE
from kb_service.db.session import Database
from kb_service.errors import InvalidInput, NotFound
from kb_service.telemetry import Event, log

MAX_RECEIPTS_AN_HOUR = 3
ATTEMPTS = 6
KEPT_DAYS = 30
MAX_NOTED = 4000
NO_SUBJECT = "(no subject)"


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a mail. ``is_new`` False: it came before, and this is what became of it then."""

    mail_id: int
    kind: str
    outcome: str
    case_id: int | None
    interaction_id: int | None
    is_new: bool


def receive_raw(database: Database, site: Site, raw: bytes, envelope: Envelope = Envelope()) -> Received:
    """Take a raw message in, committed. Only a database that is away raises; the sender tries again."""
    mail = parse_mail(raw, envelope)
    found = _filed(database, mail, raw, site)
    log(Event.MAIL_RECEIVED, mail=found.mail_id, kind=found.kind, outcome=found.outcome, is_new=found.is_new)
    return found


def _filed(database: Database, mail: Mail, raw: bytes, site: Site) -> Received:
    """File it; a mail that cannot be filed, whatever the defect, is set aside: it would come again for days, and be lost."""
    for attempt in range(ATTEMPTS):
        try:
            return database.write(lambda session: receive(session, mail, raw, site))
        except UNREACHABLE:
            raise
        except StaleDataError:  # another mail went on in the same case in between
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
        except Exception as error:  # noqa: BLE001 - a defect of ours
            log(Event.MAIL_NOT_FILED, "error", error=type(error).__name__)
    return database.write(lambda session: _set_aside(session, mail, raw))


def _set_aside(session: Session, mail: Mail, raw: bytes) -> Received:
    row, is_new = _register(session, mail)
    if is_new:
        row.outcome, row.raw = "set_aside", zlib.compress(raw)
        session.flush()
    return Received(row.id, row.kind, row.outcome, None, row.interaction_id, is_new)


def receive(session: Session, mail: Mail, raw: bytes, site: Site) -> Received:
    """File a mail that was read; the same one again changes nothing."""
    row, is_new = _register(session, mail)
    if is_new:
        _file(session, row, mail, site)
        if row.outcome == "set_aside":
            row.raw = zlib.compress(raw)
        session.flush()
    told = session.get(Interaction, row.interaction_id) if row.interaction_id else None
    return Received(row.id, row.kind, row.outcome, told.case_id if told else None, row.interaction_id, is_new)


def _register(session: Session, mail: Mail) -> tuple[IncomingMail, bool]:
    """The mail's row, and whether it is new. Who comes second waits here for who came first."""
    row, is_new = _insert(session, mail, mail.external_id)
    if is_new or row.fingerprint == mail.fingerprint:
        return row, is_new
    return _insert(session, mail, f"{mail.external_id}#{mail.fingerprint[:16]}")


def _insert(session: Session, mail: Mail, external_id: str) -> tuple[IncomingMail, bool]:
    known = select(IncomingMail).where(IncomingMail.external_id == external_id)
    if found := session.scalar(known):
        return found, False
    row = IncomingMail(
        external_id=external_id,
        fingerprint=mail.fingerprint,
        kind=mail.kind,
        from_address=mail.sender.address,
        subject=mail.subject,
        html=mail.html,
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        return session.scalars(known).one(), False
    return row, True


def _file(session: Session, row: IncomingMail, mail: Mail, site: Site) -> None:
    if _is_ours(session, mail, site):
        row.kind, row.outcome = Kind.OURS, "ours"
        thread = find_by_ids(session, mail.reply_to_ids) if not _is_known_mail(session, mail) else None
        if thread is not None:
            _note(session, row, thread, mail, "Written from our own address")
    elif mail.kind in (Kind.BOUNCE, Kind.DELAY):
        _file_bounce(session, row, mail)
    elif mail.kind in MACHINES:
        _file_machine(session, row, mail)
    else:
        _file_words(session, row, mail, site)


def _is_known_mail(session: Session, mail: Mail) -> bool:
    return session.scalar(select(OutgoingMail.id).where(OutgoingMail.message_id == mail.external_id)) is not None


def _is_ours(session: Session, mail: Mail, site: Site) -> bool:
    return mail.sender.address == parseaddr(site.mail_from)[1].lower() or _is_known_mail(session, mail)


def _file_bounce(session: Session, row: IncomingMail, mail: Mail) -> None:
    """What did not arrive is said in its case; for good: the mail failed, and nobody waits for its answer."""
    bounce, case = mail.bounce, None
    lost = session.scalar(select(OutgoingMail).where(OutgoingMail.message_id.in_(bounce.message_ids)))
    case = find_by_ids(session, bounce.message_ids) or find_by_reference(session, mail)
    if case is None:
        row.outcome = "set_aside"
        return
    case = where_it_goes_on(session, case)
    late = "is late and is still being tried" if mail.kind is Kind.DELAY else "could not be delivered"
    _note(session, row, case, mail, f"The mail to {bounce.recipient or 'the customer'} {late}: {bounce.reason}", "")
    if mail.kind is Kind.DELAY:
        return
    if lost is not None and lost.state != "taken_back":
        lost.state, lost.last_error = "failed", bounce.reason
    if case.status == Status.WAITING_CUSTOMER:
        service.set_status(session, case, Status.OPEN, "the mail came back", SYSTEM)


def _file_machine(session: Session, row: IncomingMail, mail: Mail) -> None:
    case = None
    if mail.kind is not Kind.SPAM:
        case = find_by_ids(session, mail.reply_to_ids) or find_by_reference(session, mail)
    if case is None:
        row.outcome = "set_aside"
        return
    head = f"Opened: {mail.subject}" if mail.kind is Kind.READ_RECEIPT else mail.subject or "Automatic reply"
    _note(session, row, where_it_goes_on(session, case), mail, head)


def _note(
    session: Session, row: IncomingMail, case: Case, mail: Mail, head: str, words: str | None = None
) -> Interaction:
    """A line in the thread that wakes nothing."""
    said = (mail.text if words is None else words)[:MAX_NOTED]
    author = f"{mail.sender.name} <{mail.sender.address}>" if mail.sender.name else mail.sender.address
    text = "\n\n".join(part for part in (head, said) if part.strip())
    told, _ = service.tell(
        session, case, service.Message(text, "in", "email", kind="event", author_name=author), SYSTEM
    )
    row.outcome, row.interaction_id = "noted" if row.outcome != "ours" else "ours", told.id
    return told


def _file_words(session: Session, row: IncomingMail, mail: Mail, site: Site) -> None:
    """A person's words: into their case, or a case of their own."""
    customer = _customer(session, mail, is_made=False)
    thread = find_thread(session, mail, customer.id if customer else None)
    if thread is not None:
        _go_on(session, row, mail, thread, customer)
    elif mail.kind is Kind.LIST:
        row.outcome = "set_aside"
    else:
        open_case_for(session, row, mail, site)


def _customer(session: Session, mail: Mail, *, is_made: bool) -> Customer | None:
    address, name = mail.sender.address, mail.sender.name
    try:
        found = (
            find_or_create(session, "email", address, name) if is_made else find_by_identity(session, "email", address)
        )
    except InvalidInput:
        return None
    if found is not None and name and not found.name:
        found.name = name
    return found


def _author(customer: Customer | None, mail: Mail) -> Actor:
    return actor_for(
        f"customer:{customer.id if customer else 0}", mail.sender.name or mail.sender.address, Role.CUSTOMER
    )


def _go_on(session: Session, row: IncomingMail, mail: Mail, thread: Case, customer: Customer | None) -> None:
    is_other = customer is None or customer.id != thread.customer_id
    name = f"{mail.sender.name} <{mail.sender.address}>" if is_other and mail.sender.name else ""
    message = service.Message(
        mail.text or _without_words(mail), "in", "email", row.external_id, author_name=name, quoted=mail.quoted
    )
    told, _ = service.tell(session, thread, message, _author(customer, mail))
    row.interaction_id = told.id
    row.outcome = "added" if told.case_id == thread.id else "followed_up"
    files.keep_files(session, told.id, mail.files)


def _without_words(mail: Mail) -> str:
    names = ", ".join(file.name for file in mail.files[:10])
    return f"(no words; {names})" if names else "(no words)"


def open_case_for(session: Session, row: IncomingMail, mail: Mail, site: Site) -> Case:
    """A case of the writer's, made a customer where they are none; a person's gets a receipt."""
    customer = _customer(session, mail, is_made=True)
    subject = mail.subject or mail.text.partition("\n")[0][:120].strip() or NO_SUBJECT
    new = service.NewCase(
        subject=subject,
        description=mail.text or _without_words(mail),
        customer_id=customer.id if customer else None,
        channel="email",
        external_id=row.external_id,
        queue=_queue(session, mail),
        author_name=mail.sender.name or mail.sender.address,
        quoted=mail.quoted,
    )
    case, is_new = service.open_case(session, new, _author(customer, mail))
    told = repository.find_interaction(session, "email", row.external_id)
    row.outcome, row.interaction_id = "opened", told.id if told else None
    if told is not None and is_new:
        files.keep_files(session, told.id, mail.files)
    if is_new and mail.may_be_answered and _is_answerable(session, mail.sender.address):
        send_receipt(session, case, site, mail.sender.address)
    return case


def _queue(session: Session, mail: Mail) -> Queue | None:
    """support+payroll@…: the queue of that name, where there is one."""
    tags = [local.partition("+")[2] for one in mail.recipients if "+" in (local := one.partition("@")[0])]
    return next((queue for tag in tags if (queue := repository.find_queue(session, tag))), None)


def _is_answerable(session: Session, address: str) -> bool:
    """Not more than a few receipts an hour to one address: a machine that does not say what it is cannot go on for ever."""
    since = utcnow() - timedelta(hours=1)
    recent = select(func.count()).where(
        OutgoingMail.to_address == address, OutgoingMail.kind == "receipt", OutgoingMail.created_at >= since
    )
    return (session.scalar(recent) or 0) < MAX_RECEIPTS_AN_HOUR


def list_set_aside(session: Session, limit: int, before: int | None) -> list[IncomingMail]:
    """Mail that belongs to no case, the newest first."""
    statement = select(IncomingMail).where(IncomingMail.outcome == "set_aside").order_by(IncomingMail.id.desc())
    return list(session.scalars((statement.where(IncomingMail.id < before) if before else statement).limit(limit)))


def make_case(session: Session, mail_id: int, site: Site) -> Case:
    """Make a case of a mail that was set aside, after all. Raises NotFound. Nothing is answered."""
    row = session.get(IncomingMail, mail_id, with_for_update=True)
    if row is None or row.raw is None:
        raise NotFound("There is no such mail set aside.")
    mail = parse_mail(zlib.decompress(row.raw))
    case = open_case_for(session, row, mail, site)
    row.raw = None
    session.flush()
    return case


def forget_set_aside(database: Database) -> str:
    """Delete what was set aside and that nobody wanted for KEPT_DAYS."""
    before = utcnow() - timedelta(days=KEPT_DAYS)
    with database.writing() as session:
        gone = delete(IncomingMail).where(IncomingMail.outcome == "set_aside", IncomingMail.received_at < before)
        result = session.execute(gone)
    return f"forgot {getattr(result, 'rowcount', 0)} mails"
