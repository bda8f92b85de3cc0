"""A stored passage as people read it (pure): the names of an article's parts never stand bare in the text.

The index keeps "Cause" as a line of its own, for it is worth finding; shown, it leads its paragraph ("Cause: …").
"""

from __future__ import annotations

import re

from kb_service.articles.sections import FIELD_HEADINGS

_LABELS = frozenset(FIELD_HEADINGS.values())
_UNSAID = FIELD_HEADINGS["issue"]
"""What happens needs no label: it stands where the passage begins."""
_ENDS = ".!?:;,…)>|"
_LIST = re.compile(r"\s*(?:[-*•]|\d+[.)])\s")


def readable(text: str) -> str:
    """The passage with every bare part heading made the beginning of the paragraph beneath it."""
    shown: list[str] = []
    label = ""
    paragraphs = text.split("\n\n")
    for place, paragraph in enumerate(paragraphs):
        name, *rest = paragraph.strip().split(" › ")
        if name in _LABELS and "\n" not in paragraph:
            label = rest[-1] if rest else name
            continue
        if not label and place + 1 < len(paragraphs) and _is_heading(paragraph):
            label = paragraph.strip()
            continue
        shown.append(_led(label, paragraph))
        label = ""
    return "\n\n".join(shown) or text


def _is_heading(paragraph: str) -> bool:
    """A short line of its own, without the end of a sentence: that is how merged sections keep their headings."""
    line = paragraph.strip()
    is_short = 0 < len(line) <= 70 and "\n" not in line
    return is_short and line[-1] not in _ENDS and " | " not in line and not _LIST.match(line)


def _led(label: str, paragraph: str) -> str:
    if not label or label == _UNSAID:
        return paragraph
    is_block = "\n" in paragraph.strip() or _LIST.match(paragraph)
    return f"{label}:\n{paragraph}" if is_block else f"{label}: {paragraph}"
