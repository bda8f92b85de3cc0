"""What a pin or a synonym set would do to the questions that people asked, before it is saved.

Invariants: both sides run through the one path (the pipeline) over the served index; only questions that the change touches are
asked again; a question is shown to nobody who reads less than its asker did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexers.analysis import analyze_query
from kb_service.auth.actors import Actor
from kb_service.db.base import utcnow
from kb_service.errors import KbError
from kb_service.search.calibrating import Question, reader_of, recent_questions
from kb_service.search.curation import Curation, Rows, build, read_rows
from kb_service.search.models import Pin, QueryEvent, QueryLogRow, SynonymSet
from kb_service.search.request import SearchRequest
from kb_service.search.service import SearchService
from kb_service.search.understanding import expand, read_text

DAYS, SCANNED, ASKED, SHOWN = 90, 5_000, 100, 10
PRAISED = ("click", "copied", "helpful", "solved")
"""What somebody does with an answer that is right; with what is merely shown nobody does any of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One question before and after: places of its right article, or None where none is known or shown."""

    question: Question
    verdict: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Effect:
    """``considered`` questions, ``judged`` of them with a right article, and those that change."""

    considered: int
    judged: int
    changes: tuple[Change, ...]

    def count(self, verdict: str) -> int:
        """How many changes are better, worse or merely changed."""
        return sum(change.verdict == verdict for change in self.changes)


def effect(search: SearchService, actor: Actor, new: Pin | SynonymSet | None, replaced: int | None = None) -> Effect:
    """The effect of ``new`` in the place of the row with the id ``replaced`` (of the same kind), dates aside."""
    with search.database.reading() as session:
        rows = read_rows(session, utcnow())
        questions = [q for q in recent_questions(session, DAYS, SCANNED) if _may_see(actor, q)]
        right = judgments(session)
    before, after = build(rows), build(with_row(rows, new, replaced))
    touched = [question for question in questions if _is_touched(question, before, after)]
    # Judged ones first: of them alone it can be said whether they get better.
    touched.sort(key=lambda question: question not in right)
    changes = [_change(search, question, (before, after), right.get(question)) for question in touched[:ASKED]]
    judged = sum(question in right for question in touched[:ASKED])
    return Effect(len(questions), judged, tuple(change for change in changes if change is not None))


def with_row(rows: Rows, new: Pin | SynonymSet | None, replaced: int | None) -> Rows:
    """The rows with one more, or with one in another's place."""
    if isinstance(new, Pin):
        return replace(rows, pins=(*(pin for pin in rows.pins if pin.id != replaced), new))
    kept = tuple(row for row in rows.synonyms if row.id != replaced)
    return replace(rows, synonyms=(*kept, new) if new is not None else kept)


def judgments(session: Session) -> dict[Question, frozenset[int]]:
    """Questions of the last DAYS with the articles that people took for the answer."""
    since = utcnow() - timedelta(days=DAYS)
    statement = (
        select(QueryLogRow.text, QueryLogRow.context, QueryLogRow.role, QueryEvent.article_id)
        .join(QueryEvent, QueryEvent.query_id == QueryLogRow.query_id)
        .where(QueryEvent.created_at > since, QueryEvent.action.in_(PRAISED), QueryEvent.article_id.is_not(None))
        .limit(SCANNED)
    )
    found: dict[Question, set[int]] = {}
    for text, context, role, article in session.execute(statement):
        found.setdefault(Question.logged(text, context, role), set()).add(int(article or 0))
    return {question: frozenset(articles) for question, articles in found.items()}


def _may_see(actor: Actor, question: Question) -> bool:
    return reader_of(question.role).audiences <= actor.audiences


def _is_touched(question: Question, before: Curation, after: Curation) -> bool:
    if before.pinned(question.text, question.context) != after.pinned(question.text, question.context):
        return True
    return _added(question, before) != _added(question, after)


def _added(question: Question, curation: Curation) -> dict[str, float]:
    synonyms = curation.expansions(question.context)
    sequence = analyze_query(question.text[:2000]) if synonyms else []
    return expand(dict.fromkeys(sequence, 1.0), sequence, synonyms)


def _change(
    search: SearchService, question: Question, sides: tuple[Curation, Curation], right: Iterable[int] | None
) -> Change | None:
    try:
        before, after = (_ask(search, question, side) for side in sides)
    except KbError:
        return None  # a product that is gone since
    if right is None:
        return Change(question, "changed", None, None) if before != after else None
    places = _place(before, right), _place(after, right)
    worth = [SHOWN + 1 if place is None else place for place in places]
    if worth[0] == worth[1]:
        return None
    return Change(question, "better" if worth[1] < worth[0] else "worse", *places)


def _ask(search: SearchService, question: Question, curation: Curation) -> list[int]:
    request = SearchRequest(question.text, question.context, actor=reader_of(question.role))
    found = search.pipeline.run(request, read_text(question.text), search.engine.snapshot(), curation)
    return [ranked.candidate.facts.article_id for ranked in found.results[:SHOWN]]


def _place(articles: Sequence[int], right: Iterable[int]) -> int | None:
    return min((articles.index(one) + 1 for one in right if one in articles), default=None)
