"""One need in the shape of each channel (pure, deterministic).

portal: its telling words. mail: greeting, politeness, the text, signature, disclaimer and a quoted thread. sms: the first 14
words, small letters, no punctuation at the end. phone: an agent's note of 12 telling words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexers.analysis import STOP_WORDS

PORTAL_WORDS, SMS_WORDS, PHONE_WORDS = 8, 14, 12
SHAPES = ("portal", "mail", "sms", "phone")
_HEADS = (
    "Hello support team,\n\nI hope this finds you well.\n\n",
    "Dear Sir or Madam,\n\nthank you for your quick help last time. Today something else:\n\n",
    "Hi there,\n\n",
)
_TAILS = (
    "\n\nCould you please help us soon?\n\nKind regards,\nJordan Miller\nIT coordinator\nExample Ltd, 12 Harbour Road\n"
    "Phone +44 20 7946 0000\n\nThis e-mail and any attachments are confidential and intended solely for the addressee. If you "
    "have received this message in error, please delete it.\n\nOn Mon, 3 Nov 2025 at 10:12, Support <support@example.com> wrote:\n",
    "\n\nThanks in advance,\nP. Okafor\n-- \nExample GmbH | Ringstrasse 4 | www.example.com\nPlease consider the environment before "
    "printing this e-mail.\n\n-----Original Message-----\nFrom: Support\nSent: Friday\nTo: P. Okafor\nSubject: RE: your question\n\n",
    "\n\nBest,\nSam\n\nSent from my phone\n\nAm 03.11.2025 um 10:12 schrieb Support:\n",
)


def shape(channel: str, text: str, quoted: Sequence[str], number: int) -> str:
    """The text as that channel brings it. ``quoted``: lines of an older thread; ``number`` chooses the writer's manner."""
    if channel == "mail":
        return mail(text, quoted, number)
    if channel == "portal":
        return " ".join(telling(text)[:PORTAL_WORDS]) or text
    if channel == "sms":
        return " ".join(text.split()[:SMS_WORDS]).lower().rstrip(".,;:!?") or text
    return " ".join(telling(text)[:PHONE_WORDS]) or text


def mail(text: str, quoted: Sequence[str], number: int) -> str:
    """A whole e-mail around the text."""
    manner = number % len(_HEADS)
    mark = "" if "Original Message" in _TAILS[manner] else "> "
    return f"{_HEADS[manner]}{text}{_TAILS[manner]}" + "\n".join(mark + line for line in quoted)


def telling(text: str) -> list[str]:
    """Words that carry meaning, as written, without punctuation around them."""
    words = (word.strip(".,;:!?\"'()[]") for word in re.split(r"\s+", text))
    return [word for word in words if word and word.lower() not in STOP_WORDS]
