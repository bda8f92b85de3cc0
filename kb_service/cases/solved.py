"""The customer's answer to "did this solve it?" under a reply, and what it does. Callers commit.

Invariants: yes solves the case and votes for what was sent; no takes the words, votes against, and reopens; the same
answer again changes nothing; the last word counts.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.articles.feedback import Vote, give_feedback
from kb_service.auth.actors import SYSTEM, Actor
from kb_service.cases import service
from kb_service.cases.lifecycle import ENDED, Status
from kb_service.cases.models import Case, CaseArticle, Interaction, SolvedAnswer
from kb_service.db.base import utcnow
from kb_service.errors import NotFound


def answer_solved(session: Session, case: Case, interaction_id: int, is_solved: bool, words: str, actor: Actor) -> Case:
    """Keep the answer; returns the case that goes on (a late "no" opens one that follows)."""
    asked = session.get(Interaction, interaction_id)
    if asked is None or asked.case_id != case.id or asked.kind != "message":
        raise NotFound("This question is not open any more.")
    row = session.get(SolvedAnswer, interaction_id)
    is_new = row is None or row.is_solved != is_solved or row.words != words
    if row is None:
        row = SolvedAnswer(interaction_id=interaction_id, is_solved=is_solved)
        session.add(row)
    row.is_solved, row.words, row.created_at = is_solved, words, utcnow()
    session.flush()
    if is_new:
        _vote(session, interaction_id, is_solved, words)
        case = _effect(session, case, interaction_id, is_solved, words, actor)
    return case


def _effect(session: Session, case: Case, interaction_id: int, is_solved: bool, words: str, actor: Actor) -> Case:
    if is_solved:
        if Status(case.status) not in ENDED:
            service.set_status(session, case, Status.SOLVED, "the customer said that it is solved", actor)
        return case
    said = words or "It did not solve it."
    digest = hashlib.sha256(said.encode()).hexdigest()[:16]
    message = service.Message(said, "in", "portal", f"not-solved-{interaction_id}-{digest}")
    told, _ = service.tell(session, case, message, actor)
    return session.get_one(Case, told.case_id)


def _vote(session: Session, interaction_id: int, is_solved: bool, words: str) -> None:
    rows = session.scalars(select(CaseArticle).where(CaseArticle.interaction_id == interaction_id)).all()
    for row in rows:
        reason = None if is_solved else "did_not_work"
        vote = Vote(is_solved, row.revision, reason, words or None, row.query_id, f"reply-{interaction_id}")
        give_feedback(session, row.article_id, vote, SYSTEM)


def failed_articles(session: Session, case_id: int) -> frozenset[int]:
    """Articles that were sent in this case and did not solve it."""
    statement = (
        select(CaseArticle.article_id)
        .join(SolvedAnswer, SolvedAnswer.interaction_id == CaseArticle.interaction_id)
        .where(CaseArticle.case_id == case_id, SolvedAnswer.is_solved.is_(False))
    )
    return frozenset(session.scalars(statement))
