"""A text message's size: GSM 03.38 septets or UCS-2 units, cut into segments (3GPP TS 23.040). Pure.

Invariants: characters of the extension table take two septets and are never split; neither are surrogate pairs; one
character outside GSM makes the whole message UCS-2.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_PLAINER = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "–": "-", "—": "-", "‑": "-", "−": "-",
     "…": "...", "•": "-", "·": "-", "›": ">", "‹": "<", "→": "->", "×": "x", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
     "\u00ad": "", "\u200b": "", "`": "'", "\t": " "}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """What a message costs. ``units``: septets or 16-bit units."""

    encoding: Literal["gsm7", "ucs2"]
    units: int
    segments: int


def plainer(text: str) -> str:
    """Typographic signs as the GSM alphabet has them, where that makes the whole message GSM; else the text as it is."""
    simple = unicodedata.normalize("NFC", text).translate(_PLAINER)
    return simple if all(character in _BASIC or character in _EXTENDED for character in simple) else text


def measure(text: str) -> Size:
    """The size of a message as it stands."""
    if all(character in _BASIC or character in _EXTENDED for character in text):
        return _packed("gsm7", [2 if character in _EXTENDED else 1 for character in text], 160, 153)
    return _packed("ucs2", [2 if ord(character) > 0xFFFF else 1 for character in text], 70, 67)


def _packed(encoding: Literal["gsm7", "ucs2"], widths: list[int], single: int, part: int) -> Size:
    units = sum(widths)
    if units <= single:
        return Size(encoding, units, 1)
    segments, room = 1, part
    for width in widths:
        if width > room:
            segments, room = segments + 1, part
        room -= width
    return Size(encoding, units, segments)
