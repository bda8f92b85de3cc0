"""Pinned answers and approved synonyms, as search reads them: one small view, re-read at most every second."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from indexers.analysis import analyze, analyze_query
from kb_service.catalog.context import Context
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from kb_service.search.evidence import Calibration
from kb_service.search.fusion import Weights
from kb_service.search.models import Pin, SiteState, SynonymSet
from kb_service.search.scopes import Scope

_REFRESH_SECONDS = 1.0
FUSION = "fusion"
"""The name of the fitted weights among the site's states."""


@dataclass(frozen=True)
class Curation:
    """Pins by folded phrase and synonyms by analysed term or phrase, each with its scope."""

    pins: Mapping[str, tuple[tuple[Scope, int], ...]]
    synonyms: Mapping[str, tuple[tuple[Scope, str], ...]]
    calibration: Calibration
    stamp: str
    weights: Weights | None = None
    """Fitted to this knowledge base; None: as shipped."""

    def pinned(self, query: str, context: Context) -> tuple[int, ...]:
        """Articles pinned for exactly this phrase in this context, each once."""
        if not self.pins:
            return ()
        return tuple(dict.fromkeys(a for scope, a in self.pins.get(fold(query), ()) if scope.holds(context)))

    def expansions(self, context: Context) -> dict[str, tuple[str, ...]]:
        """Analysed term, or terms joined by spaces → analysed synonyms valid in the context."""
        chosen = {t: tuple(o for scope, o in others if scope.holds(context)) for t, others in self.synonyms.items()}
        return {term: others for term, others in chosen.items() if others}


@dataclass(frozen=True)
class Rows:
    """What a curation is made of."""

    pins: tuple[Pin, ...]
    synonyms: tuple[SynonymSet, ...]
    calibration: Calibration
    weights: Weights | None = None


def fold(phrase: str) -> str:
    """A phrase without case, punctuation and extra spaces."""
    return " ".join(re.findall(r"\w+", phrase.casefold()))


class CurationCache:
    """The current curation; cheap to ask for on every request."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._current: Curation | None = None

    def current(self) -> Curation:
        """The view, at most a second old."""
        now = time.monotonic()
        if self._current is not None and now - self._read_at < _REFRESH_SECONDS:
            return self._current
        with self._lock:
            if self._current is None or now - self._read_at >= _REFRESH_SECONDS:
                with self._database.reading() as session:
                    self._current = load(session, utcnow())
                self._read_at = now
        return self._current

    def invalidate(self) -> None:
        """Read again at the next question."""
        self._read_at = 0.0


def load(session: Session, now: datetime) -> Curation:
    """Read what is in force at ``now``."""
    return build(read_rows(session, now))


def read_rows(session: Session, now: datetime) -> Rows:
    """The rows in force at ``now``."""
    pins = session.scalars(select(Pin).where(*_in_force(Pin, now)).order_by(Pin.id))
    synonyms = session.scalars(select(SynonymSet).where(*_in_force(SynonymSet, now)).order_by(SynonymSet.id))
    state = session.get(SiteState, "calibration")
    fitted = session.get(SiteState, FUSION)
    return Rows(
        tuple(pins), tuple(synonyms), Calibration.from_dict(state.value) if state else Calibration(),
        Weights.from_dict(fitted.value) if fitted else None,
    )  # fmt: skip


def _in_force(model: type[Pin] | type[SynonymSet], now: datetime) -> list[ColumnElement[bool]]:
    return [or_(model.starts_at.is_(None), model.starts_at <= now), or_(model.ends_at.is_(None), model.ends_at > now)]


def build(rows: Rows) -> Curation:
    """The view of these rows."""
    pins: dict[str, list[tuple[Scope, int]]] = {}
    for pin in rows.pins:
        pins.setdefault(pin.folded, []).append((scope_of(pin), pin.article_id))
    synonyms: dict[str, list[tuple[Scope, str]]] = {}
    for row in rows.synonyms:
        _add_synonyms(synonyms, row)
    frozen_pins = {k: tuple(v) for k, v in pins.items()}
    frozen_synonyms = {k: tuple(v) for k, v in synonyms.items()}
    stamp = str(hash(str((frozen_pins, frozen_synonyms, rows.calibration, rows.weights))))
    return Curation(frozen_pins, frozen_synonyms, rows.calibration, stamp, rows.weights)


def scope_of(row: Pin | SynonymSet) -> Scope:
    """A row's scope."""
    return Scope(row.product, row.versions, row.os)


def _add_synonyms(found: dict[str, list[tuple[Scope, str]]], row: SynonymSet) -> None:
    analysed = [(tuple(analyze_query(term)), term) for term in row.terms]
    for words, term in analysed:
        others = {t for other, text in analysed if text != term for t in analyze(text)}
        found.setdefault(" ".join(words), []).extend((scope_of(row), t) for t in sorted(others - set(words)))
