"""What a message asks, without its wrapping (pure): greeting, signature, disclaimer and quotation recognised.

Nothing is ever lost for good: a text that would become empty is returned whole.
"""

from __future__ import annotations

import re

_QUOTE_START = re.compile(
    r"^\s*(?:on\b.{4,200}\bwrote:"
    r"|am\b.{4,200}\bschrieb\b.{0,120}:|le\b.{4,200}\ba écrit\s*:|-{2,}\s*original message\s*-{2,}|-{2,}\s*forwarded message.*|_{10,}"
    r"|from:\s.+|begin forwarded message:.*)\s*$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\s*(?:hi|hello|hey|hallo|dear|good (?:morning|afternoon|evening|day)|greetings|to whom it may concern)"
    r"(?:[\s,]+(?:there|all|team|everyone|support|zusammen|sir|madam|or|mr|mrs|ms|dr|[A-Z][\w.'-]*)\.?){0,5}\s*[,!.:-]*\s*$",
    re.IGNORECASE,
)
_GREETING_PREFIX = re.compile(
    r"^\s*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day))"
    r"(?:\s+(?:there|all|team|everyone|support|support team|sir|madam))?\s*[,!]\s*",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^\s*(?:(?:kind|best|warm|many)?\s*regards|best(?: wishes)?|cheers|sincerely|yours(?: sincerely| faithfully| truly)?"
    r"|thanks?(?: you)?(?: (?:and|in|so|very|a|for|again|much|lot|advance|kind|best|regards|your|help|time|support))*"
    r"|many thanks|thx"
    r"|(?:i(?:'m| am)? )?look(?:ing)? forward to (?:hearing|your|a )[^?]{0,60}|sent from my .+|get outlook for .+)\s*[,.!]*\s*$",
    re.IGNORECASE,
)
_PLEASANTRY = re.compile(
    r"^\s*(?:i )?(?:hope (?:this (?:e-?mail|message|note) finds you|you(?:'re| are)? (?:are )?(?:doing |keeping )?well"
    r"|all is well)[^?:]{0,40}"
    r"|(?:please )?let me know if you (?:need|require|have) any[^?:]{0,60}"
    r"|any (?:help|advice|assistance|ideas?) (?:is|would be|will be) (?:much |greatly |highly )?(?:appreciated|welcome)[^?:]{0,20}"
    r"|thank(?:s| you) (?:very much |so much )?(?:in advance|for your (?:help|time|support|assistance))[^?:]{0,60})\s*[.!]*\s*$",
    re.IGNORECASE,
)
"""A line that only is polite. It goes wherever it stands, and what follows stays."""
_DISCLAIMER = re.compile(
    r"(?:^\s*confidentiality notice\b|^\s*the information (?:contained )?in this (?:e-?mail|message|communication)"
    r"\b.{0,60}confidential"
    r"|this (?:e-?mail|message|communication)(?: and any attachments?)? .{0,80}"
    r"(?:confidential|intended (?:only|solely|for)|privileged)"
    r"|if you (?:are not|have received) (?:the intended|this).{0,60}|please consider the environment)",
    re.IGNORECASE,
)
_SIGNATURE_MARK = re.compile(r"^\s*--\s*$")
_MIN_WORDS = 2


def strip_wrapping(text: str) -> str:
    """The part of a message that says what is wanted; a one-line query comes back as it is (less a greeting word)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) == 1:
        return _whole_unless_empty(_GREETING_PREFIX.sub("", text, count=1), text)
    kept = _drop_quotation(lines)
    kept = _drop_ending(kept)
    kept = _drop_greeting(kept)
    kept = [line for line in kept if not _PLEASANTRY.match(line)]
    return _whole_unless_empty("\n".join(kept).strip(), text)


def _whole_unless_empty(stripped: str, original: str) -> str:
    return stripped if len(stripped.split()) >= _MIN_WORDS else original.strip()


def _drop_quotation(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for line in lines:
        if _QUOTE_START.match(line) and any(part.strip() for part in kept):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line)
    return kept if any(line.strip() for line in kept) else lines


def _drop_ending(lines: list[str]) -> list[str]:
    for i, line in enumerate(lines):
        ends = _SIGNATURE_MARK.match(line) or (_CLOSING.match(line) and i) or _DISCLAIMER.search(line)
        if ends and any(part.strip() for part in lines[:i]):
            return lines[:i]
    return lines


def _drop_greeting(lines: list[str]) -> list[str]:
    for i, line in enumerate(lines):
        if not line.strip():
            continue
        if _GREETING.match(line):
            return lines[i + 1 :]
        return [_GREETING_PREFIX.sub("", line, count=1), *lines[i + 1 :]]
    return lines
