"""The periodic look at what was asked: new sightings into gaps, gaps opened, closed and opened again.

Invariants: a sighting is kept once, whoever collects and however often; an existing gap is never split nor merged with
another; a question that somebody's answer was taken for only counts where it is a gap's question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexers.embedding.port import Encoder
from kb_service.authoring import gaps_repository as repository
from kb_service.authoring.gaps_clustering import MAX_COMPARED, SAME_NEED, Question, closeness, group
from kb_service.authoring.gaps_models import Gap, GapSighting
from kb_service.authoring.gaps_reading import QueryLogSource
from kb_service.authoring.gaps_rules import CLOSED, OPEN, Seen, judge, label_of
from kb_service.authoring.gaps_sources import TAKEN, GapSource, Sighting
from kb_service.db.base import utcnow
from kb_service.db.jobs import Job
from kb_service.db.session import Database
from kb_service.search.models import SiteState

CURSOR = "authoring.gaps"
EVERY_SECONDS, SETTLE, OVERLAP = 600.0, timedelta(minutes=15), timedelta(minutes=30)
"""``SETTLE``: how long a person has to open an answer; ``OVERLAP``: looked at again, for sources that tell late."""


@dataclass(frozen=True, slots=True)
class Rules:
    """``least``: sessions or customers from which on a gap is shown; ``days``: how long questions are kept."""

    least: int = 3
    days: int = 90
    settle: timedelta = SETTLE


class Collector:
    """Collects from the query log and from what other rooms know."""

    def __init__(self, database: Database, encoder: Encoder, rules: Rules, sources: Sequence[GapSource] = ()) -> None:
        self._database, self._encoder, self._rules = database, encoder, rules
        self._sources = (QueryLogSource(), *sources)

    def job(self) -> Job:
        """The periodic job."""
        return Job("authoring.gaps", EVERY_SECONDS, self.collect, lease_seconds=1800.0)

    def collect(self, until: datetime | None = None) -> str:
        """One cycle; returns a line for the job's record."""
        until = until or utcnow() - self._rules.settle
        with self._database.reading() as session:
            after = _cursor(session, until - timedelta(days=self._rules.days))
            found = [s for source in self._sources for s in source.sightings(session, after - OVERLAP, until)]
            known = repository.known_references(session, [sighting.reference for sighting in found])
        new = [sighting for sighting in found if sighting.reference not in known]
        by_context: dict[tuple[str, str], list[Sighting]] = defaultdict(list)
        for sighting in new:
            by_context[sighting.product, sighting.version].append(sighting)
        kept = sum(
            self._assign((product, version), sightings, until) for (product, version), sightings in by_context.items()
        )
        with self._database.writing() as session:
            repository.forget(session, until - timedelta(days=self._rules.days))
            _set_cursor(session, until)
        return f"read {len(new)} questions, {kept} belong to gaps"

    def _assign(self, named: tuple[str, str], sightings: Sequence[Sighting], until: datetime) -> int:
        left = [sighting for sighting in sightings if sighting.reason != TAKEN]
        taken = [sighting for sighting in sightings if sighting.reason == TAKEN]
        with self._database.reading() as session:
            held = repository.in_context(session, *named, MAX_COMPARED)
        if not held and not left:
            return 0
        vectors = self._encoder.encode_queries([sighting.text for sighting in (*left, *taken)])
        with self._database.writing() as session:
            context = _Context(session, *named, 2 * vectors.shape[1])
            context.add_left(left, vectors[: len(left)])
            kept = len(left) + context.add_taken(taken, vectors[len(left) :])
            context.judge(self._rules.least, until)
        return kept


