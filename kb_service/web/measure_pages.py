"""The measures' page: each number with its definition and the cases behind it; for leads the week's sample to judge."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from kb_service.auth.actors import Scope
from kb_service.cases.models import Queue
from kb_service.db.base import utcnow
from kb_service.http import WritingSession
from kb_service.measures import endpoints
from kb_service.measures.reading import Asked
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage

router = APIRouter(prefix="/measures", include_in_schema=False)


@router.get("")
def read_measures(page: CurrentPage, queue: str = "") -> Response:
    """The measures of thirty days."""
    page.actor.require(Scope.CASES_READ)
    is_lead = endpoints.is_lead(page.actor)
    until = utcnow()
    product = page.state.product if page.parts.catalog.product(page.state.product) else None
    own = None if is_lead else endpoints.number_of(page.actor)
    asked = Asked(until - endpoints.DAYS, until, queue[:60] or None, None, product, own)
    found = endpoints.measures_of(page.session, asked, page.actor)
    week = f"{until:%G-W%V}"
    sample = endpoints.get_sample(page.session, page.actor, week, asked.queue).items if is_lead else []
    queues = page.session.query(Queue).order_by(Queue.name).all() if is_lead else []
    return page.render(
        "measures.html", message("measures.title"), found=found, queues=queues, queue=queue, product=product or "",
        sample=sample, is_lead=is_lead, shown=shown, part=_part,
    )  # fmt: skip


def shown(unit: str, value: float | None) -> str:
    """A value for people."""
    if value is None:
        return message("measures.nothing")
    return f"{value:.0%}" if unit == "share" else message(f"measures.unit_{unit}", n=f"{value:.1f}")


def _part(unit: str, name: str, value: float) -> str:
    is_count = (unit == "share" and value > 1) or name in (
        "new",
        "known",
        "none",
        "right",
        "wrong",
        "should_have_had_one",
    )
    words = f"{value:.0f}" if is_count else shown(unit, value)
    return f"{message(f'measures.part_{name}')}: {words}"


@router.post("/{reference}")
def post_verdict(
    page: CurrentPage, session: WritingSession, reference: str, verdict: Annotated[str, Form()] = ""
) -> Response:
    """A coach's word on one case."""
    body = endpoints.VerdictIn.model_validate({"verdict": verdict if verdict in VERDICTS else "right"})
    endpoints.put_verdict(reference, body, session, page.actor)
    return RedirectResponse("/measures#sample", 303)


VERDICTS = ("right", "wrong", "should_have_had_one")
