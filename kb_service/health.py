"""Health for machines, and a request that does nothing (what the edge itself costs)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from kb_service.assembly import Parts
from kb_service.errors import Unavailable
from kb_service.http import CurrentActor, CurrentParts
from kb_service.telemetry import Event, log

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """The state of the process; ``parts`` of what it needs."""

    status: Literal["ok", "degraded"] = "ok"
    parts: dict[str, str] = {}


class Pong(BaseModel):
    """Nothing, answered."""

    pong: bool = True


@router.get("/health/live", summary="Is the process alive?")
def is_live() -> Health:
    """Answers as long as the process can."""
    return Health()


@router.get("/health/ready", summary="Can it answer questions?")
def is_ready(parts: CurrentParts) -> Health:
    """200 when database and index can be read, 200 "degraded" naming the one that cannot; 503 when neither can.

    Without the index the database answers; without the database the index does, for the public, and changes are a 503.
    """
    checks = {"database": _read_database, "index": _read_index}
    states = {name: _state(name, check, parts) for name, check in checks.items()}
    failed = [name for name, state in states.items() if state != "ok"]
    if len(failed) == len(states):
        raise Unavailable(f"Not ready: {', '.join(failed)}.", parts=states, retry_after_seconds=2)
    return Health(status="degraded" if failed else "ok", parts=states)


def _state(name: str, check: Callable[[Parts], None], parts: Parts) -> str:
    try:
        check(parts)
    except Exception as exc:  # noqa: BLE001 - whatever it is, this part is not ready
        log(Event.PART_UNAVAILABLE, level="warning", part=name, error=type(exc).__name__)
        return "unavailable"
    return "ok"


def _read_database(parts: Parts) -> None:
    with parts.database.reading() as session:
        session.execute(text("SELECT 1"))


def _read_index(parts: Parts) -> None:
    parts.engine.snapshot()


@router.get("/v1/ping", summary="Do nothing")
def ping(actor: CurrentActor) -> Pong:
    """Passes everything that a request passes, and does nothing: for measuring the edge."""
    return Pong()
