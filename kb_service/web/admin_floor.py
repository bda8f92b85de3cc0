"""The no-answer floor: its value, what it does to the questions of the last weeks, setting it with an audit row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from kb_service.articles.models import AuditEvent
from kb_service.auth.actors import Scope
from kb_service.errors import InvalidInput
from kb_service.http import WritingSession
from kb_service.search import calibrating
from kb_service.search.calibrating import DAYS, Measured
from kb_service.search.evidence import Calibration
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/admin", include_in_schema=False)
ACTION = "site.no_answer_floor"
STEPS = (0.0, 0.02, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5)
SHOWN, HISTORY = 12, 5


@dataclass(frozen=True, slots=True)
class Step:
    """One floor and what it would refuse."""

    floor: float
    refused: int
    share: int
    note: str


@dataclass(frozen=True, slots=True)
class Row:
    """One question near the floor, or one that changes with it."""

    text: str
    context: str
    probability: str
    becomes: str


@router.get("/calibration")
def read_floor(page: CurrentPage, floor: str = "") -> Response:
    """The floor in force; with ``floor`` also what another one would change."""
    page.actor.require(Scope.SITE_MANAGE)
    try:
        chosen = calibrating.read_floor(floor) if floor.strip() else None
    except InvalidInput:
        return _render(page, None, floor, message("admin.floor_bad"))
    return _render(page, chosen, floor, "")


@router.post("/calibration")
def post_floor(page: CurrentPage, session: WritingSession, floor: Annotated[str, Form()] = "") -> Response:
    """Set the floor; it counts from the next second on."""
    page.actor.require(Scope.SITE_MANAGE)
    try:
        wanted = calibrating.read_floor(floor)
    except InvalidInput:
        return _render(page, None, floor, message("admin.floor_bad"))
    former = calibrating.set_floor(session, wanted)
    detail = {"before": former, "after": wanted}
    session.add(AuditEvent(actor=page.actor.id, action=ACTION, target=calibrating.NAME, detail=detail))
    return RedirectResponse("/admin/calibration?saved=1", 303)


def _render(page: Page, chosen: float | None, typed: str, error: str) -> Response:
    current = calibrating.calibration_in_force(page.session).floor
    page.parts.search.log.flush(3.0)
    with page.parts.database.reading() as session:  # begun behind the flush, so that it sees what was just asked
        questions = calibrating.recent_questions(session)
    measured = calibrating.measure(page.parts.search, questions)
    wanted = current if chosen is None else chosen
    changing = [one for one in measured if one.is_refused(current) != one.is_refused(wanted)]
    near = sorted(measured, key=lambda one: abs(one.probability - current))
    return page.render(
        "admin/floor.html", message("admin.calibration"), 422 if error else 200,
        current=current, default=Calibration().floor, typed=typed or f"{current:g}", error=error, days=DAYS,
        count=len(measured), steps=_steps(measured, current, chosen), chosen=chosen,
        rows=_rows(page, changing if chosen is not None else [m for m in near if not m.is_hopeless], wanted),
        history=_history(page), is_saved="saved" in page.request.query_params,
    )  # fmt: skip


def _steps(measured: list[Measured], current: float, chosen: float | None) -> list[Step]:
    floors = sorted({*STEPS, current, *([] if chosen is None else [chosen])})
    notes = {current: message("admin.floor_in_force")}
    if chosen is not None and chosen != current:
        notes[chosen] = message("admin.floor_chosen")
    counts = [(floor, calibrating.count_refused(measured, floor)) for floor in floors]
    return [Step(f, n, round(100 * n / len(measured)), notes.get(f, "")) for f, n in counts] if measured else []


def _rows(page: Page, measured: list[Measured], floor: float) -> list[Row]:
    return [
        Row(
            one.question.text[:160],
            page.parts.catalog.describe_context(one.question.context),
            f"{one.probability:.3f}",
            message("admin.floor_no_answer" if one.is_refused(floor) else "admin.floor_answered"),
        )
        for one in measured[:SHOWN]
    ]


def _history(page: Page) -> list[str]:
    rows = select(AuditEvent).where(AuditEvent.action == ACTION).order_by(AuditEvent.id.desc()).limit(HISTORY)
    return [
        message(
            "admin.history_line", when=f"{row.created_at:%Y-%m-%d %H:%M}", before=row.detail.get("before"),
            after=row.detail.get("after"), who=row.actor,
        )
        for row in page.session.scalars(rows)
    ]  # fmt: skip
