"""Columns of everything a search filters by: one row per article record, one per passage, in journal order.

Invariants: rows are only appended; a superseded or withdrawn article keeps its rows and is not alive; a view is
immutable and safe in any thread. Keys, audience sets, languages, types and topic sets are interned to small codes, so a
filter is decided once per distinct value and then looked up. Row numbers depend on the journal alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from indexers.engine import Filter

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
MASK_CACHE = 32
TOPIC_SEPARATOR = "/"

_ARTICLE = np.dtype(
    [
        ("id", "i8"), ("seq", "i8"), ("version", "i8"), ("family", "i8"), ("updated", "f8"), ("revision", "i4"),
        ("key", "i4"), ("audience", "i4"), ("language", "i4"), ("type", "i4"), ("topics", "i4"),
        ("first", "i4"), ("count", "i4"),
    ]
)  # fmt: skip
_PASSAGE = np.dtype([("article", "i4"), ("key", "i4"), ("row", "i8")])
INTERNED = ("key", "audience", "language", "type", "topics")


class Interner:
    """Distinct values to small codes, append-only."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, value: str) -> int:
        """The value's code, new when it was never seen."""
        code = self._codes.get(value)
        if code is None:
            self.values.append(value)
            code = self._codes[value] = len(self.values) - 1
        return code


def join_set(values: tuple[str, ...] | list[str]) -> str:
    """A set of strings as one canonical string (separator U+001F)."""
    return "\x1f".join(sorted(set(values)))


def split_set(value: str) -> list[str]:
    """The inverse of ``join_set``."""
    return value.split("\x1f") if value else []


