"""A reply's text around what the agent says (pure): greeting, the customer's own question, closing, ways on, signature.

Invariants: a placeholder without a value becomes its fallback, never a hole with braces; what a channel has no room
for (links under "Did this solve it?") is the caller's to leave out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kb_service.errors import InvalidInput

PLACEHOLDERS = (
    "customer_name", "first_name", "agent_name", "number", "subject", "product", "queue_name", "site_name",
)  # fmt: skip
MAX_QUESTION = 200
_PLACE = re.compile(r"\{([a-z_]{1,40})(?:\|([^{}]{0,200}))?\}")
_GAP = re.compile(r"[ \t]+([,.!?;:])")
_URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
_FIRST_SENTENCE = re.compile(r".+?(?:[.!?](?=\s|$)|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a reply. An empty part is left out."""

    greeting: str = "Hello {first_name|there},"
    closing: str = "Kind regards"
    signature: str = "{agent_name|Your support team}\n{site_name}"
    quote: bool = True


@dataclass(frozen=True, slots=True)
class Letter:
    """A reply's parts, in order. ``solved``: the addresses for yes and no."""

    body: str
    frame: Frame = Frame()
    question: str = ""
    solved: tuple[str, str] | None = None
    request_url: str = ""
    ways: tuple[str, ...] = ()
    reference: str = ""


def check_template(text: str, pointer: str) -> None:
    """Refuse a placeholder that nothing fills."""
    unknown = sorted({match[1] for match in _PLACE.finditer(text)} - set(PLACEHOLDERS))
    if unknown:
        raise InvalidInput(
            f"There is no placeholder {', '.join(unknown)}; there are {', '.join(PLACEHOLDERS)}.", pointer
        )


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its placeholders filled: ``{first_name|there}`` is the value, or else what follows the bar."""
    return _GAP.sub(r"\1", _PLACE.sub(lambda match: values.get(match[1]) or match[2] or "", template)).strip()


def frame_for(stored: Mapping[str, Any], channel: str) -> Frame:
    """A queue's frame on a channel: its own words, what differs on the channel above them, ours beneath."""
    own = {name: value for name, value in stored.items() if name != "channels"}
    there = (stored.get("channels") or {}).get(channel) or {}
    known = {**own, **there}
    return Frame(
        **{name: known[name] for name in ("greeting", "closing", "signature", "quote") if known.get(name) is not None}
    )


def filled(frame: Frame, values: Mapping[str, str]) -> Frame:
    """The frame with every placeholder filled."""
    return Frame(fill(frame.greeting, values), fill(frame.closing, values), fill(frame.signature, values), frame.quote)


def first_question(text: str) -> str:
    """The customer's own question as one line: the first sentence that asks, else the first one."""
    flat = " ".join(text.split())
    sentences = [found.group().strip() for found in _FIRST_SENTENCE.finditer(flat)]
    asked = next((sentence for sentence in sentences if sentence.endswith("?")), sentences[0] if sentences else "")
    return asked if len(asked) <= MAX_QUESTION else asked[: MAX_QUESTION - 1].rstrip() + "…"


def compose(letter: Letter) -> str:
    """The whole mail as text."""
    frame = letter.frame
    question = f"> {letter.question}" if letter.question and frame.quote else ""
    parts = [
        frame.greeting,
        question,
        letter.body,
        _solved(letter),
        frame.closing + "\n" + frame.signature,
        _foot(letter),
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def _solved(letter: Letter) -> str:
    if letter.solved is None:
        return ""
    yes, no = letter.solved
    return f"Did this solve it?\nYes: {yes}\nNo: {no}"


def _foot(letter: Letter) -> str:
    lines = ["-- "]
    if letter.request_url:
        lines.append(f"Read and answer online: {letter.request_url}")
    if letter.ways:
        lines.append("Other ways to reach us: " + " · ".join(letter.ways))
    if letter.reference:
        lines.append(f"Answer to this mail, or keep this reference: {letter.reference}")
    return "\n".join(lines) if len(lines) > 1 else ""


def to_html(text: str) -> str:
    """The same mail as simple HTML: paragraphs, quotations, links; nothing of it is markup of its own."""
    blocks = "\n".join(_block(block) for block in re.split(r"\n{2,}", text.strip()))
    return f'<!doctype html>\n<html><body style="font-family:sans-serif;line-height:1.5">\n{blocks}\n</body></html>\n'


def _block(block: str) -> str:
    is_quoted = block.startswith("> ")
    lines = [_linked(line[2:] if is_quoted and line.startswith("> ") else line) for line in block.split("\n")]
    inner = "<br>\n".join(lines)
    return f"<blockquote>{inner}</blockquote>" if is_quoted else f"<p>{inner}</p>"


def _linked(line: str) -> str:
    parts, end = [], 0
    for match in _URL.finditer(line):
        url = html.escape(match.group(), quote=True)
        parts += [html.escape(line[end : match.start()]), f'<a href="{url}">{url}</a>']
        end = match.end()
    return "".join([*parts, html.escape(line[end:])])
