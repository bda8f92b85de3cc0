"""Headers of mail as it comes (pure): decoded whatever encoding they claim, cut to a sane length, never raising."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses

from kb_service.channels.mail_bodies import decode_bytes
from kb_service.text import without_flaws

MAX_HEADER = 20_000
MAX_ADDRESSES = 50
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_ID = re.compile(r"<([^<>\s]{1,390})>")
_BARE_ID = re.compile(r"[^<>\s,;]{1,200}@[^<>\s,;]{1,190}")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]]{1,64}@[^\s@<>,;:\"()\[\]]{1,189}")

Mime = Message
"""A message or a part of one, as the library reads it."""


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox; ``address`` is folded to lower case."""

    address: str
    name: str = ""


def raw_values(message: Mime, name: str) -> list[str]:
    """Every header of this name, unfolded, with bytes outside ASCII read as text."""
    wanted = name.lower()
    return [_unfolded(str(value)) for key, value in message.raw_items() if key.lower() == wanted]


def header(message: Mime, name: str) -> str:
    """The first header of this name as people read it; empty when there is none."""
    values = raw_values(message, name)
    return " ".join(without_flaws(decoded(values[0])).split()) if values else ""


def _unfolded(value: str) -> str:
    value = value[:MAX_HEADER]
    if not value.isascii():
        value = decode_bytes(value.encode("utf-8", "surrogateescape"), "utf-8")
    return _FOLD.sub(" ", value).strip()


def decoded(value: str) -> str:
    """Encoded words (RFC 2047) as text; what cannot be decoded stays as it is."""
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError, binascii.Error):
        return value
    return "".join(_word(part, charset) for part, charset in parts)


def _word(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    if charset is None:  # the library's own escape for what stood between encoded words
        return part.decode("raw-unicode-escape", "replace")
    return decode_bytes(part, charset)


def message_ids(message: Mime, name: str) -> list[str]:
    """Message-IDs in a header, each with its angle brackets, in order; bare ones of careless clients, too."""
    found: list[str] = []
    for value in raw_values(message, name):
        inside = _ID.findall(value) or _BARE_ID.findall(value)
        found += [f"<{without_flaws(one)}>" for one in inside]
    return list(dict.fromkeys(found))


def addresses(message: Mime, *names: str) -> list[Address]:
    """Mailboxes in these headers, in order."""
    found: list[Address] = []
    for name in names:
        for value in raw_values(message, name):
            found += _mailboxes(value)
    return found[:MAX_ADDRESSES]


def _mailboxes(value: str) -> list[Address]:
    try:
        pairs = getaddresses([value])
    except (RecursionError, ValueError, IndexError):
        pairs = []
    found = [_mailbox(name, address) for name, address in pairs if _ADDRESS.fullmatch(address)]
    return found or [_mailbox("", address) for address in _ADDRESS.findall(decoded(value))[:MAX_ADDRESSES]]


def _mailbox(name: str, address: str) -> Address:
    return Address(address.lower(), " ".join(without_flaws(decoded(name)).split())[:200])


def bare_address(value: str) -> str:
    """An address as an envelope gives it, folded; empty when it is none (``<>``)."""
    found = _ADDRESS.search(value)
    return found.group().lower() if found else ""