class _Context:
    """The gaps of one product and version, within one transaction."""

    def __init__(self, session: Session, product: str, version: str, size: int) -> None:
        self._session, self._product, self._version, self._size = session, product, version, size
        self._held = repository.in_context(session, product, version, MAX_COMPARED)
        self._changed: set[int] = set()

    def add_left(self, sightings: Sequence[Sighting], vectors: np.ndarray) -> None:
        """Unanswered questions: each into the gap that it is of, or into a new one."""
        for start in range(0, len(sightings), MAX_COMPARED):
            self._add_batch(sightings[start : start + MAX_COMPARED], vectors[start : start + MAX_COMPARED])

    def _add_batch(self, sightings: Sequence[Sighting], vectors: np.ndarray) -> None:
        questions = [_question(row, self._size) for row, _ in self._held]
        known: list[int | None] = [gap.id for _, gap in self._held]
        questions += [Question.of(s.text, vector, s.offered) for s, vector in zip(sightings, vectors, strict=True)]
        labels = group(closeness(questions), [*known, *([None] * len(sightings))]) if questions else []
        gaps = {gap.id: gap for _, gap in self._held}
        for label, sighting, vector in zip(labels[len(known) :], sightings, vectors, strict=True):
            if label not in gaps:
                gaps[label] = self._new_gap()
            repository.keep(self._session, gaps[label], sighting, vector)
            self._changed.add(gaps[label].id)
        self._session.flush()
        self._held = repository.in_context(self._session, self._product, self._version, MAX_COMPARED)

    def _new_gap(self) -> Gap:
        gap = Gap(product=self._product, product_version=self._version, reasons={})
        self._session.add(gap)
        self._session.flush()
        return gap

    def add_taken(self, sightings: Sequence[Sighting], vectors: np.ndarray) -> int:
        """Answered questions: kept where they are a gap's. Returns how many."""
        if not self._held or not sightings:
            return 0
        questions = [_question(row, self._size) for row, _ in self._held]
        gaps = [gap for _, gap in self._held]
        members: dict[int, list[int]] = defaultdict(list)
        for index, gap in enumerate(gaps):
            members[gap.id].append(index)
        kept = 0
        for start in range(0, len(sightings), 200):
            batch = list(zip(sightings[start : start + 200], vectors[start : start + 200], strict=True))
            near = closeness([*questions, *(Question.of(s.text, v, s.offered) for s, v in batch)])
            means = {gap_id: near[:, rows].mean(axis=1) for gap_id, rows in members.items()}
            for row, (sighting, vector) in enumerate(batch, len(questions)):
                best = max(means, key=lambda gap_id, row=row: float(means[gap_id][row]))  # type: ignore[misc]
                if float(means[best][row]) >= SAME_NEED:
                    repository.keep(self._session, gaps[members[best][0]], sighting, vector)
                    self._changed.add(best)
                    kept += 1
        self._session.flush()
        return kept

    def judge(self, least: int, until: datetime) -> None:
        """The changed gaps' figures, states and names."""
        seen = repository.sightings_of(self._session, self._changed)
        for gap_id, rows in sorted(seen.items()):
            _judge(repository.get_gap(self._session, gap_id, lock=True), rows[-MAX_COMPARED:], least, until)


def _judge(gap: Gap, rows: Sequence[GapSighting], least: int, until: datetime) -> None:
    seen = [Seen(row.asker, row.reason, row.seen_at) for row in rows]
    near = closeness([_question(row, len(rows[0].vector)) for row in rows])
    standing = judge(gap.state, gap.turned_at, seen, near, least)
    if standing.state != gap.state:
        gap.times_reopened += gap.state == CLOSED and standing.state == OPEN
        gap.turned_at = until
    left = [row for row in rows if row.reason != TAKEN]
    gap.state, gap.demand, gap.strength, gap.reasons = (
        standing.state,
        standing.demand,
        standing.strength,
        standing.reasons,
    )
    gap.weight = standing.demand * standing.strength
    gap.label = label_of([row.text for row in left])[:300]
    gap.first_at = left[0].seen_at if left else gap.first_at
    gap.last_at = left[-1].seen_at if left else gap.last_at


def _question(row: GapSighting, size: int) -> Question:
    """As compared; a vector of another width is of a former encoder and says nothing."""
    stored = row.vector if len(row.vector) == size else bytes(size)
    vector = np.frombuffer(stored, dtype=np.float16).astype(np.float32)
    return Question.of(row.text, vector, row.offered)


def _cursor(session: Session, earliest: datetime) -> datetime:
    row = session.get(SiteState, CURSOR)
    return max(datetime.fromisoformat(row.value["until"]), earliest) if row else earliest


def _set_cursor(session: Session, until: datetime) -> None:
    row = session.scalar(select(SiteState).where(SiteState.name == CURSOR))
    if row is None:
        session.add(SiteState(name=CURSOR, value={"until": until.isoformat()}))
    else:
        row.value, row.updated_at = {"until": until.isoformat()}, utcnow()
