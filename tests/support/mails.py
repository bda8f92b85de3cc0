"""Mails as clients, machines and broken programs write them, each with what must become of it.

`make(n, seeds)` cycles through every shape. A seed is a case with a reply of ours, which the mails answer.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OURS = "support@example.com"


@dataclass(frozen=True, slots=True)
class Seed:
    """A case with a mail of ours in it."""

    number: str
    reference: str
    subject: str
    address: str
    first_id: str
    our_id: str
    our_text: str


@dataclass(frozen=True, slots=True)
class Made:
    """A mail, and what must become of it. ``expects``: an outcome; ``case``: the case that it belongs to;
    ``says``: must stand in the text; ``quotes``: must not; ``copies``: how often it is delivered."""

    shape: str
    raw: bytes
    expects: str
    case: str | None = None
    says: str = ""
    quotes: str = ""
    sender: str = "someone@example.org"
    copies: int = 1


@dataclass(frozen=True, slots=True)
class At:
    """Where a shape is used: its number in the row, and the case it is about."""

    n: int
    seed: Seed

    @property
    def mark(self) -> str:
        """A word that only this mail holds."""
        return f"marker{self.n:05d}"

    @property
    def message_id(self) -> str:
        return f"<m{self.n}.{random.Random(self.n).randrange(10**9)}@mail.example.org>"

    @property
    def stranger(self) -> str:
        return f"person{self.n}@example.org"


Shape = Callable[[At], Made]
SHAPES: dict[str, Shape] = {}


def shape(made: Shape) -> Shape:
    """Note a shape under its function's name."""
    SHAPES[made.__name__] = made
    return made


def wire(headers: Sequence[tuple[str, str]], body: str | bytes) -> bytes:
    """A raw message."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("utf-8", "surrogateescape")
    content = body.replace("\n", "\r\n").encode() if isinstance(body, str) else body
    return head + b"\r\n" + content


def heads(at: At, sender: str, subject: str, *more: tuple[str, str], to: str = OURS) -> list[tuple[str, str]]:
    """The headers that every mail has."""
    return [
        ("Received", f"from mx.example.org by mail.example.com; Mon, 2 Mar 2026 09:{at.n % 60:02d}:00 +0000"),
        ("From", sender),
        ("To", to),
        ("Subject", subject),
        ("Date", f"Mon, 2 Mar 2026 08:{at.n % 60:02d}:{at.n // 60 % 60:02d} +0000"),
        ("Message-ID", at.message_id),
        ("MIME-Version", "1.0"),
        *more,
    ]


def text_type(charset: str = "utf-8", encoding: str = "8bit") -> tuple[tuple[str, str], tuple[str, str]]:
    """Content headers of a text."""
    return ("Content-Type", f"text/plain; charset={charset}"), ("Content-Transfer-Encoding", encoding)


def multipart(kind: str, *parts: str, more: str = "") -> tuple[tuple[str, str], str]:
    """The content header and the body of a multipart; each part is its headers, a blank line, its content."""
    edge = "=_edge_" + kind.replace("/", "_")
    body = "".join(f"--{edge}\n{part}\n" for part in parts) + f"--{edge}--\n"
    return ("Content-Type", f'multipart/{kind}; boundary="{edge}"{more}'), body


def part(content_type: str, content: str, *more: str) -> str:
    return "\n".join([f"Content-Type: {content_type}", *more, "", content])


def encoded(content: bytes) -> str:
    return base64.encodebytes(content).decode()


def file_part(content_type: str, name: str, content: bytes, *more: str) -> str:
    named = f'Content-Disposition: attachment; filename="{name}"'
    return part(content_type, encoded(content), "Content-Transfer-Encoding: base64", *(more or (named,)))


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n"))


def references(seed: Seed) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("In-Reply-To", seed.our_id), ("References", f"{seed.first_id}\r\n {seed.our_id}")


def make(n: int, seeds: Sequence[Seed]) -> Made:
    """The n-th mail: every shape in turn, every seed in turn."""
    from tests.support import mails_by_machines, mails_new, mails_replying  # noqa: F401 - they fill SHAPES

    names = sorted(SHAPES)
    return SHAPES[names[n % len(names)]](At(n, seeds[n // len(names) % len(seeds)]))
