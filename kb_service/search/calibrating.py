"""The no-answer floor: what it would do to the questions that were really asked, and setting it.

Invariant: nothing is guessed from the log's old outcomes: the questions are asked again, of today's index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.auth.actors import ANONYMOUS, Actor, Role, actor_for
from kb_service.catalog.context import Context
from kb_service.db.base import utcnow
from kb_service.errors import InvalidInput, KbError
from kb_service.search import evidence
from kb_service.search.evidence import Calibration
from kb_service.search.models import QueryLogRow, SiteState
from kb_service.search.request import SearchRequest
from kb_service.search.service import SearchService
from kb_service.search.understanding import read_text

NAME = "calibration"
DAYS, SAMPLE = 30, 100
HIGHEST = 0.9


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the log, as it was asked."""

    text: str
    context: Context
    role: str

    @classmethod
    def logged(cls, text: str, context: object, role: str) -> Question:
        """From the log's columns."""
        return cls(text, _context(context), role)


@dataclass(frozen=True, slots=True)
class Measured:
    """A question with the probability of an answer. ``is_hopeless``: refused whatever the floor."""

    question: Question
    probability: float
    is_hopeless: bool

    def is_refused(self, floor: float) -> bool:
        """Whether the question gets "no sure answer" at this floor."""
        return self.is_hopeless or self.probability < floor


def recent_questions(session: Session, days: int = DAYS, limit: int = SAMPLE) -> list[Question]:
    """The newest different questions of the query log."""
    statement = (
        select(QueryLogRow.text, QueryLogRow.context, QueryLogRow.role)
        .where(QueryLogRow.created_at > utcnow() - timedelta(days=days))
        .where(QueryLogRow.kind.in_(("search", "answer")), QueryLogRow.text != "")
        .order_by(QueryLogRow.created_at.desc())
        .limit(limit * 10)
    )
    found = (Question.logged(text, context, role) for text, context, role in session.execute(statement))
    return list(dict.fromkeys(found))[:limit]


def _context(logged: object) -> Context:
    stated = logged.get("stated") if isinstance(logged, dict) else None
    axes = stated if isinstance(stated, dict) else {}
    return Context(axes.get("product"), axes.get("version"), axes.get("os"))


def measure(search: SearchService, questions: Sequence[Question]) -> list[Measured]:
    """Every question's probability on today's index, the least certain first; what cannot be asked is left out."""
    found = [measured for question in questions if (measured := _measure(search, question)) is not None]
    return sorted(found, key=lambda measured: measured.probability)


def _measure(search: SearchService, question: Question) -> Measured | None:
    curation = search.curation.current()
    request = SearchRequest(question.text, question.context, actor=reader_of(question.role))
    try:
        found = search.pipeline.run(request, read_text(question.text), search.engine.snapshot(), curation)
    except KbError:
        return None  # a product that is gone since
    known, calibration = found.candidates.evidence, curation.calibration
    is_hopeless = evidence.refusal(known, replace(calibration, floor=0.0)) is not None
    return Measured(question, evidence.probability(known, calibration), is_hopeless)


def reader_of(role: str) -> Actor:
    """Somebody who reads as the role that a question was logged with."""
    return actor_for("calibration", "", Role(role)) if role in set(Role) else ANONYMOUS


def count_refused(measured: Sequence[Measured], floor: float) -> int:
    """How many get "no sure answer" at a floor."""
    return sum(one.is_refused(floor) for one in measured)


def read_floor(text: str) -> float:
    """A floor as people write it. Raises InvalidInput."""
    try:
        floor = float(text.strip().replace(",", "."))
    except ValueError:
        floor = -1.0
    if not 0.0 <= floor <= HIGHEST:
        raise InvalidInput(f"A number from 0 to {HIGHEST}.", "/floor")
    return round(floor, 4)


def calibration_in_force(session: Session) -> Calibration:
    """What is set, else what is shipped."""
    row = session.get(SiteState, NAME)
    return Calibration.from_dict(row.value) if row else Calibration()


def set_floor(session: Session, floor: float) -> float:
    """Set the floor in the caller's transaction, the fitted coefficients as they are; returns the former one."""
    former = calibration_in_force(session)
    row = session.get(SiteState, NAME)
    if row is None:
        row = SiteState(name=NAME, value={})
        session.add(row)
    row.value, row.updated_at = {**row.value, "floor": floor}, utcnow()
    return former.floor
