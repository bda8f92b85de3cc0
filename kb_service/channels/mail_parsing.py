"""A mail as it comes over the wire, read (pure): who, to whom, about what, what was said, what came along.

Invariants: nothing raises, whatever the bytes, and nothing is dropped: what cannot be read comes along as a file; the
same message gives the same ``external_id``, by its Message-ID or else by a hash of what its writer sent.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from email.errors import MessageError
from email.parser import BytesParser
from email.policy import compat32

from kb_service.cases.safe_html import MAX_HTML, clean_html
from kb_service.channels.mail_automatic import Bounce, Kind, is_no_reply, kind_of, may_be_answered, read_bounce
from kb_service.channels.mail_bodies import decode_bytes, html_to_text, unflow
from kb_service.channels.mail_folding import fold
from kb_service.channels.mail_headers import (
    Address,
    Mime,
    addresses,
    bare_address,
    decoded,
    header,
    message_ids,
    raw_values,
)
from kb_service.text import without_flaws

MAX_TEXT = 100_000
MAX_SUBJECT = 300
MAX_DEPTH = 30
MAX_PARTS = 1000
MAX_IDS = 60
_NOISE = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_NEEDS_HTML = re.compile(r"\b(?:html|view (?:it|this)|your (?:mail|e-mail) (?:client|program))\b", re.IGNORECASE)
_REPLY_PREFIX = re.compile(
    r"\s*(?:re|aw|antw|sv|rv|ref|odp|vs|回复|答复)\s*(?:\[\d+\]|\(\d+\))?\s*[::]\s*", re.IGNORECASE
)
_ANY_PREFIX = re.compile(
    r"\s*(?:(?:re|aw|antw|sv|rv|ref|odp|vs|fwd?|wg|tr|enc|回复|答复|转发)\s*(?:\[\d+\]|\(\d+\))?\s*[::]|\[(?:ext(?:ern(?:al)?)?|extern)\])\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file that came with a mail. ``content_id``: what its HTML calls it by."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the mail server said beside the message. ``sender`` None: nobody knows; empty: ``<>``."""

    sender: str | None = None
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, read. ``quoted``: signature and quotation; ``html``: safe, as it was formatted; empty without."""

    external_id: str
    fingerprint: str
    kind: Kind
    sender: Address
    recipients: tuple[str, ...]
    subject: str
    text: str
    quoted: str
    html: str
    files: tuple[MailFile, ...]
    reply_to_ids: tuple[str, ...]
    may_be_answered: bool
    bounce: Bounce = field(default_factory=Bounce)

    @property
    def is_reply(self) -> bool:
        """The subject says so."""
        return bool(_REPLY_PREFIX.match(self.subject))

    @property
    def base_subject(self) -> str:
        """The subject without "Re:" and the like."""
        return base_subject(self.subject)


def base_subject(subject: str) -> str:
    """A subject without "Re:", "AW:", "Fwd:" and marks of outside mail, however many."""
    for _ in range(10):
        shorter = _ANY_PREFIX.sub("", subject, count=1) if _ANY_PREFIX.match(subject) else subject
        if shorter == subject:
            break
        subject = shorter
    return " ".join(subject.split())


@dataclass(slots=True)
class _Body:
    """What a part and its parts say. ``text`` and ``html`` are two forms of the same."""

    text: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[MailFile] = field(default_factory=list)

    def add(self, other: _Body) -> None:
        """What follows; each form goes on with what the other one lacks."""
        self.text += other.text or [html_to_text(one) for one in other.html]
        self.html += other.html
        self.files += other.files


def parse_mail(raw: bytes, envelope: Envelope = Envelope()) -> Mail:
    """Read a raw message (RFC 5322)."""
    try:
        message: Mime = BytesParser(policy=compat32).parsebytes(raw)
        body = _read(message, 0)
    except (RecursionError, MessageError, ValueError, LookupError, AttributeError, TypeError):
        message = BytesParser(policy=compat32).parsebytes(raw, headersonly=True)
        body = _Body(files=[MailFile("message.eml", "message/rfc822", raw)])
    return _assembled(message, body, raw, envelope)


def _assembled(message: Mime, body: _Body, raw: bytes, envelope: Envelope) -> Mail:
    whole, html = _said(body)
    kind = kind_of(message, envelope.sender)
    sender = _sender(message, envelope)
    folded = fold(whole)
    files = body.files[:MAX_PARTS]
    if len(folded.text) > MAX_TEXT:
        files.append(MailFile("message.txt", "text/plain", folded.text.encode("utf-8", "replace")))
    return Mail(
        external_id=_identity(message, raw),
        fingerprint=_digest(sender.address.encode(), *(value.encode() for value in raw_values(message, "Date")[:1])),
        kind=kind,
        sender=sender,
        recipients=_recipients(message, envelope),
        subject=header(message, "Subject")[:MAX_SUBJECT].strip(),
        text=folded.text[:MAX_TEXT],
        quoted=folded.rest[:MAX_TEXT],
        html=clean_html(html) if html else "",
        files=tuple(files),
        reply_to_ids=_reply_ids(message),
        may_be_answered=may_be_answered(message, kind, sender.address),
        bounce=read_bounce(message, whole) if kind in (Kind.BOUNCE, Kind.DELAY) else Bounce(),
    )


def _said(body: _Body) -> tuple[str, str]:
    text = without_flaws("\n\n".join(part.strip("\n") for part in body.text if part.strip()))
    html = "\n<hr>\n".join(body.html)[:MAX_HTML]
    if not html:
        return text, ""
    is_stub = len(text.split()) < 3 or (len(text) < 400 and _NEEDS_HTML.search(text))
    if not is_stub:
        return text, html
    read = html_to_text(html)
    return (read if len(read.split()) > len(text.split()) else text), html


def _sender(message: Mime, envelope: Envelope) -> Address:
    """Who wrote; where nobody reads that address (a form on a web site), whom to answer."""
    found = next(iter(addresses(message, "From", "Sender")), None)
    if found is None or is_no_reply(found.address):
        found = next(iter(addresses(message, "Reply-To")), found)
    return found or Address(bare_address(envelope.sender or ""))


def _recipients(message: Mime, envelope: Envelope) -> tuple[str, ...]:
    named = addresses(message, "To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
    found = [*(bare_address(one) for one in envelope.recipients), *(one.address for one in named)]
    return tuple(dict.fromkeys(one for one in found if one))


def _reply_ids(message: Mime) -> tuple[str, ...]:
    """Message-IDs that this one answers, the nearest first."""
    nearest = [*message_ids(message, "In-Reply-To"), *reversed(message_ids(message, "References"))]
    return tuple(dict.fromkeys(nearest))[:MAX_IDS]


def _identity(message: Mime, raw: bytes) -> str:
    found = message_ids(message, "Message-ID")
    if found:
        return found[0]
    body = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[-1].replace(b"\r\n", b"\n").rstrip()
    named = [value for name in ("From", "Date", "Subject", "To") for value in raw_values(message, name)[:1]]
    return f"sha256:{_digest(*(value.encode() for value in named), body)}"


def _digest(*parts: bytes) -> str:
    made = hashlib.sha256()
    for part in parts:
        made.update(len(part).to_bytes(8, "big") + part)
    return made.hexdigest()


def _read(part: Mime, depth: int) -> _Body:
    """A part with its parts. Deeper than mails are, a part is a file."""
    payload, kind = part.get_payload(), part.get_content_type()
    if kind == "message/rfc822" or depth > MAX_DEPTH:
        return _Body(files=[_forwarded(part)])
    if kind == "message/delivery-status":
        return _Body()
    if not isinstance(payload, list):
        return _leaf(part, kind)
    forms = [_read(child, depth + 1) for child in payload[:MAX_PARTS] if isinstance(child, Mime)]
    if kind == "multipart/alternative":
        return _alternative(forms)
    body = _Body()
    for form in forms:
        body.add(form)
    return body


def _alternative(forms: list[_Body]) -> _Body:
    """The plainest text and the richest page of the forms, with every file."""
    text = next((form.text for form in forms if any(one.strip() for one in form.text)), [])
    html = next((form.html for form in reversed(forms) if form.html), [])
    if not text and html:
        text = [html_to_text(one) for one in html]
    return _Body(list(text), list(html), [file for form in forms for file in form.files])


def _leaf(part: Mime, kind: str) -> _Body:
    data = part.get_payload(decode=True)
    content = data if isinstance(data, bytes) else b""
    name = _name(part)
    is_file = part.get_content_disposition() == "attachment" or bool(name)
    if kind == "text/html" and not is_file:
        return _Body(html=[_text(part, content)])
    if kind in ("text/plain", "text/enriched", "text/rfc822-headers") and not is_file:
        return _Body(text=[_plain(part, content)]) if kind != "text/rfc822-headers" else _Body()
    if kind in _NOISE or not content.strip():
        return _Body()
    content_id = header(part, "Content-ID").strip("<> ")[:200]
    return _Body(files=[MailFile(name or _invented(kind), kind, content, content_id)])


def _text(part: Mime, content: bytes) -> str:
    charset = str(part.get_param("charset") or "utf-8")
    return without_flaws(decode_bytes(content, charset)).replace("\r\n", "\n").replace("\r", "\n")


def _plain(part: Mime, content: bytes) -> str:
    text = _text(part, content)
    if str(part.get_param("format") or "").lower() != "flowed":
        return text
    return unflow(text, str(part.get_param("delsp") or "").lower() == "yes")


def _name(part: Mime) -> str:
    try:
        found = part.get_filename() or ""
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return "file"
    return " ".join(without_flaws(decoded(str(found))).split())[:200]


def _invented(kind: str) -> str:
    suffixes = {"text/calendar": "ics", "image/jpeg": "jpg", "text/html": "html", "text/plain": "txt"}
    return f"file.{suffixes.get(kind, kind.partition('/')[2][:12] if kind.startswith('image/') else 'bin')}"


def _forwarded(part: Mime) -> MailFile:
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else part
    assert isinstance(inner, Mime)
    try:
        content = inner.as_bytes(policy=compat32)
    except (RecursionError, MessageError, ValueError, LookupError, AttributeError, TypeError, KeyError):
        content = str(inner.get_payload()).encode("utf-8", "replace")
    subject = base_subject(header(inner, "Subject"))[:80]
    return MailFile(f"{subject or 'message'}.eml", "message/rfc822", content)
