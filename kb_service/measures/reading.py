"""Reads what the measures look at: solved cases of a team, a topic, an agent, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Text, and_, cast, or_, select, true
from sqlalchemy.orm import Session

from kb_service.articles.models import Article, AuditEvent
from kb_service.auth.actors import Actor
from kb_service.cases.models import Case, CaseArticle, Interaction, Queue
from kb_service.cases.repository import visible
from kb_service.measures.models import LinkJudgement
from kb_service.measures.rules import QUIET_DAYS, Contact, Solved
from kb_service.search.models import QueryEvent, QueryLogRow

MOST = 5000
PLACES = {"new": "with_us", "open": "with_us", "waiting_customer": "for_customer", "waiting_others": "for_others"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose cases: of a queue, of a topic of their articles, of one agent; solved between two moments."""

    since: datetime
    until: datetime
    queue: str | None = None
    topic: str | None = None
    product: str | None = None
    assignee_id: int | None = None


def read_solved(session: Session, asked: Asked, actor: Actor) -> list[Solved]:
    """The solved cases that this actor may see, at most MOST, the newest first."""
    statement = (
        select(Case)
        .where(
            visible(session, actor), Case.status.in_(["solved", "closed"]), Case.merged_into_id.is_(None), _asked(asked)
        )
        .order_by(Case.ended_at.desc())
        .limit(MOST)
    )
    cases = session.scalars(statement).all()
    ids = [case.id for case in cases]
    uses, created = _uses(session, ids)
    told = _messages(session, ids)
    moves, changes = _audits(session, [case.number for case in cases])
    contacts = _other_contacts(session, cases)
    judged = select(LinkJudgement.case_id, LinkJudgement.verdict).where(LinkJudgement.case_id.in_(ids))
    verdicts = {row.case_id: row.verdict for row in session.execute(judged)}
    return [
        _solved(case, uses[case.id], created, told[case.id], moves[case.number], changes[case.number], contacts[case.id],
                verdicts.get(case.id, ""))
        for case in cases
        if case.ended_at is not None
    ]  # fmt: skip


def _asked(asked: Asked) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [Case.ended_at >= asked.since, Case.ended_at < asked.until]
    if asked.queue:
        conditions.append(Case.queue_id.in_(select(Queue.id).where(Queue.slug == asked.queue)))
    if asked.product:
        conditions.append(Case.product == asked.product)
    if asked.assignee_id is not None:
        conditions.append(Case.assignee_id == asked.assignee_id)
    if asked.topic:
        topics = cast(Article.topics, Text)
        about = or_(
            topics.contains(f'"{asked.topic}"', autoescape=True), topics.contains(f'"{asked.topic}/', autoescape=True)
        )
        used = select(CaseArticle.case_id).join(Article, Article.id == CaseArticle.article_id).where(about)
        conditions.append(Case.id.in_(used))
    return and_(true(), *conditions)


def _solved(
    case: Case, uses: frozenset[int], created: dict[int, datetime], told: list[Interaction],
    moves: list[AuditEvent], changes: int, contacts: list[Contact], verdict: str,
) -> Solved:  # fmt: skip
    assert case.ended_at is not None
    ended = next((row.created_at for row in reversed(moves) if row.detail.get("after") == "solved"), case.ended_at)
    mine = [Contact(row.created_at, case.subject, uses, is_same_case=True) for row in told if row.direction == "in"]
    return Solved(
        number=case.number,
        subject=case.subject,
        opened_at=case.created_at,
        solved_at=_first_end(moves, ended),
        replies=sum(row.direction == "out" and row.created_at <= ended for row in told),
        handovers=max(0, changes - 1),
        waited=_waited(case.created_at, ended, moves),
        articles=uses,
        new_articles=frozenset(article for article in uses if created[article] > case.created_at),
        contacts=(*mine, *contacts),
        verdict=verdict,
    )


def _first_end(moves: list[AuditEvent], otherwise: datetime) -> datetime:
    """The first time that it was said to be solved: a case that came back was not."""
    return next((row.created_at for row in moves if row.detail.get("after") in ("solved", "closed")), otherwise)


