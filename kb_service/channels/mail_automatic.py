"""Is a mail from a person, or from a machine (pure)? Automatic mail is filed and never answered (RFC 3834).

Invariant: what returns undelivered is read before anything else, since mail servers say so in every other way, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from kb_service.channels.mail_bodies import decode_bytes
from kb_service.channels.mail_headers import Mime, bare_address, header, message_ids, raw_values


class Kind(StrEnum):
    """Who or what wrote a mail."""

    PERSON = "person"
    LIST = "list"
    """A person's words by way of a mailing list or group."""
    AUTO_REPLY = "auto_reply"
    BULK = "bulk"
    BOUNCE = "bounce"
    DELAY = "delay"
    READ_RECEIPT = "read_receipt"
    REPORT = "report"
    """Any other machine's report, a complaint about spam say."""
    SPAM = "spam"
    OURS = "ours"


MACHINES = frozenset(Kind) - {Kind.PERSON, Kind.LIST}


@dataclass(frozen=True, slots=True)
class Bounce:
    """What came back: to whom, which of our mails, and why."""

    recipient: str = ""
    message_ids: tuple[str, ...] = ()
    reason: str = ""
    is_delay: bool = False


_DAEMON = re.compile(r"(?:mailer-?daemon|postmaster|mail-?delivery|maildelivery)\b", re.IGNORECASE)
_NO_REPLY = re.compile(r"(?:no|do-?not|donot)[-_.]?reply|bounces?[+@-]|notifications?@|noreply", re.IGNORECASE)
_AWAY = re.compile(
    r"(?:automatic(?:al)? reply|auto(?:matic)?[ -]?(?:reply|response|antwort)|automatische antwort|abwesenheits(?:notiz|meldung)"
    r"|abwesend|out of (?:the )?office|réponse automatique|respuesta automática|risposta automatica|automatisch antwoord"
    r"|i am (?:away|on (?:leave|vacation|holiday)))\b",
    re.IGNORECASE,
)
_UNDELIVERED = re.compile(
    r"(?:undeliver(?:ed|able)|mail delivery (?:failed|failure|system)|delivery (?:status notification|failure|has failed)"
    r"|returned mail|failure notice|nicht zustellbar|unzustellbar|message non remis|non recapitat)",
    re.IGNORECASE,
)
_REPLY_CODE = re.compile(r"^.{0,80}\b[45]\d\d[ -].{0,300}$", re.MULTILINE)
_ANY_ADDRESS = re.compile(r"[\w.+=-]{1,64}@[\w.-]{1,190}")
_BULK_WORDS = frozenset({"bulk", "junk", "auto_reply"})


def kind_of(message: Mime, envelope_sender: str | None) -> Kind:
    """What a mail is by its headers. ``envelope_sender``: empty for ``<>``, None where nobody knows it."""
    report = _report_kind(message)
    if report is not None:
        return report
    sender = header(message, "From")
    if _DAEMON.search(sender.partition("@")[0]) and _is_undelivered(message, envelope_sender):
        return Kind.BOUNCE
    if header(message, "X-Spam-Flag").lower().startswith("yes"):
        return Kind.SPAM
    if _is_automatic(message, envelope_sender):
        return Kind.AUTO_REPLY
    return _kind_by_precedence(message)


def _report_kind(message: Mime) -> Kind | None:
    if message.get_content_type() != "multipart/report":
        return None
    report = str(message.get_param("report-type") or "").lower()
    if report == "disposition-notification":
        return Kind.READ_RECEIPT
    if report not in ("delivery-status", "") or not _status_parts(message):
        return Kind.REPORT
    return Kind.DELAY if read_bounce(message, "").is_delay else Kind.BOUNCE


def _is_undelivered(message: Mime, envelope_sender: str | None) -> bool:
    return envelope_sender == "" or bool(_UNDELIVERED.search(header(message, "Subject"))) or _has_empty_path(message)


def _has_empty_path(message: Mime) -> bool:
    return any(value.strip() == "<>" for value in raw_values(message, "Return-Path"))


def _is_automatic(message: Mime, envelope_sender: str | None) -> bool:
    submitted = header(message, "Auto-Submitted").lower().split(";")[0].strip()
    suppressed = header(message, "X-Auto-Response-Suppress").lower()
    return bool(
        (submitted and submitted != "no")
        or header(message, "X-Autoreply").lower() not in ("", "no")
        or header(message, "X-Autorespond")
        or header(message, "X-AutoReply-From")
        or header(message, "X-Auto-Reply-From")
        or ("oof" in suppressed and _AWAY.match(header(message, "Subject")))
        or _AWAY.match(header(message, "Subject"))
        or envelope_sender == ""
        or (envelope_sender is None and _has_empty_path(message))
    )


def _kind_by_precedence(message: Mime) -> Kind:
    precedence = header(message, "Precedence").lower()
    if precedence in _BULK_WORDS:
        return Kind.BULK
    is_list = precedence == "list" or header(message, "List-Id") or header(message, "List-Unsubscribe")
    if is_list and header(message, "List-Unsubscribe") and not header(message, "List-Post") and precedence != "list":
        return Kind.BULK  # a newsletter: nobody writes to it
    return Kind.LIST if is_list else Kind.PERSON


def may_be_answered(message: Mime, kind: Kind, address: str) -> bool:
    """Whether a receipt may go to whoever wrote this."""
    is_shy = bool(header(message, "X-Auto-Response-Suppress")) or bool(_NO_REPLY.search(address))
    return kind is Kind.PERSON and bool(address) and not is_shy and not _DAEMON.match(address)


def is_no_reply(address: str) -> bool:
    """Whether nobody reads mail at this address."""
    return bool(_NO_REPLY.search(address))


def read_bounce(message: Mime, text: str) -> Bounce:
    """What did not arrive, from the report's own part, else from the words."""
    blocks = [block for part in _status_parts(message) for block in _blocks(part)]
    for block in blocks:
        recipient = bare_address(header(block, "Final-Recipient") or header(block, "Original-Recipient"))
        if not recipient:
            continue
        status = header(block, "Status")
        is_delay = header(block, "Action").lower() in ("delayed", "relayed", "expanded", "delivered")
        reason = header(block, "Diagnostic-Code").partition(";")[2].strip() or status
        return Bounce(recipient, _returned_ids(message), reason[:500], is_delay or status.startswith(("2", "4.4.7 ")))
    code = _REPLY_CODE.search(text[:20_000])
    found = _ANY_ADDRESS.search(text[:20_000])
    reason = code.group().strip() if code else " ".join(text.split())[:300]
    return Bounce(found.group().lower() if found else "", _returned_ids(message), reason[:500])


def _status_parts(message: Mime) -> list[Mime]:
    return [part for part in _children(message) if part.get_content_type() == "message/delivery-status"]


def _children(message: Mime) -> list[Mime]:
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Mime)] if isinstance(payload, list) else []


def _blocks(part: Mime) -> list[Mime]:
    return _children(part)[:50]


def _returned_ids(message: Mime) -> tuple[str, ...]:
    found: list[str] = []
    for part in _children(message):
        if part.get_content_type() == "message/rfc822":
            found += [found_id for inner in _children(part)[:1] for found_id in message_ids(inner, "Message-ID")]
        elif part.get_content_type() == "text/rfc822-headers":
            data = part.get_payload(decode=True)
            text = decode_bytes(data, "utf-8") if isinstance(data, bytes) else ""
            found += re.findall(r"(?im)^message-id:\s*(<[^<>\s]{1,390}>)", text)
    return tuple(found[:10])
