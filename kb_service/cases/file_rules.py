"""Files that come with what is said in a case (pure): what they are called, how they are served, which may bite.

Invariants: a browser never takes a file for a page of ours; only a picture that is one by its first bytes is shown.
"""

from __future__ import annotations

import re

from kb_service.text import without_flaws

MAX_FILES = 50
MAX_NAME = 120
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|%#\s]+')
_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,80}")
_PICTURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
_ACTIVE_NAME = re.compile(
    r"\.(?:exe|com|scr|pif|bat|cmd|msi|msp|ps1|psm1|vbs?|vbe|jse?|mjs|wsf|wsh|hta|jar|app|dmg|pkg|deb|rpm|sh|py|lnk|url|reg|cpl"
    r"|x?html?|xht|svgz?|swf|iso|img|vhdx?|chm|docm|dotm|xlsm|xltm|xlam|pptm|potm|ppam|one|appx|apk)$",
    re.IGNORECASE,
)
_ACTIVE_BYTES = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"<script", b"<html", b"<!doctype html", b"<svg")


def clean_file_name(name: str) -> str:
    """A name without path or control characters, with its ending kept."""
    name = _UNSAFE.sub("-", without_flaws(name).strip()).strip(".-") or "file"
    if len(name) <= MAX_NAME:
        return name
    stem, dot, suffix = name.rpartition(".")
    return stem[: MAX_NAME - len(suffix) - 1] + dot + suffix if dot and len(suffix) < 12 else name[:MAX_NAME]


def picture_type(content: bytes) -> str | None:
    """Which picture these bytes are; None: none that a browser is given to show."""
    for media_type, starts in _PICTURES.items():
        if content.startswith(starts) and (media_type != "image/webp" or content[8:12] == b"WEBP"):
            return media_type
    return None


def stored_type(media_type: str, content: bytes) -> str:
    """The type that is kept: by the bytes for pictures, else as it was said where that is a type at all."""
    said = media_type.split(";")[0].strip().lower()
    found = picture_type(content)
    if found:
        return found
    return said if _TYPE.fullmatch(said) and not said.startswith("image/") else "application/octet-stream"


def is_active(name: str, content: bytes) -> bool:
    """Whether opening it can run something: said before it is opened."""
    return bool(_ACTIVE_NAME.search(name)) or content[:200].lstrip().lower().startswith(
        tuple(start.lower() for start in _ACTIVE_BYTES)
    )


def served_type(media_type: str) -> tuple[str, str]:
    """The type and the disposition that a browser is told."""
    if media_type in _PICTURES:
        return media_type, "inline"
    return "application/octet-stream", "attachment"
