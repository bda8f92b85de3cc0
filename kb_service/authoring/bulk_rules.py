"""What may be changed of many articles at once, and what that makes of one of them (pure). Validation is never among it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

MOST: Final = 200


@dataclass(frozen=True, slots=True)
class BulkEdit:
    """What to set; None leaves a field alone. Keywords are added and removed, not replaced."""

    audience: tuple[str, ...] | None = None
    owner: str | None = None
    applies_to: tuple[Mapping[str, Any], ...] | None = None
    add_keywords: tuple[str, ...] = ()
    remove_keywords: tuple[str, ...] = ()
    archive: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether it says nothing at all."""
        return not self.plain()

    def plain(self) -> dict[str, Any]:
        """As it is kept."""
        kept = {"audience": self.audience, "owner": self.owner, "applies_to": self.applies_to}
        more = {"add_keywords": self.add_keywords, "remove_keywords": self.remove_keywords, "archive": self.archive}
        stated = {n: v for n, v in kept.items() if v is not None} | {n: v for n, v in more.items() if v}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in stated.items()}


@dataclass(frozen=True, slots=True)
class Now:
    """What stands there: ``applies_key`` is the applicability's canonical key, ``applies_to`` the same as written."""

    audience: Sequence[str]
    owner: str
    keywords: Sequence[str]
    applies_key: str
    applies_to: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """What an edit makes of one article: the fields that change, before and after."""

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def plan(edit: BulkEdit, now: Now, applies_key: str | None) -> Planned:
    """The fields that an edit changes of an article. ``applies_key``: of what the edit states, None where it states none."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if edit.audience is not None and set(edit.audience) != set(now.audience):
        before["audience"], after["audience"] = list(now.audience), sorted(set(edit.audience))
    if edit.owner is not None and edit.owner != now.owner:
        before["owner"], after["owner"] = now.owner, edit.owner
    if edit.applies_to is not None and applies_key != now.applies_key:
        before["applies_to"] = [dict(entry) for entry in now.applies_to]
        after["applies_to"] = [dict(entry) for entry in edit.applies_to]
    words = keywords_after(now.keywords, edit.add_keywords, edit.remove_keywords)
    if words != list(now.keywords):
        before["keywords"], after["keywords"] = list(now.keywords), words
    return Planned(before, after)


def keywords_after(now: Sequence[str], added: Sequence[str], removed: Sequence[str]) -> list[str]:
    """Keywords with some added and some removed, whatever their case; the order stays."""
    gone = {word.casefold() for word in removed}
    kept = [word for word in now if word.casefold() not in gone]
    known = {word.casefold() for word in kept} | gone
    return [*kept, *(word for word in dict.fromkeys(added) if word.casefold() not in known)]