class Column:
    """A growing structured array; views of its beginning stay valid."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._array: Array = np.zeros(64, dtype=dtype)
        self.length = 0

    def append(self, rows: Array) -> None:
        """Add rows at the end."""
        needed = self.length + len(rows)
        if needed > len(self._array):
            grown = np.zeros(max(needed, 2 * len(self._array)), dtype=self._array.dtype)
            grown[: self.length] = self._array[: self.length]
            self._array = grown
        self._array[self.length : needed] = rows
        self.length = needed

    def view(self) -> Array:
        """The rows so far."""
        return self._array[: self.length]


class Tables:
    """The mutable side: owned by one thread at a time, frozen into views."""

    def __init__(self) -> None:
        self.interners = {name: Interner() for name in INTERNED}
        self.titles: list[str] = []
        self.keywords: list[tuple[str, ...]] = []
        self.canonical: dict[str, str] = {}
        self.slots: dict[int, int] = {}
        self.tombstones: dict[int, tuple[int, float]] = {}
        self._articles = Column(_ARTICLE)
        self._passages = Column(_PASSAGE)
        self._dead: list[int] = []
        self._alive: Mask = np.zeros(0, dtype=np.bool_)

    def version_held(self, article_id: int) -> tuple[int, bool]:
        """(index_version, is_tombstone) of what is held; (-1, False) for nothing."""
        if article_id in self.tombstones:
            return self.tombstones[article_id][0], True
        slot = self.slots.get(article_id)
        return (-1, False) if slot is None else (int(self._articles.view()["version"][slot]), False)

    def add(self, meta: Mapping[str, Any], first_row: int, count: int, *, is_void: bool = False) -> None:
        """Append an article record and its passages; it replaces what was alive of the article."""
        slot = self._articles.length
        code = {name: self.interners[name].code(meta[name]) for name in INTERNED}
        row = (
            meta["id"], meta["seq"], meta["version"], meta["family"], meta["updated"], meta["revision"],
            code["key"], code["audience"], code["language"], code["type"], code["topics"], self._passages.length, count,
        )  # fmt: skip
        self._articles.append(np.array([row], dtype=_ARTICLE))
        passages = np.zeros(count, dtype=_PASSAGE)
        passages["article"] = slot
        passages["key"] = [self.interners["key"].code(key) for key in meta["keys"]]
        passages["row"] = np.arange(first_row, first_row + count)
        self._passages.append(passages)
        self.titles.append("" if is_void else meta["title"])
        self.keywords.append(() if is_void else tuple(meta["keywords"]))
        if is_void:
            self._dead.append(slot)
            return
        self.canonical.update(meta["applicabilities"])
        self._bury(meta["id"])
        self.tombstones.pop(meta["id"], None)
        self.slots[meta["id"]] = slot

    def withdraw(self, article_id: int, version: int, at: float) -> None:
        """Replace the article by a tombstone."""
        self._bury(article_id)
        self.tombstones[article_id] = (version, at)

    def _bury(self, article_id: int) -> None:
        slot = self.slots.pop(article_id, None)
        if slot is not None:
            self._dead.append(slot)

    def versions(self) -> dict[int, int]:
        """article_id → index_version; negative for tombstones."""
        column = self._articles.view()["version"]
        held = {article: int(column[slot]) for article, slot in self.slots.items()}
        return held | {article: -version for article, (version, _) in self.tombstones.items()}

    def sequence_of(self, article_id: int) -> int | None:
        """The sequence number of the live record of an article."""
        slot = self.slots.get(article_id)
        return None if slot is None else int(self._articles.view()["seq"][slot])

    def freeze(self) -> View:
        """An immutable view of the present state; costs one copy of the liveness bits."""
        alive = np.ones(self._articles.length, dtype=np.bool_)
        alive[: len(self._alive)] = self._alive
        alive[self._dead] = False
        self._dead.clear()
        self._alive = alive
        values = {name: interner.values[:] for name, interner in self.interners.items()}
        articles, passages = self._articles.view(), self._passages.view()
        return View(articles, passages, alive, values, self.canonical, self.titles, self.keywords)


@dataclass(frozen=True)
class Admitted:
    """What a filter lets through: ``articles`` (by slot) by their own key, ``passages`` (by row) by theirs.

    ``values`` names, per interned column, the admitted values, or None when all are.
    """

    articles: Mask
    passages: Mask
    passage_count: int
    values: Mapping[str, frozenset[str] | None]


@dataclass(frozen=True)
class View:
    """An immutable state of the tables. ``titles`` and ``keywords`` may be longer than ``articles``."""

    articles: Array
    passages: Array
    alive: Mask
    values: Mapping[str, list[str]]
    canonical: Mapping[str, str]
    titles: list[str]
    keywords: list[tuple[str, ...]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cache", {})
        object.__setattr__(self, "_lock", Lock())

    @cached_property
    def live_passages(self) -> Mask:
        """Passages of live articles, by row."""
        live: Mask = self.alive[self.passages["article"]]
        return live

    @cached_property
    def live_count(self) -> int:
        """How many live passages there are."""
        return int(np.count_nonzero(self.live_passages))

    @cached_property
    def _sorted_ids(self) -> tuple[Array, Array]:
        slots = np.flatnonzero(self.alive)
        order = slots[np.argsort(self.articles["id"][slots], kind="stable")]
        return np.ascontiguousarray(self.articles["id"][order]), order

    def slots_of(self, article_ids: Array) -> Array:
        """Slots of live articles; -1 for those that are not held."""
        ids, order = self._sorted_ids
        if not len(ids):
            return np.full(len(article_ids), -1)
        at = np.minimum(np.searchsorted(ids, article_ids), len(ids) - 1)
        return np.where(ids[at] == article_ids, order[at], -1)

    @cached_property
    def newest_first(self) -> Array:
        """Live slots by ``updated`` descending, then article id descending."""
        slots = np.flatnonzero(self.alive)
        rows = self.articles[slots]
        return np.asarray(slots[np.lexsort((-rows["id"], -rows["updated"]))])

    @cached_property
    def keys_in_use(self) -> dict[str, str]:
        """Applicability key → canonical, for keys of live articles and passages."""
        used = np.zeros(len(self.values["key"]), dtype=np.bool_)
        used[self.articles["key"][self.alive]] = True
        used[self.passages["key"][self.live_passages]] = True
        keys = (self.values["key"][code] for code in np.flatnonzero(used))
        return {key: self.canonical.get(key, "") for key in keys}

    def admit(self, filter: Filter) -> Admitted:
        """Evaluate a filter; the newest 32 results are kept."""
        cache: dict[Filter, Admitted] = self.__dict__["_cache"]
        found = cache.get(filter)
        if found is None:
            found = self._admit(filter)
            with self.__dict__["_lock"]:
                while len(cache) >= MASK_CACHE:
                    cache.pop(next(iter(cache)))
                cache[filter] = found
        return found

    def _admit(self, filter: Filter) -> Admitted:
        tests = _tests(filter)
        codes = {name: self._codes(name, test) for name, test in tests.items()}
        articles = self.alive
        for name, admitted in codes.items():
            if name != "key" and admitted is not None:
                articles = articles & admitted[self.articles[name]]
        passages = articles[self.passages["article"]]
        keys = codes["key"]
        if keys is not None:
            passages &= keys[self.passages["key"]]
            articles = articles & keys[self.articles["key"]]
        values = {name: None if mask is None else self._named(name, mask) for name, mask in codes.items()}
        return Admitted(articles, passages, int(np.count_nonzero(passages)), values)

    def _codes(self, name: str, test: Callable[[str], bool] | None) -> Mask | None:
        """By code, whether the value passes; None when all do."""
        if test is None:
            return None
        mask = np.fromiter((test(value) for value in self.values[name]), dtype=np.bool_, count=len(self.values[name]))
        return None if mask.all() else mask

    def _named(self, name: str, mask: Mask) -> frozenset[str]:
        return frozenset(self.values[name][code] for code in np.flatnonzero(mask))


def _tests(filter: Filter) -> dict[str, Callable[[str], bool] | None]:
    keys, language, types, topics = filter.keys, filter.language, filter.types, filter.topics
    return {
        "key": None if keys is None else keys.__contains__,
        "audience": lambda value: not filter.audiences.isdisjoint(split_set(value)),
        "language": None if language is None else language.__eq__,
        "type": None if types is None else types.__contains__,
        "topics": None if topics is None else lambda value: any(_is_beneath(path, topics) for path in split_set(value)),
    }


def _is_beneath(path: str, topics: frozenset[str]) -> bool:
    """Whether the topic is one of these, or lies beneath one."""
    while path:
        if path in topics:
            return True
        path = path.rpartition(TOPIC_SEPARATOR)[0]
    return False
