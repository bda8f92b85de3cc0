"""Cases as the API and the pages show them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.auth.actors import Actor, Scope
from kb_service.cases import repository
from kb_service.cases.files import files_of, formatted_ones
from kb_service.cases.models import Case, Interaction, PortalSession, SessionEvent
from kb_service.cases.schemas import ArticleUseOut, CaseOut, CaseSummary, FileOut, InteractionOut, StoryStep


def view_case(session: Session, case: Case, actor: Actor) -> CaseOut:
    """A case with its thread; what is internal only for agents."""
    is_agent = actor.may(Scope.CASES_READ)
    thread = repository.list_interactions(session, case.id, with_notes=is_agent)
    articles = repository.list_case_articles(session, case.id) if is_agent else []
    states = repository.mail_states(session, case.id) if is_agent else {}
    base = CaseSummary.model_validate(case).model_dump()
    if not is_agent:
        base.update(assignee_id=None, tags=[], category="", reason="", queue_id=0)
    return CaseOut(
        **base,
        description=case.description,
        fields=dict(case.fields) if is_agent else {},
        merged_into=f"C-{case.merged_into_id:06d}" if case.merged_into_id else None,
        follows=f"C-{case.follows_id:06d}" if case.follows_id else None,
        preferred=dict(case.preferred or {}) if is_agent else {},
        interactions=view_thread(session, thread, states),
        articles=[ArticleUseOut.model_validate(row) for row in articles],
        session=story(session, case.id) if is_agent else [],
    )


def view_thread(session: Session, thread: list[Interaction], states: dict[int, str]) -> list[InteractionOut]:
    """The thread with its files, and how far its mails are."""
    ids = [row.id for row in thread]
    came_along, formatted = files_of(session, ids), formatted_ones(session, ids)
    return [
        InteractionOut.model_validate(row).model_copy(
            update={
                "mail_state": states.get(row.id),
                "files": [FileOut.model_validate(file) for file in came_along.get(row.id, [])],
                "is_formatted": row.id in formatted and row.kind == "message",
            }
        )
        for row in thread
    ]


def story(session: Session, case_id: int) -> list[StoryStep]:
    """The session that came along, step by step."""
    statement = (
        select(SessionEvent)
        .join(PortalSession, PortalSession.id == SessionEvent.portal_session_id)
        .where(PortalSession.case_id == case_id)
        .order_by(SessionEvent.happened_at, SessionEvent.id)
    )
    return [
        StoryStep(
            kind=row.kind,
            text=row.text,
            article_id=row.article_id,
            dwell_seconds=row.dwell_seconds,
            happened_at=row.happened_at,
        )
        for row in session.scalars(statement)
    ]
