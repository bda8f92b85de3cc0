"""Mails leave by SMTP: claimed row by row, sent, marked. Runs as a periodic job; several may run at once.

Invariants: a row is claimed by one process at a time (a lease); the Message-ID never changes, so that a mail whose
acknowledgement was lost in a crash is the same mail when it is sent again, and receiving servers know it; a permanent
refusal ends in ``failed`` and a line in the case's thread; a mail is never given up silently.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from kb_service.cases.composing import to_html
from kb_service.cases.mails import SIGN_IN_KIND
from kb_service.cases.models import Interaction, OutgoingMail
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from kb_service.errors import InvalidInput
from kb_service.telemetry import Event, log

TIMEOUT_SECONDS = 30.0
LEASE_SECONDS = 180.0
RETRY_MINUTES = (1, 5, 15, 60, 180, 360, 720, 1440)
AT_ONCE = 100
SIGN_IN_LATE = timedelta(minutes=15)
"""A sign-in link is of no use afterwards: its mail is not tried again."""
_REFERENCE_POLICY = SMTP.clone(max_line_length=78)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail goes out. ``security``: none, starttls or tls."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    security: str = "none"


def parse_smtp_url(url: str) -> SmtpServer:
    """smtp://[user:password@]host[:port][?security=starttls], or smtps:// for TLS from the start."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    security = parse_qs(parts.query).get("security", ["tls" if parts.scheme == "smtps" else "none"])[0]
    if (
        parts.scheme not in ("smtp", "smtps")
        or not parts.hostname
        or port == -1
        or security not in ("none", "starttls", "tls")
    ):
        raise InvalidInput("KB_SMTP_URL looks like smtp://user:password@mail.example.com:587?security=starttls.")
    default = {"none": 25, "starttls": 587, "tls": 465}[security]
    return SmtpServer(
        parts.hostname, port or default, unquote(parts.username or ""), unquote(parts.password or ""), security
    )


def build_message(mail: OutgoingMail, mail_from: str) -> EmailMessage:
    """The mail with its headers; automatic notices say so (RFC 3834), so that machines do not answer them."""
    message = EmailMessage(policy=_REFERENCE_POLICY)
    name, address = parseaddr(mail_from)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(" ".join(mail.to_name.split()), addr_spec=mail.to_address)
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = mail.message_id
    if mail.in_reply_to:
        message["In-Reply-To"] = mail.in_reply_to
        message["References"] = mail.references
    if mail.kind in ("receipt", "notice", SIGN_IN_KIND):
        message["Auto-Submitted"] = "auto-replied" if mail.kind == "receipt" else "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text)
    message.add_alternative(to_html(mail.text), subtype="html")
    return message


class Transport:
    """Hands messages to one SMTP server; a connection for each round."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._connection: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        """Send one message. Raises smtplib.SMTPException or OSError."""
        if self._connection is None:
            self._connection = self._connect()
        self._connection.send_message(message)

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security == "tls":
            context = ssl.create_default_context()
            made: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            made = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        if server.security == "starttls":
            made.starttls(context=ssl.create_default_context())
        if server.user:
            made.login(server.user, server.password)
        return made

    def close(self) -> None:
        """End the connection; the next message opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()


def send_due(database: Database, transport: Transport, mail_from: str) -> str:
    """Send what is due; returns what was done. Stops at the first failure that is not the mail's own."""
    sent = failed = 0
    try:
        for _ in range(AT_ONCE):
            mail = database.write(claim)
            if mail is None:
                break
            error, is_permanent = _try(transport, build_message(mail, mail_from))
            database.write(_finishing(mail, error, is_permanent))
            sent, failed = sent + (not error), failed + bool(error)
            if error and not is_permanent:
                break
    finally:
        transport.close()
    return f"sent {sent} mails" + (f", {failed} failed" if failed else "")


def claim(session: Session) -> OutgoingMail | None:
    """The next mail that is due and that nobody else is sending, leased to the caller."""
    now = utcnow()
    is_due = or_(
        and_(OutgoingMail.state == "waiting", OutgoingMail.send_after <= now),
        and_(OutgoingMail.state == "sending", OutgoingMail.leased_until < now),
    )
    for mail_id in session.scalars(select(OutgoingMail.id).where(is_due).order_by(OutgoingMail.id).limit(20)).all():
        values = {"state": "sending", "leased_until": now + timedelta(seconds=LEASE_SECONDS)}
        values["attempts"] = OutgoingMail.attempts + 1
        result = session.execute(update(OutgoingMail).where(OutgoingMail.id == mail_id, is_due).values(**values))
        if getattr(result, "rowcount", 0):
            return session.get(OutgoingMail, mail_id, populate_existing=True)
    return None


def _try(transport: Transport, message: EmailMessage) -> tuple[str, bool]:
    """Send; returns the error ("" for none) and whether trying again cannot help."""
    try:
        transport.send(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()), (550, b""))
        return f"{code} {words.decode('utf-8', 'replace') if isinstance(words, bytes) else words}"[:500], code >= 500
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
        return str(error)[:500], False
    except smtplib.SMTPResponseException as error:
        return f"{error.smtp_code} {error.smtp_error!r}"[:500], error.smtp_code >= 500
    except (smtplib.SMTPException, OSError) as error:
        return f"{type(error).__name__}: {error}"[:500], False
    return "", False


def _finishing(mail: OutgoingMail, error: str, is_permanent: bool) -> Callable[[Session], None]:
    def finish(session: Session) -> None:
        is_late = mail.kind == SIGN_IN_KIND and mail.created_at < utcnow() - SIGN_IN_LATE
        is_last = is_permanent or is_late or mail.attempts > len(RETRY_MINUTES)
        values: dict[str, str | datetime | None] = {"leased_until": None, "last_error": error}
        if not error:
            values |= {"state": "sent", "sent_at": utcnow()}
        elif is_last:
            values |= {"state": "failed"}
            _tell_thread(session, mail, error)
        else:
            wait = timedelta(minutes=RETRY_MINUTES[mail.attempts - 1])
            values |= {"state": "waiting", "send_after": utcnow() + wait}
        if mail.kind == SIGN_IN_KIND and values.get("state") in ("sent", "failed"):
            values |= {"text": ""}
        mine = (OutgoingMail.id == mail.id, OutgoingMail.attempts == mail.attempts)  # not a successor's
        session.execute(update(OutgoingMail).where(*mine).values(**values))
        log(Event.MAIL_FAILED if error else Event.MAIL_SENT, "warning" if error else "info", mail=mail.id)

    return finish


def _tell_thread(session: Session, mail: OutgoingMail, error: str) -> None:
    if mail.case_id is None:
        return
    text = f"The mail to {mail.to_address} could not be delivered: {error}"
    session.add(
        Interaction(
            case_id=mail.case_id,
            kind="event",
            direction="internal",
            channel="email",
            author="system",
            text=text,
            detail={},
        )
    )
