"""Pinned answers and approved synonyms, as search reads them: one small view, re-read at most every second."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from indexers.analysis import analyze
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from kb_service.search.evidence import Calibration
from kb_service.search.models import Pin, SiteState, SynonymSet

_REFRESH_SECONDS = 1.0


@dataclass(frozen=True)
class Curation:
    """Pins by folded phrase and synonyms by analysed term, each with the product that it is for (None: all)."""

    pins: Mapping[str, tuple[tuple[str | None, int], ...]]
    synonyms: Mapping[str, tuple[tuple[str | None, str], ...]]
    calibration: Calibration
    stamp: str

    def pinned(self, query: str, product: str | None) -> tuple[int, ...]:
        """Articles pinned for exactly this phrase in this product."""
        return tuple(a for scope, a in self.pins.get(fold(query), ()) if scope is None or scope == product)

    def expansions(self, product: str | None) -> dict[str, tuple[str, ...]]:
        """Analysed term → analysed synonyms valid for the product."""
        chosen = {t: tuple(o for scope, o in others if scope in (None, product)) for t, others in self.synonyms.items()}
        return {term: others for term, others in chosen.items() if others}


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
    pins: dict[str, list[tuple[str | None, int]]] = {}
    in_force = [or_(Pin.starts_at.is_(None), Pin.starts_at <= now), or_(Pin.ends_at.is_(None), Pin.ends_at > now)]
    for pin in session.scalars(select(Pin).where(*in_force).order_by(Pin.id)):
        pins.setdefault(pin.folded, []).append((pin.product, pin.article_id))
    synonyms: dict[str, list[tuple[str | None, str]]] = {}
    valid = [
        or_(SynonymSet.starts_at.is_(None), SynonymSet.starts_at <= now),
        or_(SynonymSet.ends_at.is_(None), SynonymSet.ends_at > now),
    ]
    for row in session.scalars(select(SynonymSet).where(*valid)):
        _add_synonyms(synonyms, row)
    state = session.get(SiteState, "calibration")
    calibration = Calibration.from_dict(state.value) if state else Calibration()
    frozen_pins = {k: tuple(v) for k, v in pins.items()}
    frozen_synonyms = {k: tuple(v) for k, v in synonyms.items()}
    return Curation(
        frozen_pins, frozen_synonyms, calibration, str(hash(str((frozen_pins, frozen_synonyms, calibration))))
    )


def _add_synonyms(found: dict[str, list[tuple[str | None, str]]], row: SynonymSet) -> None:
    analysed = [tuple(analyze(term)) for term in row.terms]
    for words in analysed:
        if len(words) != 1:
            continue
        others = {t for other in analysed if other != words for t in other}
        found.setdefault(words[0], []).extend((row.product, t) for t in sorted(others))
