"""Measures over HTTP: /v1/measures. An agent sees her own; leads see teams; nobody sees a list of agents."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy.orm import Session

from kb_service.articles.models import AuditEvent
from kb_service.auth.actors import Actor, Role, Scope
from kb_service.cases import repository
from kb_service.db.base import utcnow
from kb_service.errors import InvalidInput, NotAllowed
from kb_service.http import CurrentActor, CurrentParts, ReadingSession, WritingSession
from kb_service.measures import rules
from kb_service.measures.models import LinkJudgement
from kb_service.measures.reading import Asked, read_sessions, read_solved, week_of

router = APIRouter(prefix="/v1/measures", tags=["measures"])
DAYS = timedelta(days=30)
Week = Annotated[str, Query(pattern=r"^\d{4}-W\d{2}$", description="An ISO week: 2026-W48.")]


class MeasureOut(BaseModel):
    """One number with its definition and the cases behind it. ``open``: cases of which it cannot be known yet."""

    name: str
    definition: str
    unit: str
    value: float | None
    count: int
    parts: dict[str, float]
    cases: list[str]
    open: int


class MeasuresOut(BaseModel):
    """The measures of the cases asked for. ``of``: own (one's own cases) or team."""

    of: Literal["own", "team"]
    since: AwareDatetime
    until: AwareDatetime
    measures: list[MeasureOut]


class SampledCase(BaseModel):
    """A case for a coach to look at."""

    case: str
    subject: str
    articles: list[int]
    verdict: str


class SampleOut(BaseModel):
    """A week's sample of a team."""

    week: str
    items: list[SampledCase]


class VerdictIn(BaseModel):
    """What the coach says of a case's articles."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["right", "wrong", "should_have_had_one"]


@router.get("", response_model=MeasuresOut)
def get_measures(
    session: ReadingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    queue: Annotated[str | None, Query(max_length=60)] = None,
    topic: Annotated[str | None, Query(max_length=200)] = None,
    product: Annotated[str | None, Query(max_length=200)] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> MeasuresOut:
    """How customers were served, in cases solved in a time (30 days unless said otherwise)."""
    actor.require(Scope.CASES_READ)
    ends = until or utcnow()
    asked = Asked(
        since=since or ends - DAYS,
        until=ends,
        queue=queue,
        topic=parts.catalog.resolve_topic(topic, "/topic") if topic else None,
        product=parts.catalog.resolve_product(product) if product else None,
        assignee_id=None if is_lead(actor) else number_of(actor),
    )
    return measures_of(session, asked, actor)


def measures_of(session: Session, asked: Asked, actor: Actor) -> MeasuresOut:
    """The measures as they are shown."""
    found = rules.measure(read_solved(session, asked, actor), utcnow())
    if is_lead(actor) and not (asked.queue or asked.topic or asked.product):
        found.append(rules.self_service(read_sessions(session, asked.since, asked.until)))
    return MeasuresOut(
        of="team" if is_lead(actor) else "own",
        since=asked.since,
        until=asked.until,
        measures=[MeasureOut(**asdict(measure)) for measure in found],
    )


@router.get("/sample", response_model=SampleOut)
def get_sample(
    session: ReadingSession, actor: CurrentActor, week: Week, queue: Annotated[str | None, Query(max_length=60)] = None
) -> SampleOut:
    """Twenty solved cases of a team's week, at random and the same for every coach."""
    require_lead(actor)
    try:
        since, until = week_of(week)
    except ValueError:
        raise InvalidInput("There is no such week.", "/week") from None
    solved = {case.number: case for case in read_solved(session, Asked(since, until, queue), actor)}
    chosen = [solved[number] for number in rules.sample(solved, week)]
    return SampleOut(
        week=week,
        items=[
            SampledCase(case=case.number, subject=case.subject, articles=sorted(case.articles), verdict=case.verdict)
            for case in chosen
        ],
    )


@router.put("/sample/{reference}", status_code=204)
def put_verdict(
    reference: Annotated[str, Path(max_length=20)], body: VerdictIn, session: WritingSession, actor: CurrentActor
) -> None:
    """Say whether the case's article was right, wrong, or missing."""
    require_lead(actor)
    case = repository.find_case(session, reference, actor)
    session.merge(LinkJudgement(case_id=case.id, verdict=body.verdict, judged_by=actor.id, judged_at=utcnow()))
    session.add(
        AuditEvent(actor=actor.id, action="measures.judged", target=case.number, detail={"verdict": body.verdict})
    )


def is_lead(actor: Actor) -> bool:
    """Whether this actor looks at teams."""
    return actor.role in (Role.LEAD, Role.ADMIN)


def require_lead(actor: Actor) -> None:
    """Raise unless this actor coaches."""
    actor.require(Scope.CASES_READ)
    if not is_lead(actor):
        raise NotAllowed("Samples are judged by leads.")


def number_of(actor: Actor) -> int:
    """One's number as an assignee; 0, which nobody is, for a key."""
    kind, _, number = actor.id.partition(":")
    return int(number) if kind == "user" and number.isdigit() else 0