def _waited(opened: datetime, ended: datetime, moves: list[AuditEvent]) -> dict[str, float]:
    waited: dict[str, float] = defaultdict(float)
    at, status = opened, "new"
    for row in [*moves, None]:
        until = min(row.created_at, ended) if row else ended
        if status in PLACES and until > at:
            waited[PLACES[status]] += (until - at).total_seconds() / 3600
        if row:
            at, status = until, str(row.detail.get("after"))
    return dict(waited)


def _uses(session: Session, ids: Sequence[int]) -> tuple[dict[int, frozenset[int]], dict[int, datetime]]:
    statement = select(CaseArticle.case_id, Article.id, Article.created_at).join(
        Article, Article.id == CaseArticle.article_id
    )
    found: dict[int, set[int]] = defaultdict(set)
    created: dict[int, datetime] = {}
    for case, article, moment in session.execute(statement.where(CaseArticle.case_id.in_(ids))):
        found[case].add(article)
        created[article] = moment
    return defaultdict(frozenset, {case: frozenset(articles) for case, articles in found.items()}), created


def _messages(session: Session, ids: Sequence[int]) -> dict[int, list[Interaction]]:
    found: dict[int, list[Interaction]] = defaultdict(list)
    statement = (
        select(Interaction).where(Interaction.case_id.in_(ids), Interaction.kind == "message").order_by(Interaction.id)
    )
    for row in session.scalars(statement):
        found[row.case_id].append(row)
    return found


def _audits(session: Session, numbers: Sequence[str]) -> tuple[dict[str, list[AuditEvent]], dict[str, int]]:
    moves: dict[str, list[AuditEvent]] = defaultdict(list)
    changes: dict[str, int] = defaultdict(int)
    wanted = AuditEvent.target.in_(numbers), AuditEvent.action.in_(["case.moved", "case.changed"])
    for row in session.scalars(select(AuditEvent).where(*wanted).order_by(AuditEvent.id)):
        if row.action == "case.moved":
            moves[row.target].append(row)
        elif {"assignee_id", "queue"} & set(row.detail.get("fields", ())):
            changes[row.target] += 1
    return moves, changes


def _other_contacts(session: Session, cases: Sequence[Case]) -> dict[int, list[Contact]]:
    customers = {case.customer_id for case in cases if case.customer_id}
    others = session.scalars(select(Case).where(Case.customer_id.in_(customers))).all()
    uses, _ = _uses(session, [case.id for case in others])
    found: dict[int, list[Contact]] = defaultdict(list)
    for case in cases:
        if case.ended_at is None or case.customer_id is None:
            continue
        latest = case.ended_at + QUIET_DAYS
        found[case.id] = [
            Contact(other.created_at, other.subject, uses[other.id], is_same_case=other.follows_id == case.id)
            for other in others
            if other.customer_id == case.customer_id
            and other.id != case.id
            and case.created_at < other.created_at <= latest
        ]
    return found


def read_sessions(session: Session, since: datetime, until: datetime) -> list[frozenset[str]]:
    """What was done in each session of the portal that asked something."""
    asked = select(QueryLogRow.session_id).where(
        QueryLogRow.session_id.is_not(None), QueryLogRow.channel == "portal", QueryLogRow.created_at >= since,
        QueryLogRow.created_at < until,
    ).distinct().limit(MOST * 4)  # fmt: skip
    actions: dict[str, set[str]] = {name: set() for name in session.scalars(asked) if name}
    events = select(QueryEvent.session_id, QueryEvent.action).where(
        QueryEvent.created_at >= since, QueryEvent.created_at < until
    )
    for name, action in session.execute(events):
        if name in actions:
            actions[name].add(action)
    return [frozenset(done) for done in actions.values()]


def week_of(text: str) -> tuple[datetime, datetime]:
    """The bounds of an ISO week, 2026-W48. Raises ValueError."""
    begins = datetime.strptime(f"{text}-1", "%G-W%V-%u").replace(tzinfo=UTC)
    return begins, begins + timedelta(days=7)
