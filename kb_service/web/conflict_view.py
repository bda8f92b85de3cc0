"""Two texts of one article side by side, with what each side changed. Pure.

Invariant: both texts stand on the page, whole; what only one side changed is taken over, what both changed waits for
the author's word and begins with the author's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kb_service.catalog.vocabulary import Catalog
from kb_service.web.editor_form import LINES, TEXTS, AppliesRow, applies_rows, is_same

ORDER = ("title", *TEXTS, "keywords", "applies_to", "topics", "audience", *LINES[1:], "family", "significance")


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """One field. ``who``: same, mine, theirs or both (changed it); ``result``: what would be saved."""

    name: str
    who: str
    mine: str
    theirs: str
    result: Any
    is_text: bool

    @property
    def lines(self) -> str:
        """The result as a form's text."""
        return as_text(self.result)

    @property
    def applies(self) -> list[AppliesRow]:
        """The result as rows of pickers."""
        return applies_rows(self.result or ())


def conflict_rows(
    base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any], catalog: Catalog
) -> list[ConflictRow]:
    """Every field that the form states."""
    return [_row(name, base.get(name), mine[name], theirs.get(name), catalog) for name in ORDER if name in mine]


def _row(name: str, base: Any, mine: Any, theirs: Any, catalog: Catalog) -> ConflictRow:
    i_changed = not is_same(name, base, mine, catalog)
    they_changed = not is_same(name, base, theirs, catalog)
    if is_same(name, mine, theirs, catalog):
        who = "same"
    else:
        who = "both" if i_changed and they_changed else "mine" if i_changed else "theirs"
    result = theirs if who == "theirs" else mine
    return ConflictRow(name, who, as_text(mine), as_text(theirs), result, name in (*TEXTS, "title", "keywords"))


def as_text(value: Any) -> str:
    """A value as lines."""
    if isinstance(value, list | tuple):
        return "\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in value)
    return "" if value is None else str(value)
